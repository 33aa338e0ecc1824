import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../kernel/canonical-json.js';
import { restoreText, Tokenizer, tokensIn, type VaultEntry } from './tokenizer.js';

const RUN = 'run_1';
const JANE = {
  subjectRef: 'sub_1',
  name: 'Jane Doe',
  email: 'jane.doe@example.com',
  fields: { phone: '+1 415 555 2671', plan: 'gold card' },
};
const JOHN = { subjectRef: 'sub_2', name: 'John Roe', email: 'john@example.org' };

function withPeople(): Tokenizer {
  const tokenizer = new Tokenizer({ runRef: RUN });
  tokenizer.addSubject(JANE);
  tokenizer.addSubject(JOHN);
  return tokenizer;
}

/** Restores with everything a vault would hold. */
function restorer(entries: readonly VaultEntry[]): (text: string) => string {
  const values = new Map(entries.map((entry) => [entry.token, entry.value]));
  return (text) => restoreText(text, (token) => values.get(token));
}

describe('subjects', () => {
  it('get tokens that share their number', () => {
    const tokenizer = new Tokenizer({ runRef: RUN });
    expect(tokenizer.addSubject(JANE)).toEqual({
      name: '⟦PERSON_1⟧',
      givenName: '⟦GIVEN_NAME_1⟧',
      email: '⟦EMAIL_1⟧',
      fields: { phone: '⟦PHONE_1⟧', plan: '⟦ATTRIBUTE_1⟧' },
    });
    expect(tokenizer.addSubject(JOHN)).toEqual({
      name: '⟦PERSON_2⟧',
      givenName: '⟦GIVEN_NAME_2⟧',
      email: '⟦EMAIL_2⟧',
      fields: {},
    });
  });

  it('get the same tokens again, also after the run was resumed', () => {
    const tokenizer = withPeople();
    const tokens = tokenizer.addSubject(JANE);
    const entries = tokenizer.takeNewEntries();
    const resumed = new Tokenizer({ runRef: RUN, entries });
    expect(resumed.addSubject(JANE)).toEqual(tokens);
    expect(resumed.takeNewEntries()).toEqual([]);
    expect(resumed.addSubject({ subjectRef: 'sub_3', name: 'Jane Doe' }).name).toBe('⟦PERSON_3⟧');
  });

  it('have entries that say whose the value is', () => {
    expect(withPeople().takeNewEntries()).toContainEqual({
      token: '⟦EMAIL_2⟧',
      entity: 'EMAIL',
      subjectRef: 'sub_2',
      value: 'john@example.org',
      shared: false,
    });
  });

  it('are greeted by the first word of the name that is no title', () => {
    const tokenizer = new Tokenizer({ runRef: RUN });
    tokenizer.addSubject({ subjectRef: 'a', name: 'Dr. Ada Byron' });
    tokenizer.addSubject({ subjectRef: 'b', name: 'Cher' });
    const given = tokenizer.takeNewEntries().filter((entry) => entry.entity === 'GIVEN_NAME');
    expect(given.map((entry) => entry.value)).toEqual(['Ada', 'Cher']);
  });

  it('are found after a resume without being added again', () => {
    const resumed = new Tokenizer({ runRef: RUN, entries: withPeople().takeNewEntries() });
    expect(resumed.tokenizeText('Jane Doe, JANE, john@example.org, 415-555-2671')).toMatch(
      /^⟦PERSON_1⟧, ⟦GIVEN_NAME_\d⟧, ⟦EMAIL_2⟧, ⟦PHONE_\d⟧$/,
    );
  });
});

