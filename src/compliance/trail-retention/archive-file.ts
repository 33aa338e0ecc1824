import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes a file that is whole or not there, and on the disk when this resolves. One of the same name is replaced.
 *
 * @param check looks at the file before it gets its name; what it throws keeps the file away.
 * @returns SHA-256 of the file.
 */
export async function writeArchiveFile(
  path: string,
  lines: AsyncIterable<string> | Iterable<string>,
  check?: (path: string) => void,
): Promise<Buffer> {
  const partial = `${path}.partial`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    const digest = await fill(partial, lines);
    check?.(partial);
    await rename(partial, path);
    await flushFolder(dirname(path));
    return digest;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function fill(path: string, lines: AsyncIterable<string> | Iterable<string>): Promise<Buffer> {
  const hash = createHash('sha256');
  const file = await open(path, 'w', 0o600);
  try {
    for await (const line of lines) {
      hash.update(line);
      await file.appendFile(line);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest();
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
