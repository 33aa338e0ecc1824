import { hkdfSync, randomBytes } from 'node:crypto';
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { Injectable } from '@nestjs/common';
import type { AppConfig } from '../../../config/app-config.js';
import { signingSeeds } from '../../../config/config.schema.js';
import { InjectConfig } from '../../../config/inject-config.js';
import { readOrCreateSecret } from '../../../config/instance-secret.js';
import { SigningKey } from '../merkle/ed25519.js';
import { formatVerifierKey, verifierKey } from '../merkle/verifier-key.js';

/** The keys that sign checkpoints: the current one, and the one before it while both sign. */
@Injectable()
export class LogKeys {
  private loaded: { readonly stamp: number; readonly seeds: readonly Buffer[] } | undefined;

  constructor(@InjectConfig('audit') private readonly config: AppConfig['audit']) {}

  /** The current key first. A file that another process has changed is read again. */
  signers(): SigningKey[] {
    return this.seeds().map((seed) => new SigningKey(seed));
  }

  /** A key of its own for saying when: it never signs a checkpoint itself. */
  cosigner(): SigningKey {
    const [current] = this.seeds() as [Buffer];
    const seed = hkdfSync('sha256', current, Buffer.alloc(0), 'countersign audit cosigner', 32);
    return new SigningKey(Buffer.from(seed));
  }

  get cosignerName(): string {
    return `${this.config.instanceName}/clock`;
  }

  /** Verifier keys of a log, the current one first. */
  verifierKeys(origin: string): string[] {
    return this.signers().map((key) => formatVerifierKey(verifierKey(origin, 'ed25519', key.publicKey)));
  }

  get cosignerKey(): string {
    return formatVerifierKey(verifierKey(this.cosignerName, 'cosignature', this.cosigner().publicKey));
  }

  /** Whether the instance keeps the key itself. */
  get isOwn(): boolean {
    return this.config.signingKeys === undefined;
  }

  /** Those that sign, the current one first. */
  publicKeys(): Buffer[] {
    return this.signers().map(({ publicKey }) => publicKey);
  }

  newSeed(): Buffer {
    return randomBytes(32);
  }

  publicKeyOf(seed: Buffer): Buffer {
    return new SigningKey(seed).publicKey;
  }

  /** From now on a new key signs first, and the present one beside it; in every process. */
  begin(seed: Buffer): void {
    this.write([seed, this.seeds()[0] as Buffer]);
  }

  /** From now on only the current key signs. */
  endOverlap(): void {
    this.write([this.seeds()[0] as Buffer]);
  }

  /** In one step: whoever reads meanwhile finds the keys before or after it. */
  private write(seeds: readonly Buffer[]): void {
    const draft = `${this.config.signingKeyFile}.next`;
    const text = seeds.map((seed) => seed.toString('base64')).join('\n');
    writeFileSync(draft, `${text}\n`, { mode: 0o600, flush: true });
    renameSync(draft, this.config.signingKeyFile);
    this.loaded = undefined;
  }

  private seeds(): readonly Buffer[] {
    if (this.config.signingKeys) return this.config.signingKeys;
    const file = this.config.signingKeyFile;
    readOrCreateSecret(file, () => randomBytes(32).toString('base64'));
    const stamp = statSync(file).mtimeMs;
    if (this.loaded?.stamp !== stamp)
      this.loaded = { stamp, seeds: signingSeeds(readFileSync(file, 'utf8')) };
    return this.loaded.seeds;
  }
}
