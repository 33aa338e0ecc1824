import { redactJson } from '../compliance/privacy/redaction.js';

/** Ids that join a line to others: kept as they are while they look like ids. */
const ID_KEYS = new Set([
  'requestId',
  'runId',
  'workflowId',
  'sessionId',
  'tenantId',
  'principalId',
  'traceId',
  'spanId',
]);
/** Written by the logger itself. */
const OWN_KEYS = new Set(['level', 'time', 'pid', 'service', 'version', 'component']);

const ID = /^[A-Za-z0-9._-]{8,128}$/;
const PLAIN = /^[A-Za-z0-9 ._:-]{1,128}$/;

/**
 * Masks personal data and secrets in one line of the log. It stands at the end of the pipe, after message,
 * objects, errors and child bindings have become one text, so that nothing finds a way around it; it parses
 * first, because a pattern laid over raw JSON would see `\nbob@…` and eat the escape.
 */
export function maskLine(line: string): string {
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    // Never seen from pino; a line that cannot be checked must not pass.
    return `{"level":"error","time":"${new Date().toISOString()}","msg":"a log line could not be masked and was dropped"}\n`;
  }
  // Written anew even when nothing is masked: of a field that stands twice in the line, only one was looked at.
  return `${JSON.stringify(redactJson(record, isKept))}\n`;
}

/** A key alone earns no trust: an address logged as `requestId` is masked like any other. */
function isKept(key: string, value: unknown): boolean {
  if (OWN_KEYS.has(key)) return typeof value === 'number' || (typeof value === 'string' && PLAIN.test(value));
  return ID_KEYS.has(key) && typeof value === 'string' && ID.test(value);
}
