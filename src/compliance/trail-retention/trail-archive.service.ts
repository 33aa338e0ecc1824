import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { CLOCK, type Clock } from '../../kernel/clock.js';
import { AuditTrail } from '../audit/audit-trail.service.js';
import { AuditExporter } from '../audit/export/audit-exporter.service.js';
import { AuditLog } from '../audit/log/audit-log.service.js';
import { requireProven } from './archive-check.js';
import { writeArchiveFile } from './archive-file.js';
import { type ArchivedStretch, TrailArchiveRepository } from './trail-archive.repository.js';

/** Places in one file: few enough that checking it holds up nobody for long. */
const PLACES_IN_FILE = 5_000;

/**
 * Exports days of the trail to files before anything of them goes. A file is whole or not there, on the disk, and has
 * been found genuine by the offline verifier before the database hears of it.
 */
@Injectable()
export class TrailArchive {
  constructor(
    private readonly database: DatabaseService,
    private readonly archives: TrailArchiveRepository,
    private readonly exporter: AuditExporter,
    private readonly log: AuditLog,
    private readonly audit: AuditTrail,
    @InjectConfig('audit') private readonly config: AppConfig['audit'],
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Exports what no file of the day holds yet of these places. @throws when a file cannot be written or proven. */
  async complete(tenantId: string, day: string, firstIndex: number, endIndex: number): Promise<void> {
    const known = await this.database.withRetention(tenantId, (trx) =>
      this.archives.list(trx, tenantId, day),
    );
    const missing = missingOf(known, firstIndex, endIndex);
    if (missing.length === 0) return;
    const { vkeys } = await this.log.info(tenantId);
    const written: ArchivedStretch[] = [];
    for (const [from, to] of missing) written.push(await this.write(tenantId, day, from, to, vkeys));
    const manifest = manifestOf([...known, ...written]);
    await writeArchiveFile(this.pathOf(join(folderOf(tenantId, day), 'SHA256SUMS')), [manifest]);
    await this.database.withRetention(tenantId, async (trx) => {
      await this.archives.insert(trx, tenantId, day, written, this.clock.now());
      await this.audit.append(trx, tenantId, {
        type: 'retention.trail_archived',
        outcome: 'success',
        actor: { type: 'system', ref: 'retention' },
        targets: [{ type: 'audit_day', ref: day }],
        detail: {
          day,
          firstIndex,
          endIndex,
          files: known.length + written.length,
          manifest: sha256(manifest).toString('hex'),
        },
      });
    });
  }

  /** SHA-256 of the list of the day's files, hexadecimal: of `SHA256SUMS` beside them. */
  async manifestDigest(trx: Trx, tenantId: string, day: string): Promise<string> {
    return sha256(manifestOf(await this.archives.list(trx, tenantId, day))).toString('hex');
  }

  private async write(
    tenantId: string,
    day: string,
    fromIndex: number,
    toIndex: number,
    keys: readonly string[],
  ): Promise<ArchivedStretch> {
    const file = join(folderOf(tenantId, day), `${fromIndex}-${toIndex}.ndjson`);
    const lines = await this.exporter.stretch(tenantId, fromIndex, toIndex);
    const digest = await writeArchiveFile(this.pathOf(file), lines, (path) => requireProven(path, keys));
    return { fromIndex, toIndex, file, digest };
  }

  private pathOf(file: string): string {
    return join(this.config.archiveFolder, file);
  }
}

function folderOf(tenantId: string, day: string): string {
  return join(tenantId, day);
}

/** Stretches of at most so many places, between two, that no file holds. */
function missingOf(known: readonly ArchivedStretch[], first: number, end: number): [number, number][] {
  const missing: [number, number][] = [];
  let at = first;
  for (const { fromIndex, toIndex } of [...known, { fromIndex: end, toIndex: end }]) {
    for (; at < Math.min(fromIndex, end); at = missing.at(-1)?.[1] ?? end) {
      missing.push([at, Math.min(at + PLACES_IN_FILE, fromIndex, end)]);
    }
    at = Math.max(at, toIndex);
  }
  return missing;
}

/** As `sha256sum` writes and checks it, in the folder of the archive. */
function manifestOf(files: readonly ArchivedStretch[]): string {
  return files
    .toSorted((one, other) => one.fromIndex - other.fromIndex)
    .map(({ file, digest }) => `${digest.toString('hex')}  ${file}\n`)
    .join('');
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
