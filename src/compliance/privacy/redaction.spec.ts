import { describe, expect, it } from 'vitest';
import { redactJson, redactText } from './redaction.js';

const random = 'aB3dE5gH7jK9mN1pQ4rS6tU8vW0xY2zA';

describe('redactText', () => {
  it.each([
    ['sent to jane@example.com', 'sent to [EMAIL]'],
    ['dial +1 415 555 2671 now', 'dial [PHONE] now'],
    ['card 4111 1111 1111 1111', 'card [CREDIT_CARD]'],
    ['ssn 123-45-6789', 'ssn [US_SSN]'],
    ['peer 203.0.113.7 closed', 'peer [IP_ADDRESS] closed'],
    ['peer 2001:db8::8a2e:370:7334 closed', 'peer [IP_ADDRESS] closed'],
    ['DE89 3704 0044 0532 0130 00', '[IBAN]'],
    [`Authorization: Bearer ${random}`, 'Authorization: Bearer [API_KEY]'],
    [`used cs_${random}.`, 'used [API_KEY].'],
    [`ghp_${random}aB3d`, '[API_KEY]'],
    ['postgres://app:s3cr3t-pw@db:5432/x', 'postgres://app:[API_KEY]@db:5432/x'],
    ['password=hunter2-blue!', 'password=[API_KEY]'],
    ['born 1984-03-12', 'born [DATE_OF_BIRTH]'],
    ['call +1 201–581–0485', 'call [PHONE]'],
    ['to SE35 5000 0000 0549 1000 0003', 'to [IBAN]'],
    ['mail jane.doe at example dot com now', 'mail [EMAIL] now'],
    ['mail jane.doe [at] example [dot] com', 'mail [EMAIL]'],
    ['/u?to=jane%40example.com', '/u?to=[EMAIL]'],
    ['to jane&#64;example.com', 'to [EMAIL]'],
    ['to jane&commat;example.com', 'to [EMAIL]'],
    ['to amFuZUBleGFtcGxlLmNvbQ==', 'to [EMAIL]'],
    ['to \uff4a\uff41\uff4e\uff45\uff20\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45.com', 'to [EMAIL]'],
    ['card 4111\u00ad1111\u00ad1111\u00ad1111', 'card [CREDIT_CARD]'],
    ['SSN 493-51\n8471', 'SSN [US_SSN]'],
    ['NINO AB123456C', 'NINO [UK_NINO]'],
    ['PAN of the taxpayer ABCPK1234F', 'PAN of the taxpayer [IN_PAN]'],
    ['Physical address is aabb.ccdd.eeff', 'Physical address is [MAC_ADDRESS]'],
  ])('%s', (text, expected) => {
    expect(redactText(text)).toBe(expected);
  });

  it.each([
    '01890a5d-ac96-774b-bcce-b302099a8057',
    'run 01890a5d-ac96-774b-bcce-b302099a8057 moved to GENERATION in 1532 ms',
    '2025-11-21T01:54:00.123Z',
    'until 2025-11-21T01:54:00.123Z',
    '4bf92f3577b34da6a3ce929d0e0e4736',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'listening on http://127.0.0.1:3000',
    'Hello ⟦GIVEN_NAME_1⟧, ⟦EMAIL_1⟧',
    'GET /v1/workflows/01890a5d-ac96-774b-bcce-b302099a8057/history 200',
    'node v24.21.0, 5432 tries, 99.95 %',
  ])('leaves %s', (text) => {
    expect(redactText(text)).toBe(text);
  });
});

describe('redactJson', () => {
  it('returns a record without personal data as it is, not a copy', () => {
    const record = {
      level: 30,
      time: 1_763_690_040_123,
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      durationMs: 12.5,
      port: 5432,
      items: [{ name: 'email_generator' }],
    };
    expect(redactJson(record)).toBe(record);
  });

  it('masks secrets by the name of their field, whatever they look like', () => {
    expect(
      redactJson({
        authorization: 'x',
        headers: { cookie: 'a=b', 'set-cookie': ['c'], 'X-Api-Key': '1' },
        password: 1234,
        client_secret: 's',
        accessToken: 'abc',
        inputTokens: 5,
        tokens: 7,
        secret: null,
      }),
    ).toEqual({
      authorization: '[SECRET]',
      headers: { cookie: '[SECRET]', 'set-cookie': '[SECRET]', 'X-Api-Key': '[SECRET]' },
      password: '[SECRET]',
      client_secret: '[SECRET]',
      accessToken: '[SECRET]',
      inputTokens: 5,
      tokens: 7,
      secret: null,
    });
  });

  it('masks personal data by the name of its field, but no generic name', () => {
    expect(
      redactJson({
        email: 'not an address',
        firstName: 'Jane',
        phone: 5_550_100,
        name: 'requirements_agent',
        address: { street: 'Main' },
      }),
    ).toEqual({
      email: '[EMAIL]',
      firstName: '[PERSON]',
      phone: '[PHONE]',
      name: 'requirements_agent',
      address: { street: '[ADDRESS]' },
    });
    const harmless = { email: '⟦EMAIL_1⟧', address: '127.0.0.1', server: { address: 'http://[::1]:3000' } };
    expect(redactJson(harmless)).toEqual(harmless);
  });

  it('masks values in texts, keys, lists and long numbers', () => {
    expect(
      redactJson({
        message: 'to a@example.com',
        list: ['203.0.113.7'],
        'a@example.com': 1,
        pan: 4_111_111_111_111_111,
        at: 1_763_690_040_123,
      }),
    ).toEqual({
      message: 'to [EMAIL]',
      list: ['[IP_ADDRESS]'],
      '[EMAIL]': 1,
      pan: '[CREDIT_CARD]',
      at: 1_763_690_040_123,
    });
  });

  it('keeps identifiers by name only while they look like one', () => {
    expect(redactJson({ requestId: '4155552671', traceId: 'jane@example.com' })).toEqual({
      requestId: '4155552671',
      traceId: '[EMAIL]',
    });
  });

  it('reads errors to the ground', () => {
    const error = new Error('no mailbox a@example.com', { cause: new Error('peer 203.0.113.7') });
    const redacted = JSON.stringify(redactJson({ err: error }));
    expect(redacted).toContain('no mailbox [EMAIL]');
    expect(redacted).toContain('peer [IP_ADDRESS]');
    expect(redacted).not.toContain('a@example.com');
  });

  it('ends on circles and on depth', () => {
    const circle: Record<string, unknown> = { mail: 'x' };
    circle['self'] = circle;
    expect(redactJson(circle)).toEqual({ mail: '[EMAIL]', self: '[CIRCULAR]' });
    let deep: unknown = 'a@example.com';
    for (let depth = 0; depth < 100; depth++) deep = { deep };
    expect(JSON.stringify(redactJson(deep))).not.toContain('a@example.com');
  });
});
