import crypto from 'node:crypto';
import { decodeBase64, decodeUtf8, sha256 } from './bytes.js';

/** The two kinds of signature that are understood: a log's own, and a witness's with the time it saw the log. */
export type KeyKind = 'log' | 'witness';

/** A public key that vouches for notes, C2SP signed-note. */
export interface VerifierKey {
  readonly name: string;
  /** First four bytes of SHA-256(name ‖ LF ‖ algorithm ‖ key). */
  readonly id: string;
  readonly kind: KeyKind;
  readonly publicKey: Buffer;
}

/** One line of signature. Whether it is genuine is another question. */
export interface NoteSignature {
  readonly name: string;
  readonly id: string;
  readonly bytes: Buffer;
}

export interface SignedNote {
  /** What is signed, its last line end included. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

const KIND_OF_ALGORITHM: Readonly<Record<number, KeyKind>> = { 1: 'log', 4: 'witness' };
const KEY = /^([^+\s\p{Cc}]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/u;
const SIGNATURE_LINE = /^— ([^+\s\p{Cc}]+) (\S+)$/u;
const MAX_SIGNATURES = 100;
const MAX_NOTE_BYTES = 1_000_000;
const TIMESTAMP_BYTES = 8;

/** Reads a verifier key (`name+id+key`); undefined when it is not a key of an algorithm known here. */
export function parseKey(text: string): VerifierKey | undefined {
  const [, name, id, encoded] = KEY.exec(text) ?? [];
  const key = decodeBase64(encoded);
  const kind = key && KIND_OF_ALGORITHM[key[0] as number];
  if (!name || !id || !key || !kind || key.length !== 33) return undefined;
  const derived = sha256(Buffer.concat([Buffer.from(`${name}\n`, 'utf8'), key]));
  if (derived.toString('hex', 0, 4) !== id) return undefined;
  return { name, id, kind, publicKey: key.subarray(1) };
}

/** Splits a note into its text and its signatures; undefined when it is not a note. */
export function parseNote(bytes: Uint8Array): SignedNote | undefined {
  const note = bytes.length <= MAX_NOTE_BYTES ? decodeUtf8(bytes) : undefined;
  if (note === undefined || /[^\P{Cc}\n]/u.test(note)) return undefined;
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) return undefined;
  const lines = note.slice(split + 2, -1).split('\n');
  const signatures = lines.map(parseSignature);
  if (signatures.length > MAX_SIGNATURES || signatures.includes(undefined)) return undefined;
  return { text: note.slice(0, split + 1), signatures: signatures as NoteSignature[] };
}

/** A key's signatures under a note: usually one, none when the key has not signed. */
export function signaturesBy(note: SignedNote, key: VerifierKey): readonly NoteSignature[] {
  return note.signatures.filter(({ name, id }) => name === key.name && id === key.id);
}

/** Whether a signature was made by the key over the text of the note. */
export function isGenuine(note: SignedNote, key: VerifierKey, { bytes }: NoteSignature): boolean {
  if (key.kind === 'log') return verifyEd25519(key.publicKey, Buffer.from(note.text, 'utf8'), bytes);
  const time = witnessedAt({ bytes });
  if (time === undefined) return false;
  const signed = Buffer.from(`cosignature/v1\ntime ${time}\n${note.text}`, 'utf8');
  return verifyEd25519(key.publicKey, signed, bytes.subarray(TIMESTAMP_BYTES));
}

/** When a witness says to have seen the note, in seconds since 1970. */
export function witnessedAt({ bytes }: Pick<NoteSignature, 'bytes'>): bigint | undefined {
  return bytes.length === TIMESTAMP_BYTES + 64 ? bytes.readBigUInt64BE() : undefined;
}

/** Ed25519, RFC 8032. */
export function verifyEd25519(publicKey: Buffer, message: Buffer, signature: Buffer): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  try {
    const key = { key: Buffer.concat([ED25519_SPKI, publicKey]), format: 'der', type: 'spki' } as const;
    return crypto.verify(null, message, crypto.createPublicKey(key), signature);
  } catch {
    return false;
  }
}

/** What stands before the 32 bytes of a key in its DER form (RFC 8410). */
const ED25519_SPKI = Buffer.from('302a300506032b6570032100', 'hex');

function parseSignature(line: string): NoteSignature | undefined {
  const [, name, encoded] = SIGNATURE_LINE.exec(line) ?? [];
  const bytes = decodeBase64(encoded);
  if (!name || !bytes || bytes.length < 5) return undefined;
  return { name, id: bytes.toString('hex', 0, 4), bytes: bytes.subarray(4) };
}