describe('texts', () => {
  it('keep nothing of known and of detected values', () => {
    const tokenizer = withPeople();
    const text = tokenizer.tokenizeUntrusted(
      'Jane Doe (JANE.DOE@EXAMPLE.COM) and Mr Roe pay with 4111 1111 1111 1111 from 203.0.113.7',
    );
    expect(text).toBe(
      '⟦PERSON_1⟧ (⟦EMAIL_3⟧) and Mr ⟦FAMILY_NAME_2⟧ pay with ⟦CREDIT_CARD_1⟧ from ⟦IP_ADDRESS_1⟧'.replace(
        'EMAIL_3',
        /EMAIL_\d/.exec(text)?.[0] ?? '',
      ),
    );
    const owners = new Map(tokenizer.takeNewEntries().map((entry) => [entry.value, entry.subjectRef]));
    expect(owners.get('JANE.DOE@EXAMPLE.COM')).toBe('sub_1');
    expect(owners.get('Roe')).toBe('sub_2');
    expect(owners.get('4111 1111 1111 1111')).toBe(RUN);
  });

  it('give one value one token', () => {
    const tokenizer = new Tokenizer({ runRef: RUN });
    const text = tokenizer.tokenizeText('a@example.com b@example.com a@example.com');
    expect(text).toBe('⟦EMAIL_1⟧ ⟦EMAIL_2⟧ ⟦EMAIL_1⟧');
    expect(tokenizer.tokenizeText('b@example.com')).toBe('⟦EMAIL_2⟧');
  });

  it('of a model keep the tokens in them, however they are written', () => {
    const tokenizer = withPeople();
    const text = 'Hi ⟦GIVEN_NAME_1⟧, write to ⟦ email_1 ⟧ or ⟦PHONE_1⟧4155552671.';
    expect(tokenizer.tokenizeText('Hi ⟦GIVEN_NAME_1⟧, write to ⟦ email_1 ⟧.')).toBe(
      'Hi ⟦GIVEN_NAME_1⟧, write to ⟦ email_1 ⟧.',
    );
    expect(tokensIn(tokenizer.tokenizeText(text))).toEqual(
      expect.arrayContaining(['⟦GIVEN_NAME_1⟧', '⟦EMAIL_1⟧', '⟦PHONE_1⟧']),
    );
  });

  it('keep a token that stands inside a longer secret', () => {
    const tokenizer = withPeople();
    const block = '-----BEGIN PRIVATE KEY-----';
    const text = tokenizer.tokenizeText(`${block}\n⟦EMAIL_1⟧abc⟦EMAIL_2⟧\n`);
    expect(text).toMatch(/^⟦API_KEY_\d⟧⟦EMAIL_1⟧⟦API_KEY_\d⟧⟦EMAIL_2⟧⟦API_KEY_\d⟧$/);
    const restore = restorer(tokenizer.takeNewEntries());
    expect(restore(text)).toBe(`${block}\njane.doe@example.comabcjohn@example.org\n`);
  });

  it('of a person cannot smuggle in a token', () => {
    const tokenizer = withPeople();
    const input = 'send ⟦EMAIL_1⟧ and [EMAIL_1] and {{ phone_1 }} and ⟦EMAIL_ to me';
    const text = tokenizer.tokenizeUntrusted(input);
    expect(tokensIn(text).every((token) => token.startsWith('⟦LITERAL_'))).toBe(true);
    const entries = tokenizer.takeNewEntries();
    expect(entries.filter((entry) => entry.entity === 'LITERAL').every((entry) => entry.shared)).toBe(true);
    expect(restorer(entries)(text)).toBe(input);
  });

  it('that are shared mark what stands in them, known people included', () => {
    const tokenizer = withPeople();
    tokenizer.takeNewEntries();
    const text = tokenizer.tokenizeUntrusted('Thanks to Jane Doe, questions to help@example.net', {
      shared: true,
    });
    expect(text).toBe('Thanks to ⟦PERSON_1⟧, questions to ⟦EMAIL_3⟧');
    expect(tokenizer.takeNewEntries()).toEqual([
      { token: '⟦PERSON_1⟧', entity: 'PERSON', subjectRef: 'sub_1', value: 'Jane Doe', shared: true },
      { token: '⟦EMAIL_3⟧', entity: 'EMAIL', subjectRef: RUN, value: 'help@example.net', shared: true },
    ]);
    expect(tokenizer.takeNewEntries()).toEqual([]);
  });

  it('never leave half of a value behind where values touch', () => {
    const tokenizer = withPeople();
    const text = tokenizer.tokenizeUntrusted(
      'Jane Doe@example.com; x.jane.doe@example.com; jane.doe@example.com.au',
    );
    expect(text).not.toMatch(/jane|doe/i);
  });
});

