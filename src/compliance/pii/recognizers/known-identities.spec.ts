import { describe, expect, it } from 'vitest';
import { KnownIdentities } from './known-identities.js';

function identitiesOf(...values: [subjectRef: string, entity: string, value: string][]): KnownIdentities {
  const identities = new KnownIdentities();
  for (const [subjectRef, entity, value] of values) identities.add({ subjectRef, entity, value });
  return identities;
}

function found(identities: KnownIdentities, text: string): string[] {
  return identities.find(text).map(({ entity, start, end }) => `${entity}:${text.slice(start, end)}`);
}

describe('names', () => {
  const jane = identitiesOf(['s1', 'PERSON', 'Jane Marie O’Neill-Doe']);

  it.each([
    ['Dear Jane Marie O’Neill-Doe,', 'PERSON:Jane Marie O’Neill-Doe'],
    ['JANE MARIE O’NEILL-DOE', 'PERSON:JANE MARIE O’NEILL-DOE'],
    ["jane \n\t marie  o'neill-doe", "PERSON:jane \n\t marie  o'neill-doe"],
    ["(O'Neill-Doe, Jane)", "PERSON:O'Neill-Doe, Jane"],
    ["Jane O'Neill-Doe's", "PERSON:Jane O'Neill-Doe"],
    ['Hello Jane!', 'GIVEN_NAME:Jane'],
    ['Hello JANE!', 'GIVEN_NAME:JANE'],
    ['Ms Doe', 'FAMILY_NAME:Doe'],
  ])('%j', (text, expected) => {
    expect(found(jane, text)).toEqual([expected]);
  });

  it.each(['hello jane', 'Janet', 'Jane2', 'xJane', 'doe, a deer'])('%j is somebody else', (text) => {
    expect(found(jane, text)).toEqual([]);
  });

  it('are found in any script and normal form', () => {
    const identities = identitiesOf(
      ['s1', 'PERSON', '山田 太郎'],
      ['s2', 'PERSON', 'Zoë Müller'],
      ['s3', 'PERSON', 'Анна Петрова'],
      ['s4', 'PERSON', '김민준'],
    );
    expect(found(identities, '昨日山田太郎さんに')).toEqual(['PERSON:山田太郎']);
    expect(found(identities, 'ZOË MÜLLER'.normalize('NFD'))).toEqual([
      `PERSON:${'ZOË MÜLLER'.normalize('NFD')}`,
    ]);
    expect(found(identities, 'для анны и Анна Петрова.')).toEqual(['PERSON:Анна Петрова']);
    expect(found(identities, '김민준님께')).toEqual(['PERSON:김민준']);
  });

  it('of one word are found as they are written only', () => {
    const will = identitiesOf(['s1', 'PERSON', 'Will']);
    expect(found(will, 'Will you? You will.')).toEqual(['PERSON:Will']);
  });

  it('do not hand out titles and particles as names', () => {
    const beethoven = identitiesOf(['s1', 'PERSON', 'Dr. Ludwig van Beethoven']);
    expect(found(beethoven, 'Dr. Van Halen, van Gogh')).toEqual([]);
    expect(found(beethoven, 'Dear Ludwig')).toEqual(['GIVEN_NAME:Ludwig']);
  });

  it('prefer the whole name to a part, and tell everybody a part belongs to', () => {
    const both = identitiesOf(['s1', 'PERSON', 'Jane Roe'], ['s2', 'PERSON', 'Jane Doe']);
    const [whole] = both.find('Jane Doe');
    expect([...(whole?.subjects ?? [])]).toEqual(['s2']);
    const [part] = both.find('Jane');
    expect([...(part?.subjects ?? [])]).toEqual(['s1', 's2']);
    expect(part?.part).toBe(true);
  });
});

describe('other values', () => {
  it('are found in another case and spacing', () => {
    const identities = identitiesOf(
      ['s1', 'EMAIL', 'jane.doe@example.com'],
      ['s1', 'ADDRESS', '12 Main Street, Springfield'],
    );
    expect(found(identities, 'JANE.DOE@EXAMPLE.COM lives 12  main street,\nSPRINGFIELD')).toEqual([
      'EMAIL:JANE.DOE@EXAMPLE.COM',
      'ADDRESS:12  main street,\nSPRINGFIELD',
    ]);
  });

  it.each(['+1 (415) 555-2671', '415.555.2671', '4155552671', '001 415 555 2671'])(
    'a phone number as %s',
    (text) => {
      const identities = identitiesOf(['s1', 'PHONE', '+1 415-555-2671']);
      expect(
        identities.find(`no. ${text}!`).map(({ start, end }) => `no. ${text}!`.slice(start, end)),
      ).toContain(text);
    },
  );

  it('a phone number behind its trunk zero', () => {
    expect(found(identitiesOf(['s1', 'PHONE', '+49 171 1234567']), '0171/1234567')).toEqual([
      'PHONE:0171/1234567',
    ]);
    expect(found(identitiesOf(['s1', 'PHONE', '+49 171 1234567']), '0171/7654321')).toEqual([]);
  });

  it('that stand in ordinary text too are not looked for', () => {
    const identities = identitiesOf(
      ['s1', 'POSTAL_CODE', '10000'],
      ['s1', 'ADDRESS', 'Berlin'],
      ['s1', 'ATTRIBUTE', 'yes'],
    );
    expect(found(identities, 'yes, 10000 points in Berlin')).toEqual([]);
  });
});

describe('many identities', () => {
  it('are all found in one reading, also when they share their words', () => {
    const identities = new KnownIdentities();
    for (let index = 0; index < 10_000; index++) {
      identities.add({ subjectRef: `s${index}`, entity: 'PERSON', value: `Maria Surname${index}` });
      identities.add({ subjectRef: `s${index}`, entity: 'EMAIL', value: `maria.${index}@example.com` });
    }
    let text = '';
    for (let index = 0; index < 10_000; index += 7)
      text += `Maria Surname${index} <maria.${index}@example.com>; Maria `;
    const matches = identities.find(text);
    expect(matches.filter((match) => match.entity === 'PERSON')).toHaveLength(1_429);
    expect(matches.filter((match) => match.entity === 'EMAIL')).toHaveLength(1_429);
    expect(identities.find('Maria '.repeat(20_000))).toHaveLength(20_000);
  });
});
