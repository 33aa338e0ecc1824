/**
 * The queue stores what a handler throws, with every property: of a database fault that is the offending row. Only
 * the kind of fault goes there; the rest stands in the log, masked.
 */
export function storableFault(error: unknown): Error {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown };
  const kind = typeof name === 'string' ? name : 'unknown fault';
  const fault = new Error(typeof code === 'string' ? `${kind} ${code}` : kind);
  fault.stack = undefined;
  return fault;
}
