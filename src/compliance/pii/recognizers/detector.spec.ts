import { describe, expect, it } from 'vitest';
import { detect } from './detector.js';

/** Findings as `ENTITY:value`. */
function found(text: string): string[] {
  return detect(text).map(({ entity, start, end }) => `${entity}:${text.slice(start, end)}`);
}

// Keys are put together here, so that no scanner takes this file for a leak.
const random = 'aB3dE5gH7jK9mN1pQ4rS6tU8vW0xY2zA';
const upper = 'Q7W3E9R2T5Y8U1I4';
const secret = 'PRIVATE';

describe('values that are hidden from patterns', () => {
  it.each([
    ['jane\u200b.doe@exa\u00admple.com!', 'EMAIL:jane\u200b.doe@exa\u00admple.com'],
    ['ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ', 'EMAIL:ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ'],
    ['write to jane at mail dot example dot com, please', 'EMAIL:jane at mail dot example dot com'],
    ['jane[at]example[.]com', 'EMAIL:jane[at]example[.]com'],
    ['jane&commat;example.com', 'EMAIL:jane&commat;example.com'],
    ['?to=jane%40example.com', 'EMAIL:jane%40example.com'],
    ['jаne@example.com', 'EMAIL:jаne@example.com'],
    ['Karte ٤١١١ ١١١١ ١١١١ ١١١١', 'CREDIT_CARD:٤١١١ ١١١١ ١١١١ ١١١١'],
    ['card 4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1', 'CREDIT_CARD:4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1'],
    ['card 4111 1111 1111\n1111', 'CREDIT_CARD:4111 1111 1111\n1111'],
    ['155[.]86[.]114[.]25', 'IP_ADDRESS:155[.]86[.]114[.]25'],
    ['data amFuZS5kb2VAZXhhbXBsZS5jb20=', 'EMAIL:amFuZS5kb2VAZXhhbXBsZS5jb20='],
  ])('%j holds %j', (text, finding) => {
    expect(found(text)).toEqual([finding]);
  });

  it('do not make one value of two lines', () => {
    expect(found('call 415-555-2671\n1234 Main Street')).toEqual(['PHONE:415-555-2671']);
    expect(found('Meet us at the river, dot the lines at noon')).toEqual([]);
  });
});

describe('values that must be found', () => {
  it.each([
    ['Write to jane.doe@example.com.', 'EMAIL:jane.doe@example.com'],
    ['<JANE+news@mail.example.co.uk>', 'EMAIL:JANE+news@mail.example.co.uk'],
    ["o'brien@example.org,", "EMAIL:o'brien@example.org"],
    ['联系jane@example.com或', 'EMAIL:jane@example.com'],
    ['用户@例子.广告', 'EMAIL:用户@例子.广告'],
    ['müller@bücher.example', 'EMAIL:müller@bücher.example'],
    ['"jane doe"@example.com', 'EMAIL:"jane doe"@example.com'],
    ['root@[192.0.2.1]', 'EMAIL:root@[192.0.2.1]'],
    ['https://example.com/?to=jane@example.org&x=1', 'EMAIL:jane@example.org'],
    ['+1 415 555 2671', 'PHONE:+1 415 555 2671'],
    ['(415) 555-2671', 'PHONE:(415) 555-2671'],
    ['415-555-2671', 'PHONE:415-555-2671'],
    ['+44 (0)20 7946 0958', 'PHONE:+44 (0)20 7946 0958'],
    ['tel:+49-151-23456789', 'PHONE:+49-151-23456789'],
    ['Téléphone : 06 12 34 56 78', 'PHONE:06 12 34 56 78'],
    ['Telefon 0171 1234567', 'PHONE:0171 1234567'],
    ['電話 090-1234-5678', 'PHONE:090-1234-5678'],
    ['+91 98765 43210', 'PHONE:+91 98765 43210'],
    ['+5511984565666', 'PHONE:+5511984565666'],
    ['call 94105 or 415-555-2671 ext. 12', 'PHONE:415-555-2671 ext. 12'],
    ['4111 1111 1111 1111', 'CREDIT_CARD:4111 1111 1111 1111'],
    ['card 4111111111111111 12/30', 'CREDIT_CARD:4111111111111111'],
    ['3782-822463-10005', 'CREDIT_CARD:3782-822463-10005'],
    ['2223003122003222', 'CREDIT_CARD:2223003122003222'],
    ['4222222222222', 'CREDIT_CARD:4222222222222'],
    ['5555 5555 5555 4444 exp 09 27', 'CREDIT_CARD:5555 5555 5555 4444'],
    ['123-45-6789', 'US_SSN:123-45-6789'],
    ['SSN: 536221234', 'US_SSN:536221234'],
    ['046 454 286', 'CA_SIN:046 454 286'],
    ['SIN 130 692 544', 'CA_SIN:130 692 544'],
    ['sin: 130692544', 'CA_SIN:130692544'],
    ['from 203.0.113.7:8080', 'IP_ADDRESS:203.0.113.7'],
    ['host 203.0.113.7.', 'IP_ADDRESS:203.0.113.7'],
    ['[2001:db8::8a2e:370:7334]:443', 'IP_ADDRESS:2001:db8::8a2e:370:7334'],
    ['::ffff:192.0.2.128', 'IP_ADDRESS:::ffff:192.0.2.128'],
    ['fe80::1%eth0', 'IP_ADDRESS:fe80::1'],
    ['NIC 00:1b:44:11:3a:b7', 'MAC_ADDRESS:00:1b:44:11:3a:b7'],
    ['0x52908400098527886E0F7030069857D2E4169EE7', 'CRYPTO:0x52908400098527886E0F7030069857D2E4169EE7'],
    ['to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa', 'CRYPTO:1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa'],
    ['IBAN DE89 3704 0044 0532 0130 00.', 'IBAN:DE89 3704 0044 0532 0130 00'],
    ['gb82west12345698765432', 'IBAN:gb82west12345698765432'],
    ['NO9386011117947', 'IBAN:NO9386011117947'],
    ['born on 12 March 1984', 'DATE_OF_BIRTH:12 March 1984'],
    ['{"birthDate":"1984-03-12"}', 'DATE_OF_BIRTH:1984-03-12'],
    ['geb. 12.03.1984', 'DATE_OF_BIRTH:12.03.1984'],
    [`key cs_${random}`, `API_KEY:cs_${random}`],
    [`ghp_${random}aB3d`, `API_KEY:ghp_${random}aB3d`],
    [`sk-proj-${random}`, `API_KEY:sk-proj-${random}`],
    [`AKIA${upper}`, `API_KEY:AKIA${upper}`],
    [`eyJhbGciOiJIUzI1NiJ9.eyJ${random}.${random}`, `API_KEY:eyJhbGciOiJIUzI1NiJ9.eyJ${random}.${random}`],
    ['password: "hunter2-blue!"', 'API_KEY:hunter2-blue!'],
    ['postgres://app:s3cr3t-pw@db.example.com/x', 'API_KEY:s3cr3t-pw'],
  ])('%s', (text, expected) => {
    expect(found(text)).toEqual([expected]);
  });

  it('finds a private key as a whole, and one without an end', () => {
    const block = `-----BEGIN RSA ${secret} KEY-----\n${random}\n-----END RSA ${secret} KEY-----`;
    expect(found(`x ${block} y`)).toEqual([`API_KEY:${block}`]);
    expect(found(block.slice(0, 50))).toEqual([`API_KEY:${block.slice(0, 50)}`]);
  });

  it('finds several values of several kinds in text order', () => {
    expect(found('Jane, jane@example.com, +1 415 555 2671, 203.0.113.7')).toEqual([
      'EMAIL:jane@example.com',
      'PHONE:+1 415 555 2671',
      'IP_ADDRESS:203.0.113.7',
    ]);
  });
});

