import { decodeBase64 } from './base64.js';
import { isSignedBy } from './ed25519.js';
import { isKeyName, type VerifierKey } from './verifier-key.js';

/** One signature line: who, and the key id with the signature behind it. */
export interface NoteSignature {
  readonly name: string;
  readonly id: Buffer;
  readonly signature: Buffer;
}

/** A text with signatures below it (C2SP signed-note). */
export interface SignedNote {
  /** Ends with a newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

const MAX_SIGNATURES = 100;
const ID_BYTES = 4;

/** @returns undefined for what is no signed note. */
export function parseNote(note: string): SignedNote | undefined {
  // Control characters other than the newline have no place in a note, nor has what is not Unicode.
  if (!note.isWellFormed() || /[^\P{Cc}\n]/u.test(note) || note.includes('\ufffd')) return undefined;
  const split = note.lastIndexOf('\n\n');
  if (split < 0 || !note.endsWith('\n')) return undefined;
  const lines = note.slice(split + 2, -1).split('\n');
  const signatures = lines.map(parseSignature);
  if (signatures.length > MAX_SIGNATURES || signatures.includes(undefined)) return undefined;
  return { text: note.slice(0, split + 1), signatures: signatures as NoteSignature[] };
}

/** `— <name> <base64>`. @returns undefined for anything else. */
function parseSignature(line: string): NoteSignature | undefined {
  const [, name = '', encoded = ''] = /^— ([^ ]+) ([^ ]+)$/.exec(line) ?? [];
  const bytes = decodeBase64(encoded);
  if (!isKeyName(name) || !bytes || bytes.length <= ID_BYTES) return undefined;
  return { name, id: bytes.subarray(0, ID_BYTES), signature: bytes.subarray(ID_BYTES) };
}

/** A signature line with its newline. */
export function formatSignature({ name, id }: VerifierKey, signature: Buffer): string {
  return `— ${name} ${Buffer.concat([id, signature]).toString('base64')}\n`;
}

/** Those of the keys that have signed the note, each once; a time of a cosignature is not looked at. */
export function signersOf(note: SignedNote, keys: readonly VerifierKey[]): VerifierKey[] {
  return keys.filter((key) =>
    note.signatures.some(
      ({ name, id, signature }) =>
        name === key.name && id.equals(key.id) && isSignature(key, note.text, signature),
    ),
  );
}

function isSignature(key: VerifierKey, text: string, signature: Buffer): boolean {
  if (key.kind === 'ed25519') return isSignedBy(key.publicKey, Buffer.from(text), signature);
  if (signature.length !== 72) return false;
  const seconds = signature.readBigUInt64BE(0);
  return isSignedBy(key.publicKey, cosignedMessage(text, seconds), signature.subarray(8));
}

/** What a cosigner signs: the text of a checkpoint, and when (C2SP tlog-cosignature). */
export function cosignedMessage(text: string, seconds: bigint): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`);
}
