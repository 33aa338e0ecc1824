import crypto from 'node:crypto';
import { decodeBase64 } from './bytes.js';
import { canonicalText, isObject, type Members } from './canonical.js';
import { Fault } from './fault.js';
import type { Leaf } from './leaf.js';

/**
 * Checks values that are shown beside a leaf against the commitments in it.
 *
 * @returns how many values were shown.
 * @throws Fault `disclosure_differs`.
 */
export function checkDisclosed(disclosed: unknown, leaf: Leaf): number {
  if (disclosed === undefined) return 0;
  if (!Array.isArray(disclosed)) throw new Fault('line_malformed', 'the disclosed values are not a list');
  const { sealed } = leaf.members;
  const commitments = Array.isArray(sealed) ? sealed.filter(isObject) : [];
  for (const shown of disclosed) checkShown(shown, commitments);
  return disclosed.length;
}

function checkShown(shown: unknown, commitments: readonly Members[]): void {
  const salt = isObject(shown) ? decodeBase64(shown['salt']) : undefined;
  if (!isObject(shown) || typeof shown['f'] !== 'string' || !('value' in shown) || !salt) {
    throw new Fault('line_malformed', 'a disclosed value needs "f", "value" and "salt"');
  }
  const path = shown['f'];
  const computed = commitmentTo(path, shown['value'], salt);
  const isCommitted = commitments.some(({ f, c }) => f === path && c === computed);
  if (!isCommitted) {
    throw new Fault('disclosure_differs', `the value shown for ${path} is not the one that was recorded`);
  }
}

/**
 * The commitment to a personal value, as it stands in a leaf.
 *
 * @returns HMAC-SHA-256(salt, path ‖ 0x00 ‖ canonical JSON of the value), hexadecimal
 */
function commitmentTo(path: string, value: unknown, salt: Buffer): string {
  return crypto
    .createHmac('sha256', salt)
    .update(`${path}\0${canonicalText(value)}`, 'utf8')
    .digest('hex');
}
