import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../kernel/app-error.js';

/** What may be larger than memory and is read as it comes in. */
export const STREAMED_MEDIA_TYPES = ['application/x-ndjson', 'text/csv'] as const;

/** Marks a route that reads {@link STREAMED_MEDIA_TYPES} itself, from `request.raw`, in place of a parsed body. */
export const StreamedBody = (): MethodDecorator & ClassDecorator => RouteConfig({ streamedBody: true });

/** Leaves bodies of these types unread on routes that ask for it; anywhere else nobody understands them. */
export function acceptStreams(server: FastifyInstance): void {
  server.addContentTypeParser([...STREAMED_MEDIA_TYPES], (request, _payload, done) => {
    const { streamedBody } = request.routeOptions.config as { streamedBody?: boolean };
    if (streamedBody) done(null, undefined);
    else done(new AppError('UNSUPPORTED_MEDIA_TYPE'));
  });
}
