import { afterAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/kernel/canonical-json.js';
import { newId } from '../../src/kernel/ids.js';
import { eventsOf, forge, type Forgeable, linesOf } from '../harness/forged-export.js';
import { OfflineVerifier } from '../harness/offline-verifier.js';
import { leafHash, SignedLog } from '../harness/signed-log.js';
import { SigningKey } from '../harness/signing-key.js';

const offline = new OfflineVerifier();
afterAll(() => offline.close());

const ORIGIN = 'countersign.test/audit/log-a/1';
const key = new SigningKey(ORIGIN);
const RUNS = [newId(), newId()];

/** Two runs side by side, and events that belong to none. */
function grow(log: SignedLog, count: number): SignedLog {
  for (let at = 0; at < count; at++) log.append({}, at % 5 === 4 ? undefined : RUNS[at % 2]);
  return log;
}

const log = grow(new SignedLog(key), 13);
const genuine = log.export();
const idAt = (index: number): string => JSON.parse(String(log.events[index]?.leaf)).id;

/** A leaf with other members, and its own hash where the forger is careful. */
function rewritten(line: Forgeable, change: Record<string, unknown>, withHash: boolean): Forgeable {
  const leaf = { ...JSON.parse(Buffer.from(String(line['leaf']), 'base64').toString()), ...change };
  const bytes = Buffer.from(canonicalJson(leaf));
  const { columns: _fittingAgain, ...rest } = line;
  return {
    ...rest,
    leaf: bytes.toString('base64'),
    ...(withHash && { hash: leafHash(bytes).toString('base64') }),
  };
}

const replaceEvent = (lines: Forgeable[], index: number, by: (line: Forgeable) => Forgeable) =>
  lines.map((line) => (line.kind === 'event' && line['index'] === index ? by(line) : line));

const renumbered = (lines: Forgeable[]) => {
  let next = 0;
  return lines.map((line) => (line.kind === 'event' ? { ...line, index: next++ } : line));
};

/** What somebody without the key does to an export of the log, and what the verifier calls it. */
const FORGERIES: readonly {
  readonly attack: string;
  readonly file: () => string;
  readonly fault: Record<string, unknown>;
}[] = [
  {
    attack: 'edits an event',
    file: () =>
      forge(genuine, (lines) =>
        replaceEvent(lines, 6, (line) => rewritten(line, { outcome: 'denied' }, false)),
      ),
    fault: { reason: 'leaf_hash_differs', index: 6, eventId: idAt(6) },
  },
  {
    attack: 'edits an event together with its hash',
    file: () =>
      forge(genuine, (lines) =>
        replaceEvent(lines, 6, (line) => rewritten(line, { outcome: 'denied' }, true)),
      ),
    fault: { reason: 'chain_broken', index: 8, eventId: idAt(8), runId: RUNS[0] },
  },
  {
    attack: 'edits the last event of a run together with its hash',
    file: () =>
      forge(genuine, (lines) =>
        replaceEvent(lines, 12, (line) => rewritten(line, { outcome: 'denied' }, true)),
      ),
    fault: { reason: 'root_differs' },
  },
  {
    attack: 'dates an event back',
    file: () =>
      forge(genuine, (lines) =>
        replaceEvent(lines, 4, (line) => rewritten(line, { occurredAt: '2020-01-01T00:00:00.000Z' }, false)),
      ),
    fault: { reason: 'leaf_hash_differs', index: 4, eventId: idAt(4) },
  },
  {
    attack: 'dates an event back together with its hash',
    file: () =>
      forge(genuine, (lines) =>
        replaceEvent(lines, 4, (line) => rewritten(line, { occurredAt: '2020-01-01T00:00:00.000Z' }, true)),
      ),
    fault: { reason: 'root_differs', index: 0 },
  },
  {
    attack: 'deletes an event',
    file: () => forge(genuine, (lines) => lines.filter((line) => line['index'] !== 4)),
    fault: { reason: 'events_missing', index: 4 },
  },
  {
    attack: 'deletes an event of a run and numbers the others anew',
    file: () => forge(genuine, (lines) => renumbered(lines.filter((line) => line['index'] !== 6))),
    fault: { reason: 'chain_broken', index: 7, eventId: idAt(8) },
  },
  {
    attack: 'deletes an event of no run and numbers the others anew',
    file: () => forge(genuine, (lines) => renumbered(lines.filter((line) => line['index'] !== 4))),
    fault: { reason: 'events_missing', index: 12 },
  },
  {
    attack: 'hides an event behind a hash',
    file: () =>
      forge(genuine, (lines) =>
        replaceEvent(lines, 4, ({ index }) => ({
          kind: 'gone',
          index,
          hash: leafHash(Buffer.from('x')).toString('base64'),
        })),
      ),
    fault: { reason: 'leaf_gone', index: 4 },
  },
  {
    attack: 'inserts an event',
    file: () =>
      forge(genuine, (lines) => {
        const made = new SignedLog(key, log.tenantId).append();
        const line = {
          kind: 'event',
          index: 4,
          hash: made.hash.toString('base64'),
          leaf: made.leaf.toString('base64'),
        };
        return renumbered(
          lines.toSpliced(
            lines.findIndex((each) => each['index'] === 4),
            0,
            line,
          ),
        );
      }),
    fault: { reason: 'index_out_of_order', index: 13 },
  },
  {
    attack: 'inserts an event in place of another',
    file: () =>
      forge(genuine, (lines) => {
        const made = new SignedLog(key, log.tenantId).append();
        return replaceEvent(lines, 4, () => ({
          kind: 'event',
          index: 4,
          hash: made.hash.toString('base64'),
          leaf: made.leaf.toString('base64'),
        }));
      }),
    fault: { reason: 'root_differs' },
  },
  {
    attack: 'exchanges two events of a run',
    file: () =>
      forge(genuine, (lines) => {
        const [one, other] = [6, 8].map((index) => lines.findIndex((line) => line['index'] === index)) as [
          number,
          number,
        ];
        return renumbered(lines.with(one, lines[other] as Forgeable).with(other, lines[one] as Forgeable));
      }),
    fault: { reason: 'chain_broken', index: 6, eventId: idAt(8) },
  },
  {
    attack: 'exchanges two events that have nothing to do with each other',
    file: () =>
      forge(genuine, (lines) => {
        const [one, other] = [4, 5].map((index) => lines.findIndex((line) => line['index'] === index)) as [
          number,
          number,
        ];
        return renumbered(lines.with(one, lines[other] as Forgeable).with(other, lines[one] as Forgeable));
      }),
    fault: { reason: 'root_differs' },
  },
  {
    attack: 'leaves the events out of order',
    file: () =>
      forge(genuine, (lines) => {
        const at = lines.findIndex((line) => line['index'] === 5);
        return lines.with(at, lines[at + 1] as Forgeable).with(at + 1, lines[at] as Forgeable);
      }),
    fault: { reason: 'events_missing', index: 5 },
  },
  {
    attack: 'puts the event of another tenant in',
    file: () =>
      forge(genuine, (lines) => {
        const foreign = new SignedLog(key).append();
        return replaceEvent(lines, 4, () => ({
          kind: 'event',
          index: 4,
          hash: foreign.hash.toString('base64'),
          leaf: foreign.leaf.toString('base64'),
        }));
      }),
    fault: { reason: 'foreign_log', index: 4 },
  },
  {
    attack: 'passes the log of one tenant off as that of another',
    file: () => forge(genuine, (lines) => void ((lines[0] as Forgeable)['log'] = newId())),
    fault: { reason: 'foreign_log', index: 0, eventId: idAt(0) },
  },
  {
    attack: 'cuts the last events off',
    file: () =>
      forge(genuine, (lines) =>
        lines.filter((line) => !(line.kind === 'event' && Number(line['index']) > 10)),
      ),
    fault: { reason: 'events_missing', index: 11 },
  },
  {
    attack: 'cuts the last events off and says that the log was smaller',
    file: () =>
      forge(genuine, (lines) => {
        Object.assign(lines[0] as Forgeable, { treeSize: 11, to: 11 });
        return lines.filter((line) => !(line.kind === 'event' && Number(line['index']) > 10));
      }),
    fault: { reason: 'checkpoint_differs', line: 2 },
  },
  {
    attack: 'cuts the file behind a line',
    file: () => `${genuine.trimEnd().split('\n').slice(0, 9).join('\n')}\n`,
    fault: { reason: 'trailer_missing', line: 9 },
  },
  {
    attack: 'cuts the file within a line',
    file: () => genuine.slice(0, Math.floor(genuine.length / 2)),
    fault: { reason: 'trailer_missing' },
  },
  {
    attack: 'cuts the last line end off',
    file: () => genuine.slice(0, -1),
    fault: { reason: 'trailer_missing' },
  },
  {
    attack: 'appends something behind the end',
    file: () => `${genuine}{"kind":"gone"}\n`,
    fault: { reason: 'line_misplaced' },
  },
  {
    attack: 'edits a column beside a leaf',
    file: () =>
      forge(genuine, (lines) =>
        replaceEvent(lines, 6, (line) => ({
          ...line,
          columns: { ...(line['columns'] as object), actorRef: 'somebody-else' },
        })),
      ),
    fault: { reason: 'projection_differs', index: 6, eventId: idAt(6) },
  },
  {
    attack: 'gives a run another end',
    file: () =>
      forge(genuine, (lines) =>
        lines.map((line) => (line.kind === 'run' && line['id'] === RUNS[0] ? { ...line, events: 99 } : line)),
      ),
    fault: { reason: 'chain_cut', runId: RUNS[0] },
  },
  {
    attack: 'signs the checkpoint with a key of its own',
    file: () => {
      const forger = new SigningKey(ORIGIN);
      return log.export({ note: log.note(log.size, forger, ORIGIN) });
    },
    fault: { reason: 'foreign_key' },
  },
  {
    attack: 'puts the signature of another checkpoint under this one',
    file: () => {
      const [text] = log.note().split('\n\n') as [string];
      return log.export({ note: `${text}\n\n${log.note(7).split('\n\n')[1]}` });
    },
    fault: { reason: 'signature_forged' },
  },
  {
    attack: 'shows the checkpoint of another log signed by the same hand',
    file: () => log.export({ note: log.note(log.size, key, 'countersign.test/audit/log-b/1') }),
    fault: { reason: 'checkpoint_differs' },
  },
  {
    attack: 'replays an older checkpoint',
    file: () => log.export({ note: log.note(7) }),
    fault: { reason: 'checkpoint_differs' },
  },
  {
    attack: 'writes a later checkpoint between that fits no event',
    file: () =>
      forge(log.export({ checkpoints: [6] }), (lines) =>
        lines.map((line) =>
          line.kind === 'checkpoint' && line['note'] === log.note(6) ? { ...line, note: log.note(7) } : line,
        ),
      ),
    fault: { reason: 'line_misplaced' },
  },
  {
    attack: 'claims a continuation that is none',
    file: () =>
      forge(log.export({ consistentWith: [6] }), (lines) =>
        lines.map((line) =>
          line.kind === 'consistency' ? { ...line, rootHash: log.root(0, 7).toString('base64') } : line,
        ),
      ),
    fault: { reason: 'proof_fails' },
  },
];

describe('a forged export is named', () => {
  it('and a genuine one is valid', () => {
    expect(offline.verify(genuine, '--key', key.vkey)).toMatchObject({
      verdict: 'valid',
      code: 0,
      counts: { events: 13, runs: 2, gone: 0 },
      limits: [],
    });
  });

  it.each(FORGERIES)('when somebody $attack', ({ file, fault }) => {
    expect(offline.verify(file(), '--key', key.vkey)).toMatchObject({ verdict: 'tampered', code: 1, fault });
  });
});

describe('a stretch of the log', () => {
  it.each([
    [0, 13],
    [0, 5],
    [3, 9],
    [7, 13],
    [12, 13],
  ])('from %i to %i leads to the root of the whole', (from, to) => {
    const file = log.export({ from, to, withRuns: false });
    expect(offline.verify(file, '--key', key.vkey)).toMatchObject({ code: 0, counts: { events: to - from } });
  });

  it.each(['level', 'index', 'hash'])('is refused when the %s of a hash outside it was changed', (member) => {
    const file = forge(log.export({ from: 3, to: 9, withRuns: false }), (lines) =>
      lines.map((line) => {
        if (line.kind !== 'node') return line;
        const value =
          member === 'hash' ? leafHash(Buffer.from('x')).toString('base64') : Number(line[member]) + 1;
        return { ...line, [member]: value };
      }),
    );
    const reason = member === 'hash' ? 'root_differs' : 'node_malformed';
    expect(offline.verify(file, '--key', key.vkey)).toMatchObject({ code: 1, fault: { reason } });
  });

  it('is refused when a hash stands for events that it should hold', () => {
    const file = forge(genuine, (lines) => {
      const at = lines.findIndex((line) => line['index'] === 0);
      const node = { kind: 'node', level: 2, index: 0, hash: log.root(0, 4).toString('base64') };
      return lines.toSpliced(at, 4, node);
    });
    expect(offline.verify(file, '--key', key.vkey)).toMatchObject({ fault: { reason: 'node_malformed' } });
  });

  it('is refused when the hash of a leaf that is gone was changed', () => {
    const file = forge(log.export({ gone: [4] }), (lines) =>
      lines.map((line) =>
        line.kind === 'gone' ? { ...line, hash: leafHash(Buffer.from('x')).toString('base64') } : line,
      ),
    );
    expect(offline.verify(file, '--key', key.vkey, '--accept-gone')).toMatchObject({
      code: 1,
      fault: { reason: 'root_differs' },
    });
  });

  it('shows by the checkpoints between where the first wrong event must be', () => {
    const file = forge(log.export({ checkpoints: [3, 6, 9] }), (lines) =>
      replaceEvent(lines, 4, (line) => rewritten(line, { outcome: 'denied' }, true)),
    );
    expect(offline.verify(file, '--key', key.vkey)).toMatchObject({
      fault: { reason: 'root_differs', index: 3, message: expect.stringContaining('from index 3 up to 5') },
    });
  });

  it('is refused when leaves are not kept any more, unless that is accepted; then chains lead over them', () => {
    const file = log.export({ gone: [0, 6] });
    expect(offline.verify(file, '--key', key.vkey)).toMatchObject({
      code: 1,
      fault: { reason: 'leaf_gone', index: 0 },
    });
    expect(offline.verify(file, '--key', key.vkey, '--accept-gone')).toMatchObject({
      code: 0,
      counts: { events: 11, gone: 2 },
      limits: [expect.stringContaining('2 events')],
    });
  });
});

describe('a history written anew with the real key', () => {
  const rebuilt = grow(new SignedLog(key, log.tenantId), 13);
  const anchor = offline.file([5, 9].map((size) => log.note(size)).join('\n'), 'anchor');

  it('agrees with itself', () => {
    expect(offline.verify(rebuilt.export(), '--key', key.vkey)).toMatchObject({ code: 0 });
  });

  it('is named by checkpoints that were kept elsewhere', () => {
    expect(offline.verify(rebuilt.export(), '--key', key.vkey, '--anchor', anchor)).toMatchObject({
      code: 1,
      fault: { reason: 'history_rewritten', index: 4 },
    });
    expect(offline.verify(genuine, '--key', key.vkey, '--anchor', anchor)).toMatchObject({
      code: 0,
      comparedCheckpoints: 2,
    });
  });

  it('is named by the checkpoint of the verification before', () => {
    const state = offline.path('state.json');
    const args = ['--key', key.vkey, '--state', state];
    expect(offline.verify(log.export({ treeSize: 9, withRuns: false }), ...args)).toMatchObject({ code: 0 });
    expect(offline.verify(rebuilt.export(), ...args)).toMatchObject({
      fault: { reason: 'history_rewritten', index: 8 },
    });
    expect(offline.verify(genuine, ...args)).toMatchObject({ code: 0, comparedCheckpoints: 1 });
    const rolledBack = log.export({ treeSize: 9, withRuns: false });
    expect(offline.verify(rolledBack, ...args)).toMatchObject({ code: 1, fault: { reason: 'rolled_back' } });
    expect(offline.verify(rolledBack, ...args, '--older')).toMatchObject({ code: 0 });
  });

  it('is named when a log shows less than was anchored', () => {
    const whole = offline.file(log.note(), 'newer-anchor');
    const cut = log.export({ treeSize: 9, withRuns: false });
    expect(offline.verify(cut, '--key', key.vkey, '--anchor', whole)).toMatchObject({
      code: 1,
      fault: { reason: 'rolled_back' },
    });
  });

  it('is named when the anchor itself holds two histories', () => {
    const split = offline.file(`${log.note(9)}\n${rebuilt.note(9)}`, 'split');
    expect(offline.verify(genuine, '--key', key.vkey, '--anchor', split)).toMatchObject({
      code: 1,
      fault: { reason: 'split_view' },
    });
  });

  it('cannot hide behind a filtered export: that needs a proof of continuation', () => {
    const filtered = (of: SignedLog, consistentWith: number[]) =>
      of.export({ type: 'filtered', indexes: [4], withRuns: false, consistentWith });
    const args = ['--key', key.vkey, '--anchor', anchor];
    expect(offline.verify(filtered(log, []), ...args)).toMatchObject({
      code: 2,
      fault: { reason: 'not_comparable' },
    });
    expect(offline.verify(filtered(rebuilt, [9]), ...args)).toMatchObject({
      code: 1,
      fault: { reason: 'history_rewritten' },
    });
    expect(offline.verify(filtered(log, [9]), ...args)).toMatchObject({ code: 0, comparedCheckpoints: 1 });
  });
});

describe('a filtered export', () => {
  const indexes = log.events.flatMap(({ leaf }, index) =>
    JSON.parse(String(leaf)).run?.id === RUNS[0] ? [index] : [],
  );
  const ofRun = (options = {}) =>
    log.export({
      type: 'filtered',
      indexes,
      filters: { runId: RUNS[0] as string },
      withRuns: false,
      ...options,
    });

  it('is valid, and says that it does not prove that no more exists', () => {
    expect(offline.verify(ofRun(), '--key', key.vkey)).toMatchObject({
      code: 0,
      input: 'filtered',
      limits: [expect.stringContaining('not that there are no others')],
    });
  });

  it.each<[string, (lines: Forgeable[]) => Forgeable[], string]>([
    ['the proof of another event', (lines) => swapMember(lines, 'proof'), 'proof_fails'],
    [
      'the place of another event',
      (lines) => replaceEvent(lines, 2, (line) => ({ ...line, index: 3 })),
      'proof_fails',
    ],
    [
      'a proof that is too short',
      (lines) => replaceEvent(lines, 2, (line) => ({ ...line, proof: (line['proof'] as []).slice(1) })),
      'proof_fails',
    ],
    [
      'a proof that is too long',
      (lines) =>
        replaceEvent(lines, 2, (line) => ({ ...line, proof: [...(line['proof'] as []), line['hash']] })),
      'proof_fails',
    ],
    ['no proof', (lines) => replaceEvent(lines, 2, ({ proof: _taken, ...line }) => line), 'proof_fails'],
    [
      'an event twice',
      (lines) => lines.flatMap((line) => (line['index'] === 2 ? [line, line] : [line])),
      'index_out_of_order',
    ],
    [
      'a place that is only a hash',
      (lines) => replaceEvent(lines, 2, ({ index, hash }) => ({ kind: 'gone', index, hash })),
      'line_misplaced',
    ],
  ])('is refused with %s', (_what, change, reason) => {
    expect(offline.verify(forge(ofRun(), change), '--key', key.vkey)).toMatchObject({
      code: 1,
      fault: { reason },
    });
  });

  it('is refused with an event that its filter would not let through', () => {
    expect(offline.verify(ofRun({ indexes: [0, 1] }), '--key', key.vkey)).toMatchObject({
      code: 1,
      fault: { reason: 'filter_differs', index: 1, eventId: idAt(1) },
    });
  });

  it('is refused when events of a run are missing whose end it tells', () => {
    const cut = log.export({
      type: 'filtered',
      indexes: indexes.slice(1),
      filters: { runId: RUNS[0] as string },
      withRuns: false,
    });
    const end = linesOf(genuine).find((line) => line.kind === 'run' && line['id'] === RUNS[0]) as Forgeable;
    expect(
      offline.verify(
        forge(cut, (lines) => [...lines, end]),
        '--key',
        key.vkey,
      ),
    ).toMatchObject({
      code: 1,
      fault: { reason: 'chain_cut', runId: RUNS[0] },
    });
    expect(
      offline.verify(
        forge(ofRun(), (lines) => [...lines, end]),
        '--key',
        key.vkey,
      ),
    ).toMatchObject({ code: 0 });
  });
});

function swapMember(lines: Forgeable[], member: string): Forgeable[] {
  const [first, second] = eventsOf(lines) as [Forgeable, Forgeable];
  return lines.map((line) => (line === first ? { ...line, [member]: second[member] } : line));
}