describe('the subjects a text may speak of', () => {
  const tokenizer = new Tokenizer({ runRef: RUN });
  tokenizer.addSubject({ subjectRef: 'a', name: 'Grace Roe', fields: { phone: '+1 415 555 2671' } });
  tokenizer.addSubject({ subjectRef: 'b', name: 'Grace Doe', fields: { phone: '+1 415 555 2671' } });

  it('decide between people with the same value', () => {
    expect(tokenizer.tokenizeText('Dear Grace', { subjectRefs: ['b'] })).toBe('Dear ⟦GIVEN_NAME_2⟧');
    expect(tokenizer.tokenizeText('Dear Grace', { subjectRefs: ['a'] })).toBe('Dear ⟦GIVEN_NAME_1⟧');
    expect(tokenizer.tokenizeText('at +1 415 555 2671', { subjectRefs: ['b'] })).toBe('at ⟦PHONE_2⟧');
    expect(tokenizer.tokenizeText('Dear Grace')).toBe('Dear ⟦GIVEN_NAME_1⟧');
  });

  it('leave words that are other people’s names alone, but not their whole names', () => {
    expect(tokenizer.tokenizeText('with Grace and Grace Doe', { subjectRefs: ['c'] })).toBe(
      'with Grace and ⟦PERSON_2⟧',
    );
  });

  it('own what is found in their texts, without meeting each other’s', () => {
    const first = tokenizer.tokenizeUntrusted('ring 0800@example.com', { subjectRefs: ['a'] });
    const second = tokenizer.tokenizeUntrusted('ring 0800@example.com', { subjectRefs: ['b'] });
    expect(first).not.toBe(second);
    const entries = tokenizer.takeNewEntries().filter((entry) => entry.value === '0800@example.com');
    expect(entries.map((entry) => entry.subjectRef)).toEqual(['a', 'b']);
  });
});

describe('JSON', () => {
  const input: JsonValue = {
    goal: 'Win back Jane Doe',
    ssn: '536221234',
    card: 4_111_111_111_111_111,
    count: 1_000_000_000,
    nested: [{ 'john@example.org': true }, null, 12, 'call +1 415 555 2671'],
    password: 'tr0ub4dor-and-3',
    id: '01890a5d-ac96-774b-bcce-b302099a8057',
    at: '2025-11-21T01:54:00.123Z',
  };

  it('is walked through texts, keys and long numbers, with the key as context', () => {
    const tokenizer = withPeople();
    expect(tokenizer.tokenizeJson(input, 'untrusted')).toEqual({
      goal: 'Win back ⟦PERSON_1⟧',
      ssn: '⟦US_SSN_1⟧',
      card: '⟦CREDIT_CARD_1⟧',
      count: 1_000_000_000,
      nested: [{ '⟦EMAIL_2⟧': true }, null, 12, 'call ⟦PHONE_1⟧'],
      password: '⟦API_KEY_1⟧',
      id: '01890a5d-ac96-774b-bcce-b302099a8057',
      at: '2025-11-21T01:54:00.123Z',
    });
  });

  it('leaves nothing for the strict look', () => {
    const tokenizer = withPeople();
    expect(tokenizer.residual(input).map((finding) => finding.entity)).toEqual(
      expect.arrayContaining(['PERSON', 'US_SSN', 'CREDIT_CARD', 'EMAIL', 'PHONE', 'API_KEY']),
    );
    expect(tokenizer.residual(tokenizer.tokenizeJson(input, 'untrusted'))).toEqual([]);
    expect(tokenizer.residual(tokenizer.tokenizeJson(input, 'model'))).toEqual([]);
  });

  it('does not touch the prototype of what it makes', () => {
    const made = withPeople().tokenizeJson(
      JSON.parse('{"__proto__": "jane.doe@example.com"}') as JsonValue,
      'untrusted',
    ) as Record<string, unknown>;
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype);
    expect(Object.entries(made)).toEqual([['__proto__', '⟦EMAIL_1⟧']]);
  });

  it('knows personal fields by their names', () => {
    const tokenizer = new Tokenizer({ runRef: RUN });
    expect(tokenizer.isPersonalField('workPhone')).toBe('PHONE');
    expect(tokenizer.isPersonalField('plan')).toBeUndefined();
  });
});

