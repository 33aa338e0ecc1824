import { hash } from 'node:crypto';
import { decodeBase64 } from './base64.js';

/** Kinds of note signatures: over the text itself, and with a time (C2SP tlog-cosignature). */
export type SignatureKind = 'ed25519' | 'cosignature';

const BYTE_OF_KIND: Readonly<Record<SignatureKind, number>> = { ed25519: 0x01, cosignature: 0x04 };

/** The public side of whoever signs notes. */
export interface VerifierKey {
  readonly name: string;
  readonly kind: SignatureKind;
  /** Four bytes that stand before a signature and tell which key made it. */
  readonly id: Buffer;
  /** 32 bytes. */
  readonly publicKey: Buffer;
}

export function verifierKey(name: string, kind: SignatureKind, publicKey: Buffer): VerifierKey {
  const material = Buffer.concat([Buffer.of(BYTE_OF_KIND[kind]), publicKey]);
  const id = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), material]), 'buffer').subarray(0, 4);
  return { name, kind, id, publicKey };
}

/** Whether a text can name a key: neither empty nor with spaces or a plus sign. */
export function isKeyName(name: string): boolean {
  return /^[^\s+]+$/u.test(name) && !/\p{Cc}/u.test(name);
}

/** `<name>+<id>+<key>`, as C2SP signed-note writes verifier keys. */
export function formatVerifierKey({ name, kind, id, publicKey }: VerifierKey): string {
  const material = Buffer.concat([Buffer.of(BYTE_OF_KIND[kind]), publicKey]);
  return `${name}+${id.toString('hex')}+${material.toString('base64')}`;
}

/** @returns undefined for what is no verifier key, or one of an algorithm that is not known here. */
export function parseVerifierKey(text: string): VerifierKey | undefined {
  const [, name = '', idText, keyText = ''] = /^([^+]*)\+([0-9a-f]{8})\+(.*)$/s.exec(text) ?? [];
  const material = decodeBase64(keyText);
  if (!isKeyName(name) || material?.length !== 33) return undefined;
  const kind = (Object.keys(BYTE_OF_KIND) as SignatureKind[]).find(
    (each) => BYTE_OF_KIND[each] === material[0],
  );
  if (!kind) return undefined;
  const key = verifierKey(name, kind, material.subarray(1));
  return key.id.toString('hex') === idText ? key : undefined;
}
