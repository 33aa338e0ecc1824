import type { FastifyInstance } from 'fastify';
import { AppError } from '../kernel/app-error.js';
import { isStorable } from '../kernel/storable.js';

/** Refuses requests whose text no column can hold, before a statement fails on it with the text in its fault. */
export function refuseUnstorableRequests(server: FastifyInstance): void {
  server.addHook('preValidation', (request, _reply, done) => {
    const { body, query, params } = request;
    if (isStorable([body, query, params])) return done();
    const message = 'contains U+0000 or text that is not well-formed Unicode';
    done(new AppError('VALIDATION_FAILED', { errors: [{ path: '', message }] }));
  });
}
