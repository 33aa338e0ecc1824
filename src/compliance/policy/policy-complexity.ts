/** Longest text of one policy, in characters. */
const MAX_POLICY_CHARACTERS = 8_192;
const MAX_DEPTH = 24;
const MAX_OPERATORS = 128;

/** Strings, comments, and what makes an expression longer or deeper. */
const TOKENS =
  /"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|[([{]|[)\]}]|&&|\|\||[<>!=]=?|[.+*-]|\b(?:if|in|has|like|is)\b/g;

/**
 * What is too large or too deeply nested to be given to the engine, whose stack is small: undefined for what is not.
 * Counts more than it must, never less.
 */
export function complexityFault(text: string): string | undefined {
  if (text.length > MAX_POLICY_CHARACTERS) {
    return `is longer than ${MAX_POLICY_CHARACTERS} characters`;
  }
  let depth = 0;
  let deepest = 0;
  let operators = 0;
  for (const [token] of text.matchAll(TOKENS)) {
    if (token.startsWith('"') || token.startsWith('//')) continue;
    if ('([{'.includes(token)) deepest = Math.max(deepest, ++depth);
    else if (')]}'.includes(token)) depth--;
    else operators++;
  }
  if (deepest > MAX_DEPTH) return `is nested more than ${MAX_DEPTH} deep`;
  if (operators > MAX_OPERATORS) {
    return `has more than ${MAX_OPERATORS} operators and accesses; split it into several policies`;
  }
  return undefined;
}
