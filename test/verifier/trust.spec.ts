import { createHmac, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/kernel/canonical-json.js';
import { newId } from '../../src/kernel/ids.js';
import { tilePath } from '../../src/verifier/log-directory.js';
import { type Forgeable, forge, sealed } from '../harness/forged-export.js';
import { OfflineVerifier } from '../harness/offline-verifier.js';
import { SignedLog } from '../harness/signed-log.js';
import { SigningKey } from '../harness/signing-key.js';

const offline = new OfflineVerifier();
afterAll(() => offline.close());

const key = new SigningKey('countersign.test/audit/log-a/1');
const run = newId();

function logOf(count: number, witnesses: SigningKey[] = []): SignedLog {
  const log = new SignedLog(key, newId(), witnesses);
  for (let at = 0; at < count; at++) log.append({}, run);
  return log;
}

describe('a key', () => {
  const genuine = logOf(3).export();

  it('that comes with the file makes it self-consistent at most', () => {
    expect(offline.verify(genuine)).toMatchObject({ verdict: 'self-consistent', code: 3 });
  });

  it('in a file does not keep a fault from being named', () => {
    const file = forge(genuine, (lines) => lines.filter((line) => line['index'] !== 1));
    expect(offline.verify(file)).toMatchObject({ verdict: 'tampered', code: 1 });
  });

  it('may come from a file, beside others', () => {
    const file = offline.file(
      `# the logs we trust\n\n${new SigningKey('another.log').vkey}\n${key.vkey}\n`,
      'keys',
    );
    expect(offline.verify(genuine, '--key', file)).toMatchObject({
      code: 0,
      signedBy: [expect.stringContaining(key.name)],
    });
  });

  it('of another log does not speak for this one', () => {
    expect(offline.verify(genuine, '--key', new SigningKey('another.log').vkey)).toMatchObject({
      code: 1,
      fault: { reason: 'foreign_key' },
    });
  });

  it.each(['nothing', `${key.vkey}x`, '/no/such/file', new SigningKey('w', 4).vkey])(
    '%s is no key of a log',
    (given) => {
      expect(offline.verify(genuine, '--key', given)).toMatchObject({
        code: 2,
        fault: { reason: 'key_unusable' },
      });
    },
  );
});

describe('k of n witnesses', () => {
  const witnesses = ['one', 'two', 'three'].map((name) => new SigningKey(`witness.test/${name}`, 4));
  const [first, second, third] = witnesses as [SigningKey, SigningKey, SigningKey];
  const file = logOf(4, [first, second]).export();
  const all = witnesses.flatMap(({ vkey }) => ['--witness', vkey]);

  it('are enough when so many have cosigned as must', () => {
    expect(offline.verify(file, '--key', key.vkey, ...all, '--quorum', '2')).toMatchObject({
      code: 0,
      witnesses: [
        { name: first.name, at: '2023-11-14T22:13:20.000Z' },
        { name: second.name, at: '2023-11-14T22:13:20.000Z' },
      ],
    });
  });

  it('are not enough when one is missing; without a number all must have', () => {
    for (const args of [all, [...all, '--quorum', '3'], ['--witness', third.vkey]]) {
      expect(offline.verify(file, '--key', key.vkey, ...args)).toMatchObject({
        code: 1,
        fault: { reason: 'witnesses_missing' },
      });
    }
  });

  it('are not replaced by a forged cosignature', () => {
    const text = logOf(4).note().split('\n\n')[0] as string;
    const cosigned = logOf(4, [first]);
    const note = cosigned.note().replace(/— witness[^\n]+\n/, first.sign(`${text}\n`));
    expect(
      offline.verify(cosigned.export({ note }), '--key', key.vkey, ...all, '--quorum', '1'),
    ).toMatchObject({
      code: 1,
      fault: { reason: 'signature_forged' },
    });
  });

  it('cannot be asked for in a larger number than there are', () => {
    const { code, output } = offline.run(offline.file(file), '--key', key.vkey, '--quorum', '1');
    expect(code).toBe(2);
    expect(output).toContain('--quorum must be');
  });
});

describe('a value that was shown', () => {
  const path = 'recipient.email';
  const salt = randomBytes(32);
  const commit = (value: unknown) =>
    createHmac('sha256', salt).update(path).update(Buffer.of(0)).update(canonicalJson(value)).digest('hex');
  const log = logOf(2);
  log.append({
    type: 'consent.recorded',
    sealed: [{ f: path, s: newId(), c: commit('ada@example.com') }],
  } as object);
  const showing = (shown: object) =>
    forge(log.export(), (lines) =>
      lines.map((line) => (line['index'] === 2 ? { ...line, disclosed: [shown] } : line)),
    );

  it('is the one that the leaf commits to', () => {
    const file = showing({ f: path, value: 'ada@example.com', salt: salt.toString('base64') });
    expect(offline.verify(file, '--key', key.vkey)).toMatchObject({ code: 0, counts: { disclosed: 1 } });
  });

  it.each([
    ['value', { value: 'eve@example.com' }],
    ['salt', { salt: randomBytes(32).toString('base64') }],
    ['path', { f: 'sender.email' }],
  ])('is refused with another %s', (_what, other) => {
    const file = showing({ f: path, value: 'ada@example.com', salt: salt.toString('base64'), ...other });
    expect(offline.verify(file, '--key', key.vkey)).toMatchObject({
      code: 1,
      fault: { reason: 'disclosure_differs', index: 2 },
    });
  });
});

describe('a bundle', () => {
  const body = Buffer.from('{"emails":[]}');
  const digest = leafDigest(body);
  const log = logOf(1);
  log.append({ type: 'workflow.step_completed', detail: { step: 'email', output: digest } }, run);
  log.append({}, run);
  const bundle = (documents: { name: string; body: Buffer; recordedIn?: number }[]) =>
    log.export({ type: 'bundle', filters: { runId: run }, documents });

  it('tells of a document whether an event names it', () => {
    const file = bundle([
      { name: 'artefact', body, recordedIn: 1 },
      { name: 'report', body: Buffer.from('{}') },
    ]);
    expect(offline.verify(file, '--key', key.vkey)).toMatchObject({
      code: 0,
      input: 'bundle',
      counts: { documents: 2, recordedDocuments: 1 },
      limits: [expect.anything(), expect.stringContaining('No event names 1 of the documents')],
    });
  });

  it.each<[string, (document: Forgeable) => Forgeable, string]>([
    [
      'was changed',
      (line) => ({ ...line, body: Buffer.from('{"emails":[1]}').toString('base64') }),
      'document_differs',
    ],
    [
      'was changed together with its digest',
      (line) => ({ ...line, ...withDigest('{"emails":[1]}') }),
      'document_not_recorded',
    ],
    ['is said to be named by another event', (line) => ({ ...line, recordedIn: 0 }), 'document_not_recorded'],
    [
      'is said to be named by an event that is not there',
      (line) => ({ ...line, recordedIn: 99 }),
      'document_not_recorded',
    ],
  ])('is refused when a document %s', (_what, change, reason) => {
    const file = forge(bundle([{ name: 'artefact', body, recordedIn: 1 }]), (lines) =>
      lines.map((line) => (line.kind === 'document' ? change(line) : line)),
    );
    expect(offline.verify(file, '--key', key.vkey)).toMatchObject({ code: 1, fault: { reason } });
  });
});

describe('nothing', () => {
  it.each<[string, string, string]>([
    ['a log without events', new SignedLog(key).export(), 'no_events'],
    [
      'an export that holds none of the events',
      logOf(3).export({ type: 'filtered', indexes: [], withRuns: false }),
      'no_events',
    ],
    ['an export of hashes only', logOf(2).export({ gone: [0, 1], withRuns: false }), 'no_events'],
    ['an empty file', '', 'not_an_export'],
    ['a text', 'Dear auditor,\n', 'not_an_export'],
    ['another JSON', '{"items":[]}', 'not_an_export'],
    ['a header alone', sealed([]), 'not_an_export'],
    [
      'a later format',
      logOf(1).export().replace('countersign-export/1', 'countersign-export/2'),
      'format_unknown',
    ],
    ['checkpoints of an empty log', new SignedLog(key).note(), 'no_events'],
  ])('is proven by %s', (_what, file, reason) => {
    expect(offline.verify(file, '--key', key.vkey, '--accept-gone')).toMatchObject({
      verdict: 'unusable',
      code: 2,
      fault: { reason },
    });
  });

  it('is proven by a file that is not there', () => {
    expect(offline.verifyPath('/no/such/file')).toMatchObject({
      code: 2,
      fault: { reason: 'file_unreadable' },
    });
  });
});

describe('a single proof', () => {
  const log = logOf(7);
  const { leaf, hash } = log.events[3] as { leaf: Buffer; hash: Buffer };
  const proof = {
    eventId: JSON.parse(leaf.toString()).id as string,
    index: 3,
    leaf: leaf.toString('base64'),
    leafHash: hash.toString('base64'),
    proof: log.inclusion(3).map((each) => each.toString('base64')),
    checkpoint: log.note(),
  };
  const verify = (change: object, ...args: string[]) =>
    offline.verify(JSON.stringify({ ...proof, ...change }), '--key', key.vkey, ...args);

  it('shows that one event is in the log', () => {
    expect(verify({})).toMatchObject({ code: 0, input: 'proof', counts: { events: 1 } });
  });

  it.each<[string, object, string]>([
    ['another place', { index: 4 }, 'proof_fails'],
    ['another event', { eventId: newId() }, 'leaf_hash_differs'],
    ['another leaf', { leaf: log.events[4]?.leaf.toString('base64') }, 'leaf_hash_differs'],
    [
      'another leaf with its hash',
      {
        leaf: log.events[4]?.leaf.toString('base64'),
        leafHash: log.events[4]?.hash.toString('base64'),
        eventId: undefined,
      },
      'proof_fails',
    ],
    ['an earlier checkpoint', { checkpoint: log.note(6) }, 'proof_fails'],
    ['the checkpoint of another log', { checkpoint: logOf(7).note() }, 'proof_fails'],
    [
      'a checkpoint that somebody else signed',
      { checkpoint: log.note(7, new SigningKey('x'), key.name) },
      'foreign_key',
    ],
    ['too few hashes', { proof: proof.proof.slice(1) }, 'proof_fails'],
    ['hashes of another length', { proof: ['AAAA'] }, 'line_malformed'],
  ])('is refused with %s', (_what, change, reason) => {
    expect(verify(change)).toMatchObject({ code: 1, fault: { reason } });
  });

  it('of continuation leads from a checkpoint that is known', () => {
    const anchor = offline.file(log.note(5), 'known');
    const continuation = (of: SignedLog) =>
      JSON.stringify({
        from: 5,
        to: 7,
        proof: of.consistency(5).map((each) => each.toString('base64')),
        checkpoint: of.note(),
      });
    const args = ['--key', key.vkey, '--anchor', anchor];
    expect(offline.verify(continuation(log), ...args)).toMatchObject({ code: 0, comparedCheckpoints: 1 });
    expect(offline.verify(continuation(logOf(7)), ...args)).toMatchObject({
      code: 1,
      fault: { reason: 'proof_fails' },
    });
    expect(offline.verify(continuation(log), '--key', key.vkey)).toMatchObject({
      code: 2,
      fault: { reason: 'not_comparable' },
    });
  });
});

describe('a folder with a tiled log', () => {
  const log = logOf(300);

  function write(name: string, change: (entries: Buffer[]) => void = () => undefined): string {
    const folder = offline.path(name);
    const leaves = log.events.map(({ leaf }) => leaf);
    change(leaves);
    for (const [number, first, last] of [
      [0, 0, 256],
      [1, 256, 300],
    ] as const) {
      const path = tilePath(number, last - first);
      const bundle = leaves
        .slice(first, last)
        .flatMap((leaf) => [Buffer.of(leaf.length >> 8, leaf.length & 255), leaf]);
      const hashes = log.events.slice(first, last).map(({ hash }) => hash);
      for (const [kind, parts] of [
        ['entries', bundle],
        ['0', hashes],
      ] as const) {
        mkdirSync(`${folder}/tile/${kind}/${path}`.replace(/\/[^/]+$/, ''), { recursive: true });
        writeFileSync(`${folder}/tile/${kind}/${path}`, Buffer.concat(parts));
      }
    }
    writeFileSync(`${folder}/checkpoint`, log.note());
    return folder;
  }

  it('is valid when its entries lead to its checkpoint', () => {
    expect(offline.verifyPath(write('tiles'), '--key', key.vkey)).toMatchObject({
      code: 0,
      input: 'log-directory',
      counts: { events: 300, runs: 1 },
    });
  });

  it('names the entry that was changed', () => {
    const folder = write('changed', (leaves) => {
      leaves[270] = Buffer.from(String(leaves[270]).replace('"success"', '"failure"'));
    });
    expect(offline.verifyPath(folder, '--key', key.vkey)).toMatchObject({
      code: 1,
      fault: { reason: 'leaf_hash_differs', index: 270 },
    });
  });

  it('names the tile that is not whole', () => {
    const folder = write('short', (leaves) => void leaves.pop());
    expect(offline.verifyPath(folder, '--key', key.vkey)).toMatchObject({
      code: 1,
      fault: { reason: 'events_missing', index: 256 },
    });
  });
});

describe('a file of checkpoints', () => {
  const log = logOf(9);

  it('is valid when each is signed and none is smaller than the one before', () => {
    const file = [3, 6, 6, 9].map((size) => log.note(size)).join('\n');
    expect(offline.verify(file, '--key', key.vkey)).toMatchObject({ code: 0, counts: { checkpoints: 4 } });
  });

  it('may be the lines that a server appends, one of which a crash has cut off', () => {
    const lines = [3, 9].map((size) =>
      JSON.stringify({ time: '2026-11-28T12:00:00.000Z', note: log.note(size) }),
    );
    const text = `${lines[0]}\n${String(lines[1]).slice(0, 99)}\n${lines[1]}\n`;
    expect(offline.verify(text, '--key', key.vkey)).toMatchObject({ code: 0, counts: { checkpoints: 2 } });
    const folder = offline.path('anchors');
    mkdirSync(folder);
    writeFileSync(`${folder}/2026-11.jsonl`, text);
    expect(offline.verify(log.export(), '--key', key.vkey, '--anchor', folder)).toMatchObject({
      code: 0,
      comparedCheckpoints: 2,
    });
  });

  it.each<[string, string, string]>([
    ['goes back', `${log.note(6)}\n${log.note(3)}`, 'rolled_back'],
    ['tells two histories', `${log.note(6)}\n${logOf(9).note(6)}`, 'split_view'],
    [
      'holds one that somebody else signed',
      `${log.note(3, new SigningKey('x'), key.name)}\n${log.note(6)}`,
      'foreign_key',
    ],
  ])('is refused when it %s', (_what, file, reason) => {
    expect(offline.verify(file, '--key', key.vkey)).toMatchObject({ code: 1, fault: { reason } });
  });
});

function leafDigest(body: Buffer): string {
  return withDigest(body.toString()).sha256;
}

function withDigest(text: string) {
  const [line] = new SignedLog(key)
    .export({ type: 'bundle', documents: [{ name: 'x', body: Buffer.from(text) }] })
    .split('\n')
    .slice(2);
  const { sha256, body } = JSON.parse(String(line)) as { sha256: string; body: string };
  return { sha256, body };
}
