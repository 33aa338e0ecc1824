import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { MAX_RECIPIENTS, parseRecipients } from './csv-recipients.js';

describe('parseRecipients', () => {
  it('reads name, e-mail and every other filled column', () => {
    const { recipients, faults } = parseRecipients(
      'Name,E-Mail,Plan,last_purchase,Birth Date\nAda Example,ada@example.org,Team,,1990-01-02\nBo,bo@example.org,,,\n',
    );

    expect(faults).toEqual([]);
    expect(recipients).toEqual([
      {
        name: 'Ada Example',
        email: 'ada@example.org',
        attributes: { plan: 'Team', birthDate: '1990-01-02' },
      },
      { name: 'Bo', email: 'bo@example.org' },
    ]);
  });

  it.each([
    ['comma', 'name,email,plan\nAda,ada@example.org,"Team, old"'],
    ['semicolon', 'name;email;plan\nAda;ada@example.org;Team, old'],
    ['tab', 'name\temail\tplan\r\nAda\tada@example.org\tTeam, old\r\n'],
    ['byte order mark', '\uFEFFNAME;EMAIL;Plan\nAda;ada@example.org;Team, old\n'],
    ['quoted header with another separator in it', '"name";"email";"plan"\nAda;ada@example.org;Team, old'],
  ])('%s', (_what, text) => {
    expect(parseRecipients(text).recipients).toEqual([
      { name: 'Ada', email: 'ada@example.org', attributes: { plan: 'Team, old' } },
    ]);
  });

  it.each([
    ['Last Purchase', 'lastPurchase'],
    ['last_purchase', 'lastPurchase'],
    ['LastPurchase', 'lastPurchase'],
    ['last-purchase ', 'lastPurchase'],
    ['Straße', 'strasse'],
    ['Prénom préféré', 'prenomPrefere'],
    ['CRM id', 'crmId'],
  ])('the column %j becomes the attribute %s', (title, key) => {
    const [recipient] = parseRecipients(`name,email,${title}\nAda,ada@example.org,x`).recipients;

    expect(recipient?.attributes).toEqual({ [key]: 'x' });
  });

  it('every bad row is told with its line, and never with its values', () => {
    const text = [
      'name,email,note',
      'Ada,ada@example.org,"two',
      'lines"',
      ',nobody@example.org,',
      '',
      'Bo,,',
      'Cy,not-an-address,',
      'Di,di@example.org,x,one too many',
    ].join('\n');

    const { recipients, faults } = parseRecipients(text);

    expect(recipients).toHaveLength(1);
    expect(faults).toEqual([
      { line: 4, message: 'has no name' },
      { line: 6, message: 'has no e-mail address' },
      { line: 7, message: 'has an e-mail address that is not one' },
      { line: 8, message: 'has 4 cells, the header has 3' },
    ]);
  });

  it.each([
    ['', 'is empty'],
    ['name,email\n', 'no rows'],
    ['name,mail\nAda,ada@example.org', 'no column "email"'],
    ['who;email\nAda;ada@example.org', 'no column "name"'],
    ['name,email,Last Plan,last_plan\nAda,ada@example.org,x,y', 'two columns "lastPlan"'],
    ['name,email\nAda,"ada@example.org', 'a quote is not closed'],
    ['name,email,住所\nAda,ada@example.org,x', 'column 3 gives no attribute name'],
    ['name,email,2nd address\nAda,ada@example.org,x', 'column 3 gives no attribute name'],
  ])('a file that is no such table is refused as a whole: %j', (text, message) => {
    expect(() => parseRecipients(text)).toThrow(message);
  });

  it('one run takes 10,000 recipients and no more', () => {
    expect(parseRecipients(tableOf(MAX_RECIPIENTS)).recipients).toHaveLength(10_000);
    expect(() => parseRecipients(tableOf(MAX_RECIPIENTS + 1))).toThrow('10001 recipients');
  });

  it('the shipped example is 25 whole recipients under reserved domains and numbers', () => {
    const example = new URL('../../examples/email-campaign/recipients.csv', import.meta.url);

    const { recipients, faults } = parseRecipients(readFileSync(example, 'utf8'));

    expect(faults).toEqual([]);
    expect(recipients).toHaveLength(25);
    expect(new Set(recipients.map(({ email }) => email)).size).toBe(25);
    for (const { email, attributes } of recipients) {
      expect(email).toMatch(/@example\.(com|org|net)$/);
      expect(attributes?.['phone']).toMatch(/^(\+1-202-555-01\d\d|\+44 20 7946 0\d{3})$/);
      expect(attributes?.['address']).toBeTruthy();
    }
  });
});

const tableOf = (rows: number) => `name,email\n${'Ada,ada@example.org\n'.repeat(rows)}`;
