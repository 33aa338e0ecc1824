import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { writeArchiveFile } from '../../compliance/trail-retention/archive-file.js';
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
    const digest = await writeArchiveFile(path, this.lines(trx, runIds));
    return { name, digest: digest.toString('hex'), discard: () => rm(path, { force: true }) };
  }

  /** One run at a time: a run may hold thousands of messages. */
  private async *lines(trx: Trx, runIds: readonly string[]): AsyncGenerator<string> {
    for (const runId of runIds) yield `${await this.runs.line(trx, runId)}\n`;
  }
}
