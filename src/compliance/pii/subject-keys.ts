import { randomBytes } from 'node:crypto';
import { open, pseudonym, seal } from '../../kernel/sealing.js';
import type { VaultEntry } from './operators/token-ledger.js';

const KEY_ID_BYTES = 8;

/** The data key of one subject: destroying it destroys everything sealed with it. */
export interface SubjectKey {
  readonly key: Buffer;
  /** Tells a value sealed with this key from one sealed with a destroyed one before it. */
  readonly id: Buffer;
}

/** A new random key, and its wrapped form for the table. */
export function createSubjectKey(wrappingKey: Buffer, tenantId: string, subjectRef: string): Buffer {
  return seal(wrappingKey, randomBytes(32), JSON.stringify(['subject_key', tenantId, subjectRef]));
}

/** The same key, wrapped by another one. @throws Error as {@link unwrapSubjectKey} does. */
export function rewrapSubjectKey(
  from: Buffer,
  to: Buffer,
  tenantId: string,
  subjectRef: string,
  wrapped: Buffer,
): Buffer {
  const aad = JSON.stringify(['subject_key', tenantId, subjectRef]);
  return seal(to, open(from, wrapped, aad), aad);
}

/** @throws Error when the wrapped key was changed, moved to another subject, or wrapped by another instance. */
export function unwrapSubjectKey(
  wrappingKey: Buffer,
  tenantId: string,
  subjectRef: string,
  wrapped: Buffer,
): SubjectKey {
  const key = open(wrappingKey, wrapped, JSON.stringify(['subject_key', tenantId, subjectRef]));
  return { key, id: Buffer.from(pseudonym(key, 'key-id'), 'hex').subarray(0, KEY_ID_BYTES) };
}

/** Key id ‖ sealed value; bound to tenant, run and token, so that rows cannot be swapped. */
export function sealValue(
  subjectKey: SubjectKey,
  tenantId: string,
  runId: string,
  entry: VaultEntry,
): Buffer {
  return Buffer.concat([
    subjectKey.id,
    seal(subjectKey.key, entry.value, aadOf(tenantId, runId, entry.token)),
  ]);
}

/**
 * The value; undefined when it was sealed with a key that has been destroyed since.
 *
 * @throws Error when the sealed bytes were changed.
 */
export function openValue(
  subjectKey: SubjectKey,
  tenantId: string,
  runId: string,
  token: string,
  sealed: Buffer,
): string | undefined {
  if (!sealed.subarray(0, KEY_ID_BYTES).equals(subjectKey.id)) return undefined;
  return open(subjectKey.key, sealed.subarray(KEY_ID_BYTES), aadOf(tenantId, runId, token)).toString('utf8');
}

/** The marks of bytes sealed by {@link sealText}: what an earlier version sealed under the tenant's key begins otherwise. */
const OF_SUBJECT = 0x02;

/** Mark ‖ key id ‖ sealed bytes, for a place outside the vault. */
export function sealText(subjectKey: SubjectKey, text: string | Buffer, place: string): Buffer {
  return Buffer.concat([Buffer.of(OF_SUBJECT), subjectKey.id, seal(subjectKey.key, text, place)]);
}

/** Whether bytes were sealed by {@link sealText}. */
export function isSubjectSealed(sealed: Buffer): boolean {
  return sealed[0] === OF_SUBJECT;
}

/**
 * What {@link sealText} has sealed; undefined when its key has been destroyed since.
 *
 * @throws Error when the bytes were changed or belong to another place.
 */
export function openText(subjectKey: SubjectKey, sealed: Buffer, place: string): Buffer | undefined {
  const head = 1 + KEY_ID_BYTES;
  if (!sealed.subarray(1, head).equals(subjectKey.id)) return undefined;
  return open(subjectKey.key, sealed.subarray(head), place);
}

function aadOf(tenantId: string, runId: string, token: string): string {
  return JSON.stringify([tenantId, runId, token]);
}
