import { v5, v7, validate, version } from 'uuid';

/** A new UUIDv7 (RFC 9562): time-ordered, so that index pages fill from the right. */
export function newId(): string {
  return v7();
}

/** An id that follows from another and a name (UUIDv5): the same for whoever asks. */
export function derivedId(id: string, name: string): string {
  return v5(name, id);
}

/** Whether a text is a UUID of the kind {@link newId} makes. */
export function isId(text: string): boolean {
  return validate(text) && version(text) === 7;
}

/** The smallest id of a millisecond (since 1970; what lies outside of ids is moved to their edge). */
export function firstIdAt(timeMs: number): string {
  return `${timePartOf(timeMs)}-7000-8000-000000000000`;
}

/** The greatest id of a millisecond. */
export function lastIdAt(timeMs: number): string {
  return `${timePartOf(timeMs)}-7fff-bfff-ffffffffffff`;
}

const GREATEST_TIME_MS = 2 ** 48 - 1;

function timePartOf(timeMs: number): string {
  const whole = Math.min(Math.max(Math.floor(timeMs), 0), GREATEST_TIME_MS);
  const digits = whole.toString(16).padStart(12, '0');
  return `${digits.slice(0, 8)}-${digits.slice(8)}`;
}
