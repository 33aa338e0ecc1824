import { HttpException } from '@nestjs/common';
import { AppError } from '../kernel/app-error.js';
import type { ErrorCode } from '../kernel/error-catalogue.js';

/** Codes of the server, its parser and the rules in the database that say more than their status. */
const CODE_OF_FAULT: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'MALFORMED_JSON',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'MALFORMED_JSON',
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  // The database found a change without its record, and took nothing of it.
  CS003: 'AUDIT_UNAVAILABLE',
};

const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'VALIDATION_FAILED',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'ROUTE_NOT_FOUND',
  405: 'METHOD_NOT_ALLOWED',
  406: 'NOT_ACCEPTABLE',
  413: 'BODY_TOO_LARGE',
  414: 'VALIDATION_FAILED',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'RATE_LIMITED',
  503: 'SERVICE_UNAVAILABLE',
};

/** Codes of sockets and of Postgres that mean: it is not there, or not for us now. */
const DATABASE_GONE = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EPIPE',
  'EHOSTUNREACH',
  '53300', // too many connections
  '57014', // statement timeout
  '57P01', // shut down by an administrator
  '57P02', // crashed
  '57P03', // starting up or shutting down
]);

/** Faults of the driver that carry no code. */
const CONNECTION_LOST =
  /^(?:Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect)/;

/** Any thrown value as the one error type, with nothing in public that its author did not mean for it. */
export function appErrorOf(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  const fault = faultOf(thrown);
  const known = fault.code === undefined ? undefined : CODE_OF_FAULT[fault.code];
  if (known) return new AppError(known, { cause: thrown });
  if (fault.isSyntaxError) return new AppError('MALFORMED_JSON', { cause: thrown });
  if (fault.status !== undefined && fault.status !== 500) {
    const code = CODE_OF_STATUS[fault.status] ?? (fault.status < 500 ? 'VALIDATION_FAILED' : 'INTERNAL');
    return new AppError(code, { cause: thrown });
  }
  if (isDatabaseGone(thrown, fault.code)) return new AppError('DATABASE_UNAVAILABLE', { cause: thrown });
  return new AppError('INTERNAL', { cause: thrown });
}

interface Fault {
  readonly code: string | undefined;
  readonly status: number | undefined;
  /** A body the JSON parser refused, as distinct from a bug of ours that throws a SyntaxError. */
  readonly isSyntaxError: boolean;
}

function faultOf(thrown: unknown): Fault {
  const cause = thrown instanceof HttpException && thrown.cause ? thrown.cause : thrown;
  const { code, statusCode } = (cause ?? {}) as { code?: unknown; statusCode?: unknown };
  const status = thrown instanceof HttpException ? thrown.getStatus() : statusCode;
  return {
    code: typeof code === 'string' ? code : undefined,
    status: typeof status === 'number' ? status : undefined,
    isSyntaxError: cause instanceof SyntaxError && status === 400,
  };
}

function isDatabaseGone(thrown: unknown, code: string | undefined): boolean {
  if (code !== undefined) return DATABASE_GONE.has(code) || code.startsWith('08');
  return thrown instanceof Error && CONNECTION_LOST.test(thrown.message);
}
