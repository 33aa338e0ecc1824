import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ApiClient } from './api-client.js';
import { CliError } from './cli-error.js';

/** What is to be fetched, and where it goes. */
export interface Download {
  readonly path: string;
  readonly mediaType: string;
  readonly file: string;
}

/**
 * Writes an answer to a file; the file is there when all of it came, and not before.
 *
 * @throws CliError when it did not come whole or cannot be written; a file that stood there stays.
 */
export async function download(
  client: ApiClient,
  { path, mediaType, file }: Download,
  signal: AbortSignal,
): Promise<void> {
  const body = await client.open(path, mediaType, signal);
  const part = `${file}.part`;
  try {
    await pipeline(Readable.fromWeb(body), createWriteStream(part), { signal });
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    signal.throwIfAborted();
    throw new CliError(`${file} could not be written whole (${(error as Error).message})`, { cause: error });
  }
}
