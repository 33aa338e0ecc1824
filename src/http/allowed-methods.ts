import type { FastifyInstance, RouteOptions } from 'fastify';
import { AppError } from '../kernel/app-error.js';

/**
 * Answers 405 with `Allow` where a path is known and the method is not; the router by itself knows 404 only. To be called
 * before the routes are registered.
 */
export function refuseOtherMethods(server: FastifyInstance): void {
  const routes: { readonly path: RegExp; readonly methods: readonly string[] }[] = [];
  server.addHook('onRoute', ({ url, method }: RouteOptions) => {
    // What takes every path (the answers to CORS preflights) says nothing about one.
    if (/^\/?\*$/.test(url)) return;
    routes.push({ path: patternOf(url), methods: [method].flat() });
  });
  server.addHook('onRequest', (request, _reply, done) => {
    if (!request.is404) return done();
    const path = request.url.split('?', 1)[0] ?? '';
    const methods = new Set(
      routes.filter((route) => route.path.test(path)).flatMap((route) => route.methods),
    );
    if (methods.size === 0) return done();
    done(new AppError('METHOD_NOT_ALLOWED', { headers: { allow: [...methods].toSorted().join(', ') } }));
  });
}

/** A route of the router as a regular expression: `:name` is one segment, `*` the rest. */
function patternOf(url: string): RegExp {
  const parts = url.split('/').map((part) => {
    if (part.startsWith(':')) return '[^/]+';
    return part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  });
  return new RegExp(`^${parts.join('/')}$`);
}
