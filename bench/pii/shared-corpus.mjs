import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { kindOf } from './score.mjs';

/** The labelled texts in `shared/data/pii` beside the checkout or above it; nothing when there are none. */
export function sharedCorpus() {
  const folder = folderAbove(join(import.meta.dirname, '../..'));
  if (!folder) return undefined;
  return readdirSync(folder)
    .filter((file) => file.endsWith('.jsonl'))
    .flatMap((file) => readRows(join(folder, file), file));
}

function folderAbove(start) {
  for (let at = start; at !== dirname(at); at = dirname(at)) {
    const folder = join(at, 'shared/data/pii');
    if (existsSync(folder)) return folder;
  }
  return undefined;
}

/** Bare numbers that their own source calls weak, and rows that only tell how many, are left out. */
function readRows(path, file) {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .filter((row) => !row.weak && !row.count_only)
    .map((row) => ({
      text: row.text,
      spans: row.spans.map((span) => ({ ...span, entity: kindOf(span.entity) })),
      scope: row.scope?.map(kindOf),
      isClean: file.startsWith('hard_negatives'),
      isHidden: file.startsWith('evasion'),
    }));
}
