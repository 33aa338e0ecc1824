import type { Finding } from '../recognizers/finding.js';
import { type EditedText, replaceFindings } from './edits.js';

/** Puts a token in the place of each value; who gives the tokens out keeps the way back. */
export function tokenizeOperator<T extends Finding>(
  text: string,
  findings: readonly T[],
  tokenOf: (value: string, finding: T) => string,
): EditedText {
  return replaceFindings(text, findings, (value, finding) => tokenOf(value, finding as T));
}
