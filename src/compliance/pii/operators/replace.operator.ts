import type { Finding } from '../recognizers/finding.js';
import { type EditedText, replaceFindings } from './edits.js';

/** Puts the kind of the value in its place: `<EMAIL>`. */
export function replaceOperator(text: string, findings: readonly Finding[]): EditedText {
  return replaceFindings(text, findings, (_value, { entity }) => `<${entity}>`);
}
