import { createHash } from 'node:crypto';
import { canonicalJson } from '../../../kernel/canonical-json.js';

/** A document of a bundle as its exact bytes, with the digest that goes on record. */
export interface BundleDocument {
  readonly name: string;
  readonly mediaType: string;
  readonly body: Buffer;
  /** SHA-256, hexadecimal. */
  readonly digest: string;
}

/** A value as a document: its canonical JSON, so that the digest is also the hash the product stores it under. */
export function jsonDocument(name: string, value: unknown): BundleDocument {
  const body = Buffer.from(canonicalJson(value), 'utf8');
  const digest = createHash('sha256').update(body).digest('hex');
  return { name, mediaType: 'application/json', body, digest };
}
