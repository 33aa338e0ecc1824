import { isDeepStrictEqual } from 'node:util';
import { DiffBudget, type DiffLine, diffLines } from './line-diff.js';

/** One place at which two JSON values differ. */
export interface Difference {
  /** Dotted: `emails.3.body`; empty for the value as a whole. */
  readonly path: string;
  readonly kind: 'added' | 'removed' | 'changed';
  readonly left?: unknown;
  readonly right?: unknown;
  /** In place of both sides, where both are texts and one has several lines. */
  readonly lines?: readonly DiffLine[];
}

export interface StructuralDiff {
  readonly differences: readonly Difference[];
  /** Whether there were more than are shown. */
  readonly truncated: boolean;
}

const MAX_DIFFERENCES = 500;
const MAX_CELLS = 5_000_000;

/** Where two JSON values differ, by path: items of lists by their index, texts of several lines by line. */
export function diffValues(left: unknown, right: unknown): StructuralDiff {
  const walk: Walk = { found: [], budget: new DiffBudget(MAX_CELLS) };
  compare(left, right, '', walk);
  return {
    differences: walk.found.slice(0, MAX_DIFFERENCES),
    truncated: walk.found.length > MAX_DIFFERENCES,
  };
}

interface Walk {
  readonly found: Difference[];
  readonly budget: DiffBudget;
}

function compare(left: unknown, right: unknown, path: string, walk: Walk): void {
  if (walk.found.length > MAX_DIFFERENCES || isDeepStrictEqual(left, right)) return;
  if (left === undefined) walk.found.push({ path, kind: 'added', right });
  else if (right === undefined) walk.found.push({ path, kind: 'removed', left });
  else if (isBranch(left) && isBranch(right) && Array.isArray(left) === Array.isArray(right)) {
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      compare(memberOf(left, key), memberOf(right, key), path === '' ? key : `${path}.${key}`, walk);
    }
  } else walk.found.push({ path, kind: 'changed', ...sidesOf(left, right, walk.budget) });
}

function sidesOf(
  left: unknown,
  right: unknown,
  budget: DiffBudget,
): Pick<Difference, 'left' | 'right' | 'lines'> {
  const areTexts = typeof left === 'string' && typeof right === 'string';
  if (areTexts && `${left}${right}`.includes('\n')) return { lines: diffLines(left, right, budget) };
  return { left, right };
}

type Branch = Readonly<Record<string, unknown>>;

function isBranch(value: unknown): value is Branch {
  return typeof value === 'object' && value !== null;
}

function memberOf(branch: Branch, key: string): unknown {
  return Object.hasOwn(branch, key) ? branch[key] : undefined;
}
