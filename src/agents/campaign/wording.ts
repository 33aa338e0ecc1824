/** A text as one sentence: first letter large, full stop unless it ends itself. */
export function sentence(text: string): string {
  const trimmed = stripEnd(text);
  const started = trimmed.charAt(0).toUpperCase() + trimmed.slice(1);
  return /[!?…]$/.test(started) ? started : `${started}.`;
}

/** A text without the stops and commas at its end, to be built into a sentence. */
export function stripEnd(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/[\s.,;:]+$/, '');
}

/** A text to go on with after a colon or comma: first letter small unless the word is a name or an abbreviation. */
export function lowerFirst(text: string): string {
  return /^(?:[A-Z][a-z]|A\s)/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

/** The sentences of a text. A full stop inside a number or an abbreviation of one letter ends none. */
export function sentencesOf(text: string): string[] {
  return text
    .split(/(?<=[^\s.][^\s.][.!?])\s+(?=[\p{Lu}\d⟦"“])|\n+/u)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

export function wordCount(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length;
}

/** Items as a phrase: `a, b and c`. */
export function listOf(items: readonly string[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

export const URL_IN_TEXT = /https?:\/\/[^\s"”)>]+/i;

/** Whether a text has a word or phrase, in the singular or plural, as a word of its own. */
export function mentions(text: string, term: string): boolean {
  const stem = term.replace(/s$/i, '').replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\p{L}\\d])${stem}(?:s|es)?(?![\\p{L}\\d])`, 'iu').test(text);
}
