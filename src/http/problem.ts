import { redactText } from '../compliance/privacy/redaction.js';
import type { AppError, FieldError } from '../kernel/app-error.js';

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** A problem document (RFC 9457) as this product answers it. */
export interface Problem {
  /** `urn:countersign:error:<code>`: an identifier, not an address. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  /** Path of the request, without its query and with personal data masked. */
  readonly instance: string;
  readonly code: string;
  readonly requestId: string;
  readonly errors?: readonly { path: string; message: string }[];
}

/**
 * The problem document of an error that met a request. Clients log what they are answered, so personal data that a
 * caller put into a path or the name of a field is not said back.
 */
export function problemOf(error: AppError, request: { url: string; id: string }): Problem {
  return {
    // First, so that no member can take the place of a standard one.
    ...error.members,
    type: `urn:countersign:error:${error.code}`,
    title: error.title,
    status: error.status,
    ...(error.detail === undefined ? {} : { detail: redactText(error.detail) }),
    instance: redactPath(pathOf(request.url)),
    code: error.code,
    requestId: request.id,
    ...(error.errors === undefined ? {} : { errors: error.errors.map(redactFieldError) }),
  };
}

/** The path of a request target, without the query. */
function pathOf(url: string): string {
  return url.split('?', 1)[0] ?? url;
}

function redactFieldError({ path, message }: FieldError): FieldError {
  return { path: redactText(path), message: redactText(message) };
}

/** Masks the parts of a path that hold personal data, or text of which nobody can tell: routes and ids are plain. */
function redactPath(path: string): string {
  return path.split('/').map(redactSegment).join('/');
}

function redactSegment(segment: string): string {
  const text = decodedOf(segment);
  const masked = redactText(text);
  if (masked !== text) return encodeURIComponent(masked);
  return segment.includes('%') ? encodeURIComponent('[TEXT]') : segment;
}

function decodedOf(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // Not well-formed: looked at as it stands.
    return segment;
  }
}
