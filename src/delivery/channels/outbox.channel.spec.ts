import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import PostalMime from 'postal-mime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../kernel/ids.js';
import { OutboxChannel } from './outbox.channel.js';
import { outgoingMessage } from '../../../test/harness/outgoing-message.fake.js';

describe('OutboxChannel', () => {
  let dataDir: string;
  let channel: OutboxChannel;
  const signal = new AbortController().signal;

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'outbox-'));
    channel = new OutboxChannel({ environment: 'test', configDir: dataDir, dataDir, version: '0.0.0' });
  });

  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  const fileOf = (runId: string, index = 0) => join(dataDir, 'outbox', runId, `${index}.eml`);

  it('writes a message that a mail reader reads back unchanged', async () => {
    const message = outgoingMessage({
      from: { name: 'Müller & Söhne', address: 'kontakt@example.com' },
      to: { name: '山田 花子', address: 'hanako@example.org' },
      subject: 'Grüße – Ihr Tarif läuft aus ✓ und dieser Betreff ist länger als eine Zeile von 78 Zeichen',
      text:
        'Sehr geehrte Frau Yamada,\n\nIhr Tarif läuft aus.\nÜber 998 Zeichen: ' + 'ä'.repeat(1_200) + '\n',
    });

    const result = await channel.send(message, { signal });

    expect(result).toEqual({ status: 'sent', reference: `outbox/${message.runId}/0.eml` });
    const content = await readFile(fileOf(message.runId));
    const mail = await PostalMime.parse(content);
    expect(mail.from).toEqual({ name: 'Müller & Söhne', address: 'kontakt@example.com' });
    expect(mail.to).toEqual([{ name: '山田 花子', address: 'hanako@example.org' }]);
    expect(mail.subject).toBe(message.subject);
    expect(mail.messageId).toBe(message.messageId);
    expect(mail.date).toBe('2026-03-04T05:06:07.000Z');
    expect(mail.text?.replaceAll('\r\n', '\n').trimEnd()).toBe(message.text.trimEnd());
    const lines = content.toString('latin1').split('\r\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(998);
    expect(lines.every((line) => !line.includes('\n'))).toBe(true);
  });

  it.each([
    ['subject', { subject: 'Hi\r\nBcc: thief@example.net\r\n\r\nbody' }],
    ['recipient name', { to: { name: 'A\r\nBcc: thief@example.net', address: 'ada@example.org' } }],
    [
      'sender name',
      { from: { name: 'A" <x@example.net>,\nBcc: thief@example.net', address: 'renewals@example.com' } },
    ],
  ])('a line break in the %s adds no header', async (_where, fields) => {
    const message = outgoingMessage(fields);

    expect(await channel.send(message, { signal })).toMatchObject({ status: 'sent' });

    const mail = await PostalMime.parse(await readFile(fileOf(message.runId)));
    expect(mail.bcc).toBeUndefined();
    expect(mail.from?.address).toBe('renewals@example.com');
    expect(mail.to?.map(({ address }) => address)).toEqual(['ada@example.org']);
    expect(mail.headers.map(({ key }) => key)).not.toContain('bcc');
    expect(mail.text?.trim()).toBe(message.text.trim().replaceAll('\r\n', '\n'));
  });

  it.each([
    'ada@example.org, thief@example.net',
    'ada@example.org\r\nBcc: x@example.net',
    '<ada@example.org>',
    'ada',
    '',
  ])('an address that is not one plain mailbox is refused for good: %j', async (address) => {
    const message = outgoingMessage({ to: { name: 'Ada', address } });

    expect(await channel.send(message, { signal })).toMatchObject({ status: 'failed', retryable: false });
    expect(await channel.reconcile(message)).toBe('not_sent');
  });

  it('a second hand-over of the same message changes nothing', async () => {
    const message = outgoingMessage();
    const first = await channel.send(message, { signal });
    const before = await stat(fileOf(message.runId));

    expect(await channel.send({ ...message, text: 'Something else' }, { signal })).toEqual(first);

    const after = await stat(fileOf(message.runId));
    expect(after.ino).toBe(before.ino);
    expect(await readdir(join(dataDir, 'outbox', message.runId))).toEqual(['0.eml']);
  });

  it('a message never takes the place of another', async () => {
    const message = outgoingMessage();
    await channel.send(message, { signal });

    const other = await channel.send({ ...message, messageId: '<other@countersign.example>' }, { signal });

    expect(other).toMatchObject({ status: 'failed', retryable: false });
    expect(await readFile(fileOf(message.runId), 'utf8')).toContain(message.messageId);
  });

  it('a half-written file of a crash does not count as sent', async () => {
    const message = outgoingMessage();
    await mkdir(join(dataDir, 'outbox', message.runId), { recursive: true });
    await writeFile(join(dataDir, 'outbox', message.runId, '.0.eml.abcdef.tmp'), 'From: ');

    expect(await channel.reconcile(message)).toBe('not_sent');
    expect(await channel.send(message, { signal })).toMatchObject({ status: 'sent' });
    expect(await channel.reconcile(message)).toBe('sent');
    // It held personal data and would have stayed for ever.
    expect(await readdir(join(dataDir, 'outbox', message.runId))).toEqual(['0.eml']);
  });

  it('files and folder are readable by their owner only', async () => {
    const message = outgoingMessage();
    await channel.send(message, { signal });

    expect((await stat(fileOf(message.runId))).mode & 0o777).toBe(0o600);
    expect((await stat(join(dataDir, 'outbox', message.runId))).mode & 0o777).toBe(0o700);
  });

  it('a run id that is not an id never becomes a path', async () => {
    const message = outgoingMessage({ runId: '../../escape' });

    await expect(channel.send(message, { signal })).rejects.toThrow('no place in the outbox');
    await expect(channel.reconcile(outgoingMessage({ index: -1 }))).rejects.toThrow('no place in the outbox');
  });

  it('an outbox that cannot be written is a failure worth another attempt', async () => {
    await writeFile(join(dataDir, 'outbox'), 'a file where the folder should be');

    const message = outgoingMessage({ runId: newId() });

    expect(await channel.send(message, { signal })).toMatchObject({ status: 'failed', retryable: true });
    expect(await channel.reconcile(message)).toBe('unknown');
  });

  it('a delivery stopped before it began is not made', async () => {
    const message = outgoingMessage();

    expect(await channel.send(message, { signal: AbortSignal.abort() })).toMatchObject({
      status: 'failed',
      retryable: true,
    });
    expect(await channel.reconcile(message)).toBe('not_sent');
  });
});
