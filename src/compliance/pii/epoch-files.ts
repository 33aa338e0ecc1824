import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { readOrCreateSecret } from '../../config/instance-secret.js';

/** A key of the instance for one epoch, as its file tells. */
interface Epoch {
  readonly id: string;
  readonly since: Date;
}

const KEY_BYTES = 32;
const FILE = /^(\d{13})-[0-9a-f]{8}\.kek$/;
const REREAD_MS = 5_000;

/** Keys of epochs as files (mode 0600) under `keys/epochs`; names sort by time. */
export class EpochFiles {
  private readonly folder: string;
  private known: readonly Epoch[] = [];
  private readAt = 0;

  constructor(dataDir: string) {
    this.folder = join(dataDir, 'keys', 'epochs');
  }

  /** Oldest first. Another process may have added one: the folder is looked at anew every few seconds. */
  all(): readonly Epoch[] {
    if (Date.now() - this.readAt >= REREAD_MS) this.reread();
    return this.known;
  }

  newest(): Epoch {
    return this.all().at(-1) ?? this.add();
  }

  add(): Epoch {
    const since = new Date();
    const id = `${since.getTime()}-${randomBytes(4).toString('hex')}`;
    readOrCreateSecret(this.pathOf(id), () => randomBytes(KEY_BYTES).toString('base64'));
    this.reread();
    return { id, since };
  }

  /** Undefined when there is no such key any more. */
  read(id: string): Buffer | undefined {
    if (!FILE.test(`${id}.kek`)) return undefined;
    try {
      return Buffer.from(readFileSync(this.pathOf(id), 'utf8'), 'base64');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Writes over the key before its file goes: on many file systems that is all that can be done. */
  destroy(id: string): void {
    if (!FILE.test(`${id}.kek`)) return;
    const path = this.pathOf(id);
    const file = openSync(path, 'r+');
    try {
      writeSync(file, randomBytes(64), 0, 64, 0);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    rmSync(path, { force: true });
    this.reread();
  }

  private reread(): void {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    this.known = readdirSync(this.folder)
      .sort()
      .flatMap((name) => {
        const since = FILE.exec(name)?.[1];
        return since === undefined
          ? []
          : [{ id: name.slice(0, -'.kek'.length), since: new Date(Number(since)) }];
      });
    this.readAt = Date.now();
  }

  private pathOf(id: string): string {
    return join(this.folder, `${id}.kek`);
  }
}
