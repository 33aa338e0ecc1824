import { mkdir, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type CheckpointBody, parseCheckpoint } from '../merkle/checkpoint.js';
import { parseNote } from '../merkle/signed-note.js';

/** More than one line can take: the note of a checkpoint with two signatures has about 600 bytes. */
const TAIL_BYTES = 16_384;

/** Append-only files outside the database with every checkpoint, a folder for each log and a file for each month. */
export class FileAnchor {
  /** What was read of each file, for as long as the file stays as it was. */
  private readonly known = new Map<string, { state: string; checkpoint: CheckpointBody | undefined }>();

  constructor(private readonly folder: string) {}

  /** Adds a checkpoint and waits until it is on the disk. */
  async append(tenantId: string, note: string, at: Date): Promise<void> {
    const folder = join(this.folder, tenantId);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = await open(join(folder, `${at.toISOString().slice(0, 7)}.jsonl`), 'a+', 0o600);
    try {
      const { size } = await file.stat();
      const last = size > 0 ? (await file.read(Buffer.alloc(1), 0, 1, size - 1)).buffer[0] : NEWLINE;
      // What a crash has cut off in the middle stays a line of its own.
      const line = `${last === NEWLINE ? '' : '\n'}${JSON.stringify({ time: at.toISOString(), note })}\n`;
      await file.appendFile(line);
      await file.datasync();
    } finally {
      await file.close();
    }
  }

  /** The last checkpoint that was added for a tenant. */
  async latest(tenantId: string): Promise<CheckpointBody | undefined> {
    for (const name of (await this.files(tenantId)).toReversed()) {
      const found = await this.lastOf(join(this.folder, tenantId, name));
      if (found) return found;
    }
    return undefined;
  }

  private async lastOf(path: string): Promise<CheckpointBody | undefined> {
    const { ino, size, mtimeNs } = await stat(path, { bigint: true });
    const state = `${ino} ${size} ${mtimeNs}`;
    const known = this.known.get(path);
    if (known?.state === state) return known.checkpoint;
    const lines = await tailOf(path);
    const checkpoint = lines.toReversed().map(checkpointOf).find(Boolean);
    this.known.set(path, { state, checkpoint });
    return checkpoint;
  }

  private async files(tenantId: string): Promise<string[]> {
    try {
      return (await readdir(join(this.folder, tenantId))).filter((name) => name.endsWith('.jsonl')).sort();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }
}

const NEWLINE = 0x0a;

async function tailOf(path: string): Promise<string[]> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const length = Math.min(size, TAIL_BYTES);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8').split('\n');
  } finally {
    await file.close();
  }
}

function checkpointOf(line: string): CheckpointBody | undefined {
  try {
    const { note } = JSON.parse(line) as { note?: unknown };
    const parsed = typeof note === 'string' ? parseNote(note) : undefined;
    return parsed && parseCheckpoint(parsed.text);
  } catch {
    return undefined;
  }
}
