import { createTransport } from 'nodemailer';
import { describe, expect, it } from 'vitest';
import { previewEml } from './eml-preview.js';

describe('previewEml', () => {
  it.each([
    ['plain', 'Ada Example', 'Your plan', 'Hello Ada,\n\nshort lines.\n\nMiriam'],
    [
      'quoted-printable',
      'Étienne Marché',
      'Grüße an Étienne, mit einem Betreff der über eine Zeile hinausgeht',
      `Für Étienne = ${'lang '.repeat(40)}Ende`,
    ],
    ['base64', '山田 花子', '契約のお知らせ', '山田様\n\nご契約は間もなく終了します。'],
  ])('%s', async (_encoding, name, subject, text) => {
    const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
    const { message } = await composer.sendMail({
      from: 'sender@example.com',
      to: { name, address: 'to@example.org' },
      subject,
      text,
    });

    const preview = previewEml((message as Buffer).toString());

    expect(new Map(preview.headers).get('Subject')).toBe(subject);
    expect(new Map(preview.headers).get('To')).toContain(name);
    expect(preview.text).toBe(text);
  });
});
