import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { AppConfig } from '../config/app-config.js';
import { loggerOptions } from './logger-options.js';
import { maskLine } from './mask-line.js';

const EMAIL = 'grace.hopper@example.com';
const CARD = '4111 1111 1111 1111';
const LEAKS = /grace|hopper|4111/;

function logWith(config: Partial<AppConfig['logging']>) {
  const lines: string[] = [];
  const options = loggerOptions({ level: 'info', pretty: false, ...config }, '1.2.3');
  return { lines, logger: pino(options, { write: (line: string) => void lines.push(line) }) };
}

describe('a log line', () => {
  it('is one JSON object with ISO time, level by name, service and version', () => {
    const { lines, logger } = logWith({});
    logger.info({ event: 'thing.done', count: 3 }, 'done');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/\}\n$/);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      service: 'countersign',
      version: '1.2.3',
      event: 'thing.done',
      count: 3,
      msg: 'done',
    });
  });

  const error = Object.assign(new Error(`no mailbox ${EMAIL}`, { cause: new Error(`card ${CARD}`) }), {
    parameters: ['Grace Hopper'],
  });

  it.each<[string, (logger: pino.Logger) => void]>([
    ['the message', (logger) => logger.info(`sent to ${EMAIL}`)],
    ['a message that begins with a line break', (logger) => logger.info(`first\n${EMAIL}`)],
    ['format arguments', (logger) => logger.info('sent to %s with %o', EMAIL, { card: CARD })],
    ['a field', (logger) => logger.info({ to: EMAIL, nested: [{ text: `pay ${CARD}` }] }, 'sent')],
    ['a key', (logger) => logger.info({ [EMAIL]: 1 }, 'sent')],
    ['child bindings', (logger) => logger.child({ recipient: EMAIL }).info('sent')],
    ['an error, its cause and its stack', (logger) => logger.error({ err: error }, 'failed')],
    ['an error by itself', (logger) => logger.error(error)],
    [
      'a field that pretends to be an id',
      (logger) => logger.info({ requestId: EMAIL, component: EMAIL }, 'x'),
    ],
  ])('shows no personal data from %s, as JSON or pretty', (_where, log) => {
    for (const pretty of [false, true]) {
      const { lines, logger } = logWith({ pretty });
      log(logger);
      expect(lines.join('')).not.toMatch(LEAKS);
      expect(lines.join('')).not.toBe('');
    }
  });

  it('leaves out what drivers hang on their errors', () => {
    const { lines, logger } = logWith({});
    logger.error({ err: error }, 'failed');
    expect(lines.join('')).not.toContain('Grace Hopper');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ err: { type: 'Error', cause: { type: 'Error' } } });
  });

  it('keeps the ids that join it to others', () => {
    const ids = {
      requestId: '4165550199-4165550199',
      runId: '01a1fbea-b5b0-72cd-bbb4-3ecaea220b75',
      tenantId: '00000000-0000-7000-8000-000000000001',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    };
    expect(JSON.parse(maskLine(JSON.stringify({ ...ids, msg: 'x' })))).toEqual({ ...ids, msg: 'x' });
  });

  it('is dropped, and that is said, when it cannot be checked', () => {
    const masked = maskLine(`not json ${EMAIL}\n`);
    expect(masked).not.toMatch(LEAKS);
    expect(JSON.parse(masked)).toMatchObject({ level: 'error' });
  });

  it('is readable in development, on one line', () => {
    const { lines, logger } = logWith({ pretty: true });
    logger.warn({ component: 'Http', status: 503 }, 'slow');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/WARN.*slow.*503.*\n$/);
    expect(lines[0]).not.toMatch(/^\{/);
  });
});
