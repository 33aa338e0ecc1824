import { decodeBase64 } from './base64.js';
import type { SigningKey } from './ed25519.js';
import { HASH_BYTES } from './hash.js';
import { cosignedMessage, formatSignature } from './signed-note.js';
import { verifierKey } from './verifier-key.js';

/** The head of a log as C2SP tlog-checkpoint writes it. */
export interface CheckpointBody {
  readonly origin: string;
  readonly size: bigint;
  readonly rootHash: Buffer;
}

export function formatCheckpoint({ origin, size, rootHash }: CheckpointBody): string {
  return `${origin}\n${size}\n${rootHash.toString('base64')}\n`;
}

/** Reads the text of a checkpoint, without signatures. @returns undefined for what is none. */
export function parseCheckpoint(text: string): CheckpointBody | undefined {
  const [origin = '', sizeText = '', rootText = '', ...rest] = text.split('\n');
  const rootHash = decodeBase64(rootText);
  if (origin === '' || !/^(0|[1-9]\d{0,19})$/.test(sizeText) || rootHash?.length !== HASH_BYTES) {
    return undefined;
  }
  // Further lines are extensions, none of them empty; the last newline ends the text.
  if (rest.at(-1) !== '' || rest.slice(0, -1).includes('')) return undefined;
  const size = BigInt(sizeText);
  return size < 1n << 64n ? { origin, size, rootHash } : undefined;
}

/** The signed note of a checkpoint: one signature line for each key, under the name of the log. */
export function signCheckpoint(body: CheckpointBody, keys: readonly SigningKey[]): string {
  const text = formatCheckpoint(body);
  const lines = keys.map((key) =>
    formatSignature(verifierKey(body.origin, 'ed25519', key.publicKey), key.sign(Buffer.from(text))),
  );
  return `${text}\n${lines.join('')}`;
}

/** A signature line that says: at this time, this was the largest checkpoint known to the cosigner. */
export function cosign(text: string, name: string, key: SigningKey, at: Date): string {
  const seconds = BigInt(Math.floor(at.getTime() / 1_000));
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(seconds);
  const signature = Buffer.concat([time, key.sign(cosignedMessage(text, seconds))]);
  return formatSignature(verifierKey(name, 'cosignature', key.publicKey), signature);
}
