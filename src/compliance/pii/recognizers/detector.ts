import { benignSpans } from './benign-spans.js';
import { hasContext } from './context.js';
import type { Finding } from './finding.js';
import { resolveOverlaps } from './overlaps.js';
import type { Recognizer } from './recognizer.js';
import { RECOGNIZERS } from './registry.js';

export interface DetectOptions {
  /** Drops findings below this score, whatever the threshold of their entity. */
  readonly minScore?: number;
  /** Other thresholds than the recognisers' own, by entity. */
  readonly thresholds?: Readonly<Record<string, number>>;
  /** Only these entities. */
  readonly entities?: ReadonlySet<string>;
}

/**
 * Finds personal values by their form and the words around them, in time linear in the text.
 *
 * @returns one finding for each stretch of text, in text order.
 */
export function detect(text: string, options: DetectOptions = {}): Finding[] {
  const findings = RECOGNIZERS.filter(({ entity }) => options.entities?.has(entity) ?? true).flatMap(
    (recognizer) => accepted(text, recognizer, options),
  );
  return findings.length < 2 ? findings : resolveOverlaps(findings);
}

function accepted(text: string, recognizer: Recognizer, options: DetectOptions): Finding[] {
  const threshold = Math.max(
    options.thresholds?.[recognizer.entity] ?? recognizer.threshold,
    options.minScore ?? 0,
  );
  const scored = recognizer.find(text).map((finding) => withContext(text, finding, recognizer));
  const likely = scored.filter((finding) => finding.score >= threshold);
  return recognizer.digits && likely.length > 0 ? outsideIdentifiers(text, likely) : likely;
}

function withContext(text: string, finding: Finding, { context }: Recognizer): Finding {
  if (!context || finding.score >= 1) return finding;
  if (!hasContext(text, finding.start, finding.end, context.words)) return finding;
  return { ...finding, score: Math.min(1, finding.score + context.boost) };
}

/** Digits inside a UUID, a digest or an instant are part of it. Both lists are in text order. */
function outsideIdentifiers(text: string, findings: readonly Finding[]): Finding[] {
  const spans = benignSpans(text);
  if (spans.length === 0) return [...findings];
  let next = 0;
  return findings.filter((finding) => {
    while (next < spans.length && (spans[next]?.end ?? 0) <= finding.start) next++;
    const span = spans[next];
    return span === undefined || span.start >= finding.end;
  });
}