describe('what is nobody’s', () => {
  it.each([
    'Order 2024-0012345 was shipped on 2024-11-21 at 14:30:05.',
    '2025-11-21T01:54:00.123Z',
    'run 01890a5d-ac96-774b-bcce-b302099a8057 took 1532 ms',
    'sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'traceparent 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    'Upgrade to version 1.2.3.4 of the firmware',
    'Mozilla/5.0 Chrome/120.0.0.0 Safari/537.36',
    'npm i left-pad@1.3.0 and icon@2x.png',
    'git@example.com:team/project.git',
    'std::vector<int> a::b c::d',
    '12:30:45 and 00:1b:44:11:3a',
    'Price $1,234,567.89 or 1234567.89',
    'ISBN 978-3-16-148410-0',
    '4111 1111 1111 1112',
    'DE00 3704 0044 0532 0130 00',
    'epoch 1763690040000',
    '000-12-3456 666-12-3456 900-12-3456 123-00-4567',
    'password: required',
    'token = process.env.TOKEN',
    'A meeting on 12 March 2031',
    'The 2030 budget is 10000000 euros, plus 15 %',
    '48.137154, 11.576124',
  ])('%s', (text) => {
    expect(found(text)).toEqual([]);
  });
});

describe('scores', () => {
  it('rise with a word that names the value', () => {
    const [bare] = detect('415-555-2671');
    const [named] = detect('phone 415-555-2671');
    expect(named?.score).toBeGreaterThan(bare?.score ?? 1);
  });

  it('are compared with the threshold asked for', () => {
    expect(detect('a@example.com', { minScore: 0.99 })).toEqual([]);
    expect(detect('a@example.com', { thresholds: { EMAIL: 0.99 } })).toEqual([]);
    expect(detect('a@example.com 203.0.113.7', { entities: new Set(['IP_ADDRESS']) })).toHaveLength(1);
    expect(detect('536221234', { thresholds: { US_SSN: 0.05 } })).toHaveLength(1);
  });
});

describe('hostile text', () => {
  const size = 100_000;
  it.each([
    'a',
    '1',
    '@',
    'a@',
    'a.',
    '@a.',
    '1-',
    '1 ',
    '+1',
    '(1',
    '1.',
    ':',
    'a:',
    '::',
    'a::',
    'AA11',
    '0:',
    '1:1',
    '-----BEGIN PRIVATE KEY-----',
    'password=',
    'token ',
    'key=a',
    'eyJa',
    'x://a:',
    '1 2 3-',
    '/1',
    'DE89 ',
    '+14155552671 ',
    '012-345-678 ',
    '4111111111111111',
    '1984-03-12 ',
    'born 1.1.',
    '"@',
    'a'.repeat(63) + '.',
    '⟦',
    '\u0301',
  ])('made of %j is read to its end', (piece) => {
    const text = piece.repeat(Math.ceil(size / piece.length));
    for (const finding of detect(text)) expect(finding.end).toBeGreaterThan(finding.start);
    const marked = `${text} jane@example.org`;
    expect(detect(marked).at(-1)?.end).toBe(marked.length);
  });

  it('gives distinct numbers no way to buy more than a bounded number of confirmations', () => {
    let text = '';
    for (let number = 0; text.length < size; number++)
      text += `tel 0${String(171_000_000 + number * 37)} +1 415 55${String(number).padStart(5, '0')} `;
    expect(detect(text).length).toBeGreaterThan(1_000);
  });
});
