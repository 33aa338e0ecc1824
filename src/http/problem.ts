import type { AppError } from '../kernel/app-error.js';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** A problem document (RFC 9457) as this product answers it. */
export interface Problem {
  /** `urn:countersign:error:<code>`: an identifier, not an address. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  /** Path of the request, without its query. */
  readonly instance: string;
  readonly code: string;
  readonly requestId: string;
  readonly errors?: readonly { path: string; message: string }[];
}

/** The problem document of an error that met a request. */
export function problemOf(error: AppError, request: { url: string; id: string }): Problem {
  return {
    // First, so that no member can take the place of a standard one.
    ...error.members,
    type: `urn:countersign:error:${error.code}`,
    title: error.title,
    status: error.status,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    instance: pathOf(request.url),
    code: error.code,
    requestId: request.id,
    ...(error.errors === undefined ? {} : { errors: error.errors }),
  };
}

/** The path of a request target, without the query. */
export function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? url;
}
