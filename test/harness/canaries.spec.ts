import { describe, expect, it } from 'vitest';
import { CanarySearch } from './canaries.js';

const NAME = 'Núria "Nu" Puigdomènech';
const search = new CanarySearch([{ label: 'name', value: NAME }]);

describe('the search for personal values', () => {
  it.each([
    ['plain', `Dear ${NAME},`],
    ['in other case', NAME.toUpperCase()],
    ['decomposed', NAME.normalize('NFD')],
    ['in JSON', JSON.stringify({ name: NAME })],
    ['in JSON inside JSON', JSON.stringify(JSON.stringify({ name: NAME }))],
    ['in ASCII JSON', 'N\\u00faria \\"Nu\\" Puigdom\\u00e8nech'],
    ['in a URL', `https://example.com/${encodeURIComponent(NAME)}`],
    ['in a form', new URLSearchParams({ name: NAME }).toString()],
    ['in hexadecimal', `\\x${Buffer.from(`to ${NAME}`).toString('hex')}`],
    ...['', 'a', 'ab'].map((before) => ['in base64', Buffer.from(`${before}${NAME}!`).toString('base64')]),
    ...['', 'a', 'ab'].map((before) => [
      'in base64url',
      Buffer.from(`${before}${NAME}!`).toString('base64url'),
    ]),
  ])('finds one %s', (_how, text) => {
    expect(search.findIn(`something ${text} else`)).not.toEqual([]);
  });

  it('says where', () => {
    expect(search.findIn(`{"to":"${NAME.toLowerCase()}"}`)[0]).toMatch(/^name \(plain\): …\{"to":"núria/);
  });

  it('finds nothing in the name of somebody else', () => {
    expect(search.findIn('Dear Marta "Nu" Puigdomènech, ⟦PERSON_1⟧')).toEqual([]);
  });
});
