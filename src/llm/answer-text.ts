const THINKING = /^\s*<think>[\s\S]*?<\/think>/;
const FENCED = /```(?:json)?[ \t]*\r?\n([\s\S]*?)\r?\n?[ \t]*```/i;

/**
 * The JSON inside what a model wrote: models in plain JSON mode think aloud, add a code fence or a friendly sentence.
 * Text without a whole JSON object in it comes back unchanged, so that the parser tells the fault.
 */
export function unwrapJson(text: string): string {
  const answer = text.replace(THINKING, '').trim();
  if (isJson(answer)) return answer;
  const candidates = [FENCED.exec(answer)?.[1]?.trim(), between(answer, '{', '}')];
  return candidates.find((candidate) => candidate !== undefined && isJson(candidate)) ?? answer;
}

function between(text: string, first: string, last: string): string | undefined {
  const start = text.indexOf(first);
  const end = text.lastIndexOf(last);
  return start >= 0 && end > start ? text.slice(start, end + 1) : undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
