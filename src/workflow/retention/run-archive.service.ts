import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import type { Trx } from '../../database/trx.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { RunArchiveRepository } from './run-archive.repository.js';

/** A file of archived runs, as the audit trail names it. */
export interface ArchiveFile {
  /** Relative to the archive folder. */
  readonly name: string;
  /** SHA-256 of the file, hexadecimal. */
  readonly digest: string;
  /** Takes the file back, for a batch that was not removed after all. */
  discard(): Promise<void>;
}

/**
 * Writes runs to files before they are removed: one file a batch, NDJSON, a run a line. A file is whole or not there,
 * and on the disk before the runs leave the database.
 */
@Injectable()
export class RunArchive {
  private readonly folder: string;

  constructor(
    private readonly runs: RunArchiveRepository,
    @InjectConfig('instance') instance: AppConfig['instance'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.folder = join(instance.dataDir, 'archive');
  }

  /** @throws when the file cannot be written; the runs must then stay. */
  async write(trx: Trx, tenantId: string, batchId: string, runIds: readonly string[]): Promise<ArchiveFile> {
    const day = this.clock.now().toISOString().slice(0, 10);
    const name = join(tenantId, day, `${batchId}.ndjson`);
    const path = join(this.folder, name);
    const folder = join(this.folder, tenantId, day);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const discard = () => rm(path, { force: true });
    try {
      const digest = await this.fill(trx, `${path}.partial`, runIds);
      await rename(`${path}.partial`, path);
      await flushFolder(folder);
      return { name, digest, discard };
    } catch (error) {
      await rm(`${path}.partial`, { force: true });
      await discard();
      throw error;
    }
  }

  private async fill(trx: Trx, path: string, runIds: readonly string[]): Promise<string> {
    const hash = createHash('sha256');
    const file = await open(path, 'wx', 0o600);
    try {
      // One run at a time: a run may hold thousands of messages.
      for (const runId of runIds) {
        const line = `${await this.runs.line(trx, runId)}\n`;
        hash.update(line);
        await file.appendFile(line);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    return hash.digest('hex');
  }
}

/** A renamed file survives a power cut when its folder is on the disk too. */
async function flushFolder(path: string): Promise<void> {
  // Windows has no such thing as a folder that can be opened.
  if (process.platform === 'win32') return;
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
