/** A log that must not go on: what is stored does not agree with what was signed. An operator has to look. */
export class LogStopped extends Error {
  override readonly name = 'LogStopped';
}
