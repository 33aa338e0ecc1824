import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A key that signs notes as C2SP signed-note says, for logs and witnesses of tests. */
export class SigningKey {
  private readonly keyId: Buffer;
  private readonly privateKey: KeyObject;
  /** `name+id+key`, as it is given to whoever is to trust it. */
  readonly vkey: string;

  constructor(
    readonly name: string,
    private readonly algorithm: 1 | 4 = 1,
  ) {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const key = Buffer.concat([Buffer.of(algorithm), raw]);
    this.privateKey = privateKey;
    this.keyId = createHash('sha256').update(`${name}\n`).update(key).digest().subarray(0, 4);
    this.vkey = `${name}+${this.keyId.toString('hex')}+${key.toString('base64')}`;
  }

  /** The line of signature under a text; a witness tells the time besides. */
  sign(text: string, seconds = 1_700_000_000): string {
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(BigInt(seconds));
    const isWitness = this.algorithm === 4;
    const signed = isWitness ? `cosignature/v1\ntime ${seconds}\n${text}` : text;
    const signature = sign(null, Buffer.from(signed), this.privateKey);
    const bytes = Buffer.concat([this.keyId, ...(isWitness ? [time] : []), signature]);
    return `— ${this.name} ${bytes.toString('base64')}\n`;
  }
}
