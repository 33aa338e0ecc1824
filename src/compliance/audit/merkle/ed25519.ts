import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

const SEED_BYTES = 32;
const PUBLIC_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** What stands before the bytes of a key in its DER forms (RFC 8410). */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** An Ed25519 key that signs (RFC 8032). */
export class SigningKey {
  /** The 32 bytes of the public key. */
  readonly publicKey: Buffer;
  private readonly key: KeyObject;

  /** @throws RangeError unless the seed has 32 bytes. */
  constructor(seed: Buffer) {
    if (seed.length !== SEED_BYTES) throw new RangeError('an Ed25519 seed has 32 bytes');
    this.key = createPrivateKey({ key: Buffer.concat([PRIVATE_PREFIX, seed]), format: 'der', type: 'pkcs8' });
    const spki = createPublicKey(this.key).export({ format: 'der', type: 'spki' });
    this.publicKey = spki.subarray(PUBLIC_PREFIX.length);
  }

  sign(message: Buffer): Buffer {
    return sign(null, message, this.key);
  }
}

/** Whether a signature is that of the key over the message; anything malformed is not. */
export function isSignedBy(publicKey: Buffer, message: Buffer, signature: Buffer): boolean {
  if (publicKey.length !== PUBLIC_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  const key = createPublicKey({
    key: Buffer.concat([PUBLIC_PREFIX, publicKey]),
    format: 'der',
    type: 'spki',
  });
  return verify(null, message, key, signature);
}
