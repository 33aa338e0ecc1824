import { detect } from '../recognizers/detector.js';
import type { Finding } from '../recognizers/finding.js';
import { resolveOverlaps } from '../recognizers/overlaps.js';
import { tokenSpans } from './token-text.js';

/** A value to be replaced. */
export interface PersonalSpan extends Finding {
  /** Set when the value is a known one. */
  readonly subjects?: ReadonlySet<string>;
}

/**
 * Known and detected values of a text, outside the tokens in it. A known value wins over what overlaps it, unless
 * it is a piece of a detected one.
 *
 * @param key the name of the field the text stands in: `{"ssn": "…"}` says what the digits are. May be empty.
 * @param findKnown finds known values in the text it is given, which has the same offsets.
 */
export function personalSpans(
  text: string,
  key: string,
  findKnown: (masked: string) => readonly PersonalSpan[],
): PersonalSpan[] {
  const tokens = tokenSpans(text);
  const masked = maskSpans(text, tokens);
  const detected = detect(masked, { key });
  const known = notWithin(findKnown(masked), detected);
  const spans = resolveOverlaps<PersonalSpan>([...known, ...detected], byKnownThenLength);
  return tokens.length === 0 ? spans : outside(spans, tokens);
}

/** Tokens become characters that belong to no value, so that none is found in or across them. */
function maskSpans(text: string, spans: readonly { start: number; end: number }[]): string {
  let masked = '';
  let position = 0;
  for (const { start, end } of spans) {
    masked += text.slice(position, start) + ';'.repeat(end - start);
    position = end;
  }
  return masked + text.slice(position);
}

/** Known values that are no piece of a longer detected one, as `doe@example.com` is of `jane.doe@example.com`. */
function notWithin(known: readonly PersonalSpan[], detected: readonly Finding[]): PersonalSpan[] {
  let next = 0;
  return [...known]
    .sort((a, b) => a.start - b.start)
    .filter(({ start, end }) => {
      while ((detected[next]?.end ?? Infinity) <= start) next++;
      const around = detected[next];
      const isPiece = around !== undefined && around.start <= start && around.end >= end;
      return !isPiece || around.end - around.start === end - start;
    });
}

function byKnownThenLength(a: PersonalSpan, b: PersonalSpan): number {
  const known = Number(b.subjects !== undefined) - Number(a.subjects !== undefined);
  return known || b.end - b.start - (a.end - a.start) || b.score - a.score;
}

/** What of the spans lies outside the tokens: a key block, say, may reach across one. Both in text order. */
function outside(
  spans: readonly PersonalSpan[],
  tokens: readonly { start: number; end: number }[],
): PersonalSpan[] {
  const pieces: PersonalSpan[] = [];
  let next = 0;
  for (const span of spans) {
    while ((tokens[next]?.end ?? Infinity) <= span.start) next++;
    let start = span.start;
    for (let index = next; (tokens[index]?.start ?? Infinity) < span.end; index++) {
      if ((tokens[index]?.start ?? 0) > start)
        pieces.push({ ...span, start, end: tokens[index]?.start ?? start });
      start = Math.max(start, tokens[index]?.end ?? start);
    }
    if (start < span.end) pieces.push({ ...span, start });
  }
  return pieces;
}
