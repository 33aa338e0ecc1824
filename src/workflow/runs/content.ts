import { createHash } from 'node:crypto';
import { canonicalJson } from '../../kernel/canonical-json.js';
import type { Content } from './run-change.js';

/** A value as it is stored: under the SHA-256 of its canonical JSON. @throws TypeError when it has no such form. */
export function contentOf(value: unknown): Content {
  return { hash: createHash('sha256').update(canonicalJson(value), 'utf8').digest(), value };
}
