import type { IncomingMessage } from 'node:http';
import type { OnError, UploadFormat } from '../batch.js';
import type { Encoding } from './upload-bytes.js';

/** An upload as it stands before its body is read. */
export interface Upload {
  readonly request: IncomingMessage;
  readonly requestId: string;
  readonly format: UploadFormat;
  readonly encoding: Encoding;
  readonly onError: OnError;
  readonly definition: string | undefined;
  readonly version: number | undefined;
  readonly sessionId: string | undefined;
  readonly idempotencyKey: string | undefined;
}
