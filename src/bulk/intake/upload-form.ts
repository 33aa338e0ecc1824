import type { FastifyRequest } from 'fastify';
import { AppError } from '../../kernel/app-error.js';
import type { UploadFormat } from '../batch.js';
import { type Encoding, ENCODINGS } from './upload-bytes.js';

const FORMATS: Readonly<Record<string, UploadFormat>> = {
  'application/x-ndjson': 'ndjson',
  'text/csv': 'csv',
};

/** What the headers of an upload say that its bytes are. @throws AppError UNSUPPORTED_MEDIA_TYPE. */
export function uploadFormOf(request: Pick<FastifyRequest, 'headers'>): {
  format: UploadFormat;
  encoding: Encoding;
} {
  const [mediaType = '', ...parameters] = (request.headers['content-type'] ?? '').toLowerCase().split(';');
  const format = FORMATS[mediaType.trim()];
  if (!format) throw unsupported('An upload is application/x-ndjson or text/csv.');
  const charset = parameters
    .map((each) => /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/.exec(each)?.[1])
    .find(Boolean);
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8')
    throw unsupported('An upload is UTF-8.');
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  if (!isEncoding(encoding)) throw unsupported('An upload is plain or compressed by gzip.');
  return { format, encoding };
}

function isEncoding(text: string): text is Encoding {
  return (ENCODINGS as readonly string[]).includes(text);
}

function unsupported(detail: string): AppError {
  return new AppError('UNSUPPORTED_MEDIA_TYPE', { detail });
}
