import { mkdir, open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Injectable } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { InjectConfig } from '../../config/inject-config.js';

/** That a person was erased, and when. */
export interface ErasureNote {
  readonly tenantId: string;
  readonly subjectRef: string;
  readonly erasedAt: Date;
}

/**
 * What was erased, as lines of a file beside the database: a restored database does not know what came after its
 * backup. References only; nobody can be told from them.
 */
@Injectable()
export class ErasureJournal {
  private readonly path: string;

  constructor(@InjectConfig('instance') instance: AppConfig['instance']) {
    this.path = join(instance.dataDir, 'erasures.ndjson');
  }

  /** @throws when the line cannot be brought to the disk; the erasure is then not complete. */
  async note(note: ErasureNote): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true });
    const file = await open(this.path, 'a', 0o600);
    try {
      await file.appendFile(`${JSON.stringify(note)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  /** Everything noted; a line that was cut by a crash is no note. */
  async read(): Promise<ErasureNote[]> {
    let text: string;
    try {
      text = await readFile(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
    return text.split('\n').flatMap(noteIn);
  }
}

function noteIn(line: string): ErasureNote[] {
  try {
    const { tenantId, subjectRef, erasedAt } = JSON.parse(line) as Record<string, unknown>;
    if (typeof tenantId !== 'string' || typeof subjectRef !== 'string' || typeof erasedAt !== 'string')
      return [];
    return [{ tenantId, subjectRef, erasedAt: new Date(erasedAt) }];
  } catch {
    return [];
  }
}
