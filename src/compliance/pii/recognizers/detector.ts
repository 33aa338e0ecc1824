import { withoutAllowed } from './allowed-texts.js';
import { isPieceOfBenign } from './benign-spans.js';
import { contextWord } from './context.js';
import { deniedTexts } from './denied-texts.js';
import { encodedRuns } from './encoded-runs.js';
import type { Finding } from './finding.js';
import { normalise } from './normalised-text.js';
import { resolveOverlaps } from './overlaps.js';
import type { Recognizer } from './recognizer.js';
import { RECOGNIZERS } from './registry.js';
import { acrossLines } from './split-lines.js';

export interface DetectOptions {
  /** Drops findings below this score, whatever the threshold of their entity. */
  readonly minScore?: number;
  /** Other thresholds than the recognisers' own, by entity. */
  readonly thresholds?: Readonly<Record<string, number>>;
  /** Only these entities. */
  readonly entities?: ReadonlySet<string>;
  /** Values that are nobody's, such as the number of the own switchboard: never reported, whatever their case. */
  readonly allow?: readonly string[];
  /** Values always reported, by the entity they are reported as; whole words, whatever their case. */
  readonly deny?: Readonly<Record<string, readonly string[]>>;
  /** Recognisers beside the built-in ones. Their patterns must be known to take linear time. */
  readonly custom?: readonly Recognizer[];
  /** Adds to each finding what made its score. */
  readonly explain?: boolean;
  /** The key or column the text stands under: `ssn` says what nine digits are. */
  readonly key?: string;
}

/**
 * Finds personal values by their form and the words around them, in time linear in the text.
 *
 * @returns one finding for each stretch of text, in text order.
 */
export function detect(text: string, options: DetectOptions = {}): Finding[] {
  return options.key ? underKey(text, options.key, options) : inText(text, options);
}

/** The key is read as a word before the text, and nothing is reported in it. */
function underKey(text: string, key: string, options: DetectOptions): Finding[] {
  const lead = `${key}: `;
  const found: Finding[] = [];
  for (const finding of inText(lead + text, options)) {
    const start = finding.start - lead.length;
    if (start >= 0) found.push({ ...finding, start, end: finding.end - lead.length });
  }
  return found;
}

function inText(text: string, options: DetectOptions): Finding[] {
  const found = asRead(text, options);
  const kept = options.allow?.length ? withoutAllowed(text, found, options.allow) : found;
  const all = options.deny ? [...kept, ...deniedTexts(text, options.deny)] : kept;
  return all.length < 2 ? all : resolveOverlaps(all);
}

/** What is found in the text as a reader sees it, with offsets in the text as written. */
function asRead(written: string, options: DetectOptions): Finding[] {
  const normalised = normalise(written);
  const text = normalised?.text ?? written;
  const plain = inPlainText(text, options);
  const lookInto = (piece: string) => inPlainText(piece, options);
  const found = plain.concat(acrossLines(text, plain, lookInto), encodedRuns(text, lookInto));
  if (!normalised) return found;
  return found.map((finding) => withSpan(finding, normalised.toWritten(finding.start, finding.end)));
}

function withSpan(finding: Finding, { start, end }: { start: number; end: number }): Finding {
  return { ...finding, start, end };
}

function inPlainText(text: string, options: DetectOptions): Finding[] {
  const recognizers = options.custom?.length ? [...RECOGNIZERS, ...options.custom] : RECOGNIZERS;
  const found: Finding[] = [];
  for (const recognizer of recognizers) {
    if (options.entities && !canFind(recognizer, options.entities)) continue;
    for (const finding of accepted(text, recognizer, options)) found.push(finding);
  }
  return found.length < 2 ? found : resolveOverlaps(found);
}

function canFind({ entity, entities }: Recognizer, wanted: ReadonlySet<string>): boolean {
  return entities ? [...wanted].some((one) => entities.has(one)) : wanted.has(entity);
}

function accepted(text: string, recognizer: Recognizer, options: DetectOptions): Finding[] {
  const likely: Finding[] = [];
  for (const finding of recognizer.find(text)) {
    const scored = withContext(text, finding, recognizer, options);
    if (scored.score < thresholdOf(scored.entity, recognizer, options)) continue;
    if (recognizer.digits && isPieceOfBenign(text, scored.start, scored.end)) continue;
    likely.push(scored);
  }
  return likely;
}

function thresholdOf(entity: string, recognizer: Recognizer, options: DetectOptions): number {
  if (options.entities && !options.entities.has(entity)) return Infinity;
  return Math.max(options.thresholds?.[entity] ?? recognizer.threshold, options.minScore ?? 0);
}

function withContext(
  text: string,
  finding: Finding,
  { context, entities }: Recognizer,
  { explain }: DetectOptions,
): Finding {
  if (entities) return explain ? finding : withoutExplanation(finding);
  const isSure = !context || finding.score >= 1;
  const word = isSure ? undefined : contextWord(text, finding.start, finding.end, context.words);
  if (word === undefined && !explain) return finding;
  const score = word === undefined ? finding.score : Math.min(1, finding.score + (context?.boost ?? 0));
  if (!explain) return { ...finding, score };
  const explanation = { formScore: finding.score, ...(word !== undefined && { contextWord: word }) };
  return { ...finding, score, explanation };
}

function withoutExplanation({ entity, start, end, score }: Finding): Finding {
  return { entity, start, end, score };
}
