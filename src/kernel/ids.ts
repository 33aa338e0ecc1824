import { randomFillSync } from 'node:crypto';
import { v5, v7, validate, version } from 'uuid';

/** A new UUIDv7 (RFC 9562): time-ordered, so that index pages fill from the right. Later ids of a process are greater. */
export function newId(): string {
  const random = nextRandom();
  const now = Date.now();
  if (now > lastMs) {
    lastMs = now;
    // Half of the counter's range stays free for the ids that follow in this millisecond.
    counter = ((random[6] as number) << 23) | ((random[7] as number) << 15) | ((random[8] as number) << 7);
  } else {
    counter += 1;
  }
  return v7({ random, msecs: lastMs, seq: counter });
}

let lastMs = 0;
let counter = 0;

const RANDOM_BYTES = 16;
/** Randomness for many ids at once: asking for it costs more than what comes. */
const randomness = Buffer.alloc(RANDOM_BYTES * 256);
let used = randomness.length;

/** Sixteen random bytes, each used once. */
function nextRandom(): Uint8Array {
  if (used === randomness.length) {
    randomFillSync(randomness);
    used = 0;
  }
  return randomness.subarray(used, (used += RANDOM_BYTES));
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
