import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

const VERSION = 0x01;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + IV_BYTES + TAG_BYTES;

/**
 * Encrypts with AES-256-GCM under a fresh random IV.
 *
 * @param aad what the text belongs to; {@link open} succeeds only with the same, so that a sealed value cannot
 *   be moved to another row.
 * @returns version byte ‖ IV (96 bit) ‖ tag (128 bit) ‖ ciphertext.
 */
export function seal(key: Buffer, plaintext: string | Buffer, aad: string): Buffer {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(aad, 'utf8'));
  const input = typeof plaintext === 'string' ? Buffer.from(plaintext, 'utf8') : plaintext;
  const ciphertext = Buffer.concat([cipher.update(input), cipher.final()]);
  return Buffer.concat([Buffer.of(VERSION), iv, cipher.getAuthTag(), ciphertext]);
}

/**
 * Decrypts what {@link seal} made.
 *
 * @throws Error when the bytes were changed or the key or the AAD is another one.
 */
export function open(key: Buffer, sealed: Buffer, aad: string): Buffer {
  if (sealed.length < HEADER_BYTES || sealed[0] !== VERSION)
    throw new Error('not a sealed value of this version');
  const iv = sealed.subarray(1, 1 + IV_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(aad, 'utf8'));
  decipher.setAuthTag(sealed.subarray(1 + IV_BYTES, HEADER_BYTES));
  return Buffer.concat([decipher.update(sealed.subarray(HEADER_BYTES)), decipher.final()]);
}

/** A 256-bit key for one purpose, by HKDF-SHA-256; the labels name the purpose and never run into each other. */
export function deriveKey(master: Buffer, ...labels: string[]): Buffer {
  return Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), JSON.stringify(labels), 32));
}

/** The same text under the same key gives the same pseudonym: HMAC-SHA-256, lower-case hexadecimal. */
export function pseudonym(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text, 'utf8').digest('hex');
}
