import type { Finding } from '../recognizers/finding.js';

/** A text in which findings were replaced, and where the replacements stand. */
export interface EditedText {
  readonly text: string;
  /** The findings with their offsets in the new text, so that the way back works. */
  readonly findings: readonly Finding[];
}

/** Replaces each finding; findings must not overlap. */
export function replaceFindings(
  text: string,
  findings: readonly Finding[],
  replacement: (value: string, finding: Finding) => string,
): EditedText {
  const moved: Finding[] = [];
  let edited = '';
  let position = 0;
  for (const finding of [...findings].sort((a, b) => a.start - b.start)) {
    edited += text.slice(position, finding.start);
    const start = edited.length;
    edited += replacement(text.slice(finding.start, finding.end), finding);
    moved.push({ ...finding, start, end: edited.length });
    position = finding.end;
  }
  return { text: edited + text.slice(position), findings: moved };
}
