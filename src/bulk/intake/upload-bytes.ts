import type { IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import { AppError } from '../../kernel/app-error.js';

export const ENCODINGS = ['identity', 'gzip'] as const;

export type Encoding = (typeof ENCODINGS)[number];

/**
 * The bytes of an upload as they come in, decompressed; the sender is held up while nobody asks for more. The request
 * itself is never destroyed, for the answer goes out over the same connection.
 *
 * @throws AppError BODY_TOO_LARGE beyond the limit; UPLOAD_UNREADABLE when it breaks off or is not what it says.
 */
export async function* uploadBytes(
  request: IncomingMessage,
  encoding: Encoding,
  maxBytes: number,
): AsyncGenerator<Buffer> {
  let received = 0;
  try {
    for await (const chunk of encoding === 'gzip' ? unzipped(request) : rawBytes(request)) {
      received += chunk.length;
      if (received > maxBytes) throw tooLarge(maxBytes);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('UPLOAD_UNREADABLE', { cause: error });
  }
  if (!request.complete) throw new AppError('UPLOAD_UNREADABLE');
}

/** Refuses by its own word what is too large, before anything is read. @throws AppError BODY_TOO_LARGE. */
export function refuseTooLarge(request: IncomingMessage, encoding: Encoding, maxBytes: number): void {
  if (encoding === 'identity' && Number(request.headers['content-length']) > maxBytes)
    throw tooLarge(maxBytes);
}

function rawBytes(request: IncomingMessage): AsyncIterable<Buffer> {
  return request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
}

async function* unzipped(request: IncomingMessage): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  const breakOff = () => {
    if (!request.complete) gunzip.destroy(new Error('the upload broke off'));
  };
  request.once('error', breakOff).once('close', breakOff);
  request.pipe(gunzip);
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } finally {
    request.unpipe(gunzip).off('error', breakOff).off('close', breakOff);
    // What still comes is thrown away by the server once it has answered.
    request.resume();
    gunzip.destroy();
  }
}

function tooLarge(maxBytes: number): AppError {
  return new AppError('BODY_TOO_LARGE', {
    detail: `An upload may have ${maxBytes} bytes, after decompression.`,
  });
}