describe('any text', () => {
  let state = 42;
  const next = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below;
  const textOf = (separator: string) =>
    Array.from({ length: 1 + next(14) }, () => PIECES[next(PIECES.length)] ?? '').join(separator);

  const PIECES = [
    'Jane Doe',
    'JANE  DOE',
    'Jane',
    'doe',
    'John',
    'john@example.org',
    'Jane.Doe@Example.com',
    'a.b@example.net',
    '+1 415 555 2671',
    '4155552671',
    '4111 1111 1111 1111',
    '123-45-6789',
    '203.0.113.7',
    '⟦EMAIL_1⟧',
    '⟦ person_2 ⟧',
    '[EMAIL_1]',
    '[[PHONE_1]]',
    '{{GIVEN_NAME_2}}',
    '⟦',
    '⟧',
    '⟦LITERAL_1⟧',
    '⟦EMAIL',
    '_1⟧',
    ' ',
    ', ',
    '\n',
    '-',
    '.',
    '@',
    ':',
    'hello',
    'password=',
    'x9!kQ2zz',
    'DE89370400440532013000',
    '山田',
    'é',
    '👩‍💻',
    '0',
    '7',
    ';',
    '"',
    '1984-03-12',
    'born ',
  ];

  it('comes back as it was, with nothing left for the strict look', () => {
    for (let round = 0; round < 1_500; round++) {
      const tokenizer = withPeople();
      const text = textOf('');
      const tokenized = tokenizer.tokenizeUntrusted(text, next(2) ? { shared: true } : {});
      expect(restorer(tokenizer.takeNewEntries())(tokenized)).toBe(text);
      expect(tokenizer.residual(tokenized)).toEqual([]);
      expect(tokenizer.tokenizeText(tokenized)).toBe(tokenized);
    }
  });

  it('keeps no value that stands on its own', () => {
    for (let round = 0; round < 500; round++) {
      const text = withPeople().tokenizeUntrusted(textOf(' '));
      expect(text).not.toMatch(/jane\s+doe|example\.(?:org|com|net)|4111|123-45|555|203\.0|DE89/i);
    }
  });
});

describe('a campaign of 10,000', () => {
  it('is tokenised and restored for each recipient', () => {
    const tokenizer = new Tokenizer({ runRef: RUN });
    const tokens = Array.from({ length: 10_000 }, (_, index) =>
      tokenizer.addSubject({
        subjectRef: `sub_${index}`,
        name: `Maria Surname${index}`,
        email: `maria${index}@example.com`,
      }),
    );
    expect(tokens[9_999]).toMatchObject({
      name: '⟦PERSON_10000⟧',
      givenName: '⟦GIVEN_NAME_10000⟧',
      email: '⟦EMAIL_10000⟧',
    });
    expect(tokenizer.takeNewEntries()).toHaveLength(30_000);
    for (let index = 0; index < 10_000; index += 10) {
      const written = `Dear Maria, Maria Surname${index}, we write to maria${index}@example.com.`;
      expect(tokenizer.tokenizeText(written, { subjectRefs: [`sub_${index}`] })).toBe(
        `Dear ${tokens[index]?.givenName}, ${tokens[index]?.name}, we write to ${tokens[index]?.email}.`,
      );
    }
  });
});
