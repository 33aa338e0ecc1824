import { join } from 'node:path';

const COUNTERSIGN = join(import.meta.dirname, '../countersign/connect.mjs');

/** What the options ask to be measured. */
export async function systemsFor({ only, workers = only === 'countersign' ? '1' : '1,2' }) {
  const wanted = only?.split(',');
  const systems = workers
    .split(',')
    .map(Number)
    .map((count) => ({
      name: 'countersign',
      label: `countersign, ${count} worker${count === 1 ? '' : 's'}`,
      isOurs: true,
      connector: COUNTERSIGN,
      options: { workers: count },
    }))
    .filter(({ name }) => !wanted || wanted.includes(name));
  return { systems, absent: [] };
}
