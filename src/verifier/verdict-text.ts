import type { Verdict } from './verdict.js';

/** A verdict in words, line by line; the first says it all. */
export function verdictText(verdict: Verdict): string[] {
  const lines = [headline(verdict), ...details(verdict).map((line) => `  ${line}`)];
  // Names come out of the file: none of them may move the cursor of a terminal.
  return lines.map((line) => line.replace(/\p{Cc}/gu, '?'));
}

function headline({ verdict, fault, counts, input }: Verdict): string {
  switch (verdict) {
    case 'valid':
      return `valid: ${tally(counts)}`;
    case 'self-consistent':
      return `self-consistent: ${tally(counts)}, but no trusted key was given (--key), so anybody may have made this`;
    case 'tampered':
      return `TAMPERED: ${fault?.reason}: ${fault?.message}`;
    case 'unusable':
      return `unusable: ${fault?.reason}: ${fault?.message}${input ? ` (${input})` : ''}`;
  }
}

function details({
  input,
  origin,
  treeSize,
  rootHash,
  signedBy,
  witnesses,
  comparedCheckpoints,
  limits,
  fault,
}: Verdict) {
  const rows: readonly [string, string | number | undefined][] = [
    ['index', fault?.index],
    ['event', fault?.eventId],
    ['run', fault?.runId],
    ['line', fault?.line],
    ['input', input],
    ['log', origin],
    ['size', treeSize],
    ['root', rootHash],
    ['signed by', signedBy?.join(', ')],
    ['witnesses', witnesses?.map(({ name, at }) => `${name} at ${at}`).join(', ')],
    ['compared', comparedCheckpoints ? `${comparedCheckpoints} checkpoints known from before` : undefined],
  ];
  return [
    ...rows
      .filter(([, value]) => value !== undefined && value !== '')
      .map(([name, value]) => `${name.padEnd(10)} ${value}`),
    ...limits,
  ];
}

function tally(counts: Verdict['counts'] = {}): string {
  const parts = [
    count(counts.events, 'event'),
    count(counts.runs, 'run'),
    count(counts.disclosed, 'disclosed value'),
    count(counts.documents, 'document'),
    count(counts.checkpoints, 'checkpoint'),
  ].filter((part) => part !== undefined);
  return parts.length > 0 ? parts.join(', ') : 'the later log continues the earlier one';
}

function count(number: number | undefined, what: string): string | undefined {
  return number ? `${number} ${what}${number === 1 ? '' : 's'}` : undefined;
}
