import crypto from 'node:crypto';

/**
 * SHA-256 at once; `crypto.hash` is twice as fast and not in Node 18. By way of a string, because memory of its own for
 * every 32 bytes costs more than the hash.
 */
export const sha256: (data: Uint8Array) => Buffer =
  typeof crypto.hash === 'function'
    ? (data) => Buffer.from(crypto.hash('sha256', data, 'binary'), 'binary')
    : (data) => crypto.createHash('sha256').update(data).digest();

/** Bytes of standard base64 with padding; undefined for any other spelling of them. */
export function decodeBase64(text: unknown): Buffer | undefined {
  if (typeof text !== 'string') return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

/** The 32 bytes of a hash in base64. */
export function decodeHash(text: unknown): Buffer | undefined {
  const bytes = decodeBase64(text);
  return bytes?.length === 32 ? bytes : undefined;
}

// A byte order mark is a character like any other: it must not vanish.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text of bytes that are valid UTF-8; undefined for any others. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The hashes of a proof; undefined when it is none. */
export function decodeProof(proof: unknown): Buffer[] | undefined {
  if (!Array.isArray(proof)) return undefined;
  const hashes = proof.map(decodeHash).filter((hash) => hash !== undefined);
  return hashes.length === proof.length ? hashes : undefined;
}
