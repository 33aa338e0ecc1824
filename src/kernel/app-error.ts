import { ERROR_CATALOGUE, type ErrorCode } from './error-catalogue.js';

/** One fault of one field; `path` is dotted (`input.recipients.3.email`), `message` never repeats the value. */
export interface FieldError {
  readonly path: string;
  readonly message: string;
}

export interface AppErrorOptions {
  /** Public text for this occurrence. Never personal data, never a secret. */
  readonly detail?: string;
  /** Field faults of a validation. */
  readonly errors?: readonly FieldError[];
  /** Further public members of the problem document, such as `violations`. */
  readonly members?: Readonly<Record<string, unknown>>;
  /** Response headers that belong to the error, such as `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What was caught; logged, never answered. */
  readonly cause?: unknown;
}

/** The one error type the product throws on purpose: a code of the catalogue and what may be said in public. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;
  readonly errors: readonly FieldError[] | undefined;
  readonly members: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    const { status, title } = ERROR_CATALOGUE[code];
    super(options.detail ?? title, { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.status = status;
    this.title = title;
    this.detail = options.detail;
    this.errors = options.errors;
    this.members = options.members ?? {};
    this.headers = options.headers ?? {};
  }
}
