import type { Draft } from '../api-types.js';
import { box, sideBySide, wrap } from '../layout.js';
import { type Terminal, WIDTH } from '../terminal.js';
import type { EmlPreview } from './eml-preview.js';

const HALF = WIDTH / 2 - 1;
const SHOWN_HEADERS = ['From', 'To', 'Subject', 'Date', 'Message-ID'];

/** The first two drafts as the model and the reviewer see them. */
export function showDrafts(terminal: Terminal, drafts: readonly Draft[]): void {
  terminal.print();
  terminal.print(`What waits for approval: ${drafts.length} drafts. The first two, as the model wrote them:`);
  const boxes = drafts
    .slice(0, 2)
    .map((draft, place) => box(`draft ${place + 1} of ${drafts.length}`, linesOf(draft), HALF));
  for (const line of sideBySide(boxes[0] ?? [], boxes[1] ?? [])) terminal.print(marked(terminal, line));
  terminal.print(
    'Each ⟦token⟧ stands for personal data that lies sealed in the vault. Models, logs, events and',
  );
  terminal.print(
    'the history hold tokens only; the values come back in the delivered message and nowhere else.',
  );
  terminal.print();
}

/** A draft and the message that became of it, beside each other. */
export function showDelivered(terminal: Terminal, draft: Draft, eml: EmlPreview): void {
  const headers = SHOWN_HEADERS.flatMap((shown) =>
    eml.headers
      .filter(([name]) => name.toLowerCase() === shown.toLowerCase())
      .map(([, value]) => `${shown}: ${value}`),
  );
  const left = box('approved draft', linesOf(draft), HALF);
  const right = box(`delivered ${draft.index}.eml`, shortened([...headers, '', eml.text]), HALF);
  terminal.print();
  for (const line of sideBySide(left, right)) terminal.print(marked(terminal, line));
}

function linesOf({ to, subject, body }: Draft): string[] {
  return shortened([`To: ${to}`, `Subject: ${subject}`, '', body]);
}

/** As many lines as fit on a screen. */
function shortened(parts: readonly string[]): string[] {
  const lines = parts.flatMap((part) => wrap(part, HALF - 4));
  return lines.length <= 32 ? lines : [...lines.slice(0, 31), '…'];
}

function marked(terminal: Terminal, line: string): string {
  return line.replaceAll(/⟦[^⟧]*⟧/g, (token) => terminal.style('cyan', token));
}
