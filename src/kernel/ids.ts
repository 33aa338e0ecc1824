import { v7, validate, version } from 'uuid';

/** A new UUIDv7 (RFC 9562): time-ordered, so that index pages fill from the right. */
export function newId(): string {
  return v7();
}

/** Whether a text is a UUID of the kind {@link newId} makes. */
export function isId(text: string): boolean {
  return validate(text) && version(text) === 7;
}
