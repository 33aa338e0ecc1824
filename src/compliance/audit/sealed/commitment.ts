import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { canonicalJson, type JsonValue } from '../../../kernel/canonical-json.js';

const SALT_BYTES = 32;

/** A personal value of an event: where it belongs in the event, whose it is, and what it is. */
export interface PersonalField {
  /** JSON pointer into the event, such as `/subject`. */
  readonly path: string;
  readonly subjectRef: string;
  readonly value: JsonValue;
}

/** What of a personal value stands in the leaf. */
export interface Commitment {
  readonly f: string;
  readonly s: string;
  readonly c: string;
}

/** A value with what opens its commitment. */
export interface Opening {
  readonly salt: Buffer;
  /** RFC 8785. */
  readonly plain: Buffer;
}

/** Commits to a value: the leaf says nothing of it, and no other value can be put in its place later. */
export function commitTo({ path, subjectRef, value }: PersonalField): {
  readonly commitment: Commitment;
  readonly opening: Opening;
} {
  const opening = { salt: randomBytes(SALT_BYTES), plain: Buffer.from(canonicalJson(value), 'utf8') };
  return { commitment: { f: path, s: subjectRef, c: digestOf(path, opening).toString('hex') }, opening };
}

/** Whether a value is the one that was committed to. */
export function opens({ f: path, c }: Commitment, opening: Opening): boolean {
  const committed = Buffer.from(c, 'hex');
  const actual = digestOf(path, opening);
  return committed.length === actual.length && timingSafeEqual(committed, actual);
}

/** What is sealed: salt ‖ plain. */
export function packed({ salt, plain }: Opening): Buffer {
  return Buffer.concat([salt, plain]);
}

/** The opposite of {@link packed}. */
export function unpacked(bytes: Buffer): Opening {
  return { salt: bytes.subarray(0, SALT_BYTES), plain: bytes.subarray(SALT_BYTES) };
}

/** HMAC-SHA-256(salt, path ‖ 0x00 ‖ plain). */
function digestOf(path: string, { salt, plain }: Opening): Buffer {
  return createHmac('sha256', salt).update(path, 'utf8').update(Buffer.of(0)).update(plain).digest();
}
