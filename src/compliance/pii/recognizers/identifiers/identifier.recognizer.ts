import { isEmbedded } from '../digit-runs.js';
import type { Finding } from '../finding.js';
import type { Recognizer } from '../recognizer.js';
import { nearestWord, type Surroundings, surroundingsOf } from '../context.js';
import { FORMATS } from './formats.js';
import { CONTEXT_BOOST, IDENTIFIER_THRESHOLD } from './identifier-format.js';
import { indexShapes, type IndexedFormat, type ShapeNode } from './shape-index.js';

const ROOT = indexShapes(FORMATS);
const LONGEST_GROUP = 20;
/** Letters in front of the first digit that can begin an identifier written in groups, as in `AB 12 34 56 C`. */
const LONGEST_LEAD = 3;
const SEPARATORS = ' -./:';

/**
 * National, tax, health, bank and travel-document numbers of all countries we know, in one pass: each word with
 * a digit is compared by its shape with the formats, then by check digits, then by the words around it.
 */
export const identifierRecognizer: Recognizer = {
  entity: 'NATIONAL_ID',
  entities: new Set(FORMATS.map(({ entity }) => entity)),
  threshold: IDENTIFIER_THRESHOLD,
  digits: true,
  find(text) {
    const findings: Finding[] = [];
    let position = 0;
    while (position < text.length) {
      const digit = nextDigit(text, position);
      if (digit < 0) break;
      const start = groupStart(text, digit, position);
      const end = groupEnd(text, digit);
      position = end;
      if (end - start > LONGEST_GROUP) continue;
      const lead = leadBefore(text, start);
      if (lead < start) matchFrom(text, lead, findings);
      matchFrom(text, start, findings);
    }
    return findings;
  },
};

function nextDigit(text: string, from: number): number {
  for (let index = from; index < text.length; index++) if (isDigit(text.charCodeAt(index))) return index;
  return -1;
}

function groupStart(text: string, digit: number, floor: number): number {
  let start = digit;
  while (start > floor && isLetter(text.charCodeAt(start - 1))) start--;
  return start;
}

function groupEnd(text: string, from: number): number {
  let end = from;
  while (end < text.length && (isDigit(text.charCodeAt(end)) || isLetter(text.charCodeAt(end)))) end++;
  return end;
}

/** Where a short word of letters begins that stands right before a group; the group's own start if none does. */
function leadBefore(text: string, start: number): number {
  if (start < 2 || !SEPARATORS.includes(text[start - 1] ?? '\n')) return start;
  let lead = start - 1;
  while (lead > 0 && start - 1 - lead <= LONGEST_LEAD && isLetter(text.charCodeAt(lead - 1))) lead--;
  const length = start - 1 - lead;
  return length === 0 || length > LONGEST_LEAD ? start : lead;
}

/** Walks the tree of shapes from a group on, and reports each format that is met on the way. */
function matchFrom(text: string, start: number, findings: Finding[]): void {
  let node: ShapeNode | undefined = ROOT;
  let position = start;
  let separators = '';
  while (true) {
    const end = groupEnd(text, position);
    if (end === position || end - position > LONGEST_GROUP) return;
    node = node.next.get(shapeOf(text, position, end));
    if (!node) return;
    if (node.formats.length > 0) report(text, start, end, separators, node.formats, findings);
    const separator = text[end] ?? '';
    if (node.next.size === 0 || separator === '' || !SEPARATORS.includes(separator)) return;
    separators += separator;
    position = end + 1;
  }
}

function shapeOf(text: string, start: number, end: number): string {
  let shape = '';
  for (let index = start; index < end; index++) shape += isDigit(text.charCodeAt(index)) ? '9' : 'A';
  return shape;
}

function report(
  text: string,
  start: number,
  end: number,
  separators: string,
  formats: readonly IndexedFormat[],
  findings: Finding[],
): void {
  let value: string | undefined;
  let around: Surroundings | undefined;
  for (const format of formats) {
    if (separators !== '' && !isSeparatedBy(separators, format.separators ?? ' -.')) continue;
    if (value === undefined) {
      if (isEmbedded(text, start, end)) return;
      value = text
        .slice(start, end)
        .replace(/[^A-Za-z0-9]+/g, '')
        .toUpperCase();
    }
    const verdict = format.check?.(value);
    if (verdict === false) continue;
    around ??= surroundingsOf(text, start, end);
    const finding = findingOf(start, end, around, format, verdict);
    if (finding) findings.push(finding);
  }
}

function isSeparatedBy(separators: string, allowed: string): boolean {
  for (const separator of separators) if (!allowed.includes(separator)) return false;
  return true;
}

function findingOf(
  start: number,
  end: number,
  around: Surroundings,
  format: IndexedFormat,
  verdict: boolean | undefined,
): Finding | undefined {
  const formScore = verdict ? (format.checked ?? format.base) : format.base;
  const near = nearestWord(around, format.pattern);
  if (!near && formScore < IDENTIFIER_THRESHOLD / 2) return undefined;
  // Between two named kinds the one whose name is nearer wins.
  const boost = near ? CONTEXT_BOOST - near.distance / 200 : 0;
  return {
    entity: format.entity,
    start,
    end,
    score: Math.min(1, formScore + boost),
    explanation: { formScore, ...(near && { contextWord: near.word }) },
  };
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90);
}
