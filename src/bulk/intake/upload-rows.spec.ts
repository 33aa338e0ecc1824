import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../test/harness/random.js';
import type { UploadFormat } from '../batch.js';
import { readRows, type UploadedRow } from './upload-rows.js';

const MAX_ROW_BYTES = 200;

async function rowsOf(
  format: UploadFormat,
  content: string | Buffer,
  { pieces = [], max = MAX_ROW_BYTES }: { pieces?: number[]; max?: number } = {},
): Promise<UploadedRow[]> {
  const rows: UploadedRow[] = [];
  for await (const row of readRows(format, inPieces(Buffer.from(content), pieces), max)) rows.push(row);
  return rows;
}

/** The bytes, cut at these places. */
async function* inPieces(bytes: Buffer, cuts: readonly number[]): AsyncGenerator<Buffer> {
  for (const [index, from] of [0, ...cuts].entries()) yield bytes.subarray(from, cuts[index] ?? bytes.length);
}

const malformed = (line: number, message: string, path = '') => ({
  line,
  fault: { code: 'ROW_MALFORMED', errors: [{ path, message }] },
});
const tooLarge = (line: number) => ({ line, fault: { code: 'ROW_TOO_LARGE' } });

describe('rows of NDJSON', () => {
  it('are one a line, whatever ends it, with blank lines and a byte order mark left out', async () => {
    const rows = await rowsOf('ndjson', '\uFEFF{"a":1}\n\r\n  \n{"a":"Zoë"}\r\n[3]');
    expect(rows).toEqual([
      { line: 1, value: { a: 1 } },
      { line: 4, value: { a: 'Zoë' } },
      { line: 5, value: [3] },
    ]);
  });

  it('that cannot be read are told by their line, and those behind them are read', async () => {
    const invalid = Buffer.concat([Buffer.from('{"a":"'), Buffer.of(0xff), Buffer.from('"}\n')]);
    const content = Buffer.concat([Buffer.from('{"a":1}\n{"a":\n'), invalid, Buffer.from('{"a":2}\n')]);
    expect(await rowsOf('ndjson', content)).toEqual([
      { line: 1, value: { a: 1 } },
      malformed(2, 'is not valid JSON'),
      malformed(3, 'is not valid UTF-8'),
      { line: 4, value: { a: 2 } },
    ]);
  });

  it('that are too large cost nothing but themselves', async () => {
    const large = `{"a":"${'x'.repeat(10 * MAX_ROW_BYTES)}"}`;
    const content = `{"a":1}\n${large}\n{"a":2}\n${large}`;
    // In pieces the large row is given up before its end has come in.
    for (const pieces of [[], [5, 300, 900, 1_500, 2_050]]) {
      expect(await rowsOf('ndjson', content, { pieces })).toMatchObject([
        { line: 1, value: { a: 1 } },
        tooLarge(2),
        { line: 3, value: { a: 2 } },
        tooLarge(4),
      ]);
    }
  });
});

describe('rows of CSV', () => {
  const valuesOf = async (content: string) =>
    (await rowsOf('csv', content)).map((row) => ('value' in row ? row.value : row));

  it('are inputs by dotted paths, with lists, attributes and the fields of a start', async () => {
    const content = [
      'brief.goal,recipients.0.name,recipients.0.email,attribute.crm,sessionId,idempotencyKey,version,input.sessionId',
      'Renew,Ada,ada@example.org,7,s-1,key-1,3,x',
    ].join('\n');
    expect(await valuesOf(content)).toEqual([
      {
        input: {
          brief: { goal: 'Renew' },
          recipients: [{ name: 'Ada', email: 'ada@example.org' }],
          sessionId: 'x',
        },
        attributes: { crm: '7' },
        sessionId: 's-1',
        idempotencyKey: 'key-1',
        version: 3,
      },
    ]);
  });

  it.each([
    ['commas', 'goal,note\nRenew,"a, ""b"""'],
    ['semicolons', 'goal;note\nRenew;"a, ""b"""'],
    ['tabs and CRLF', 'goal\tnote\r\nRenew\t"a, ""b"""\r\n'],
    ['a byte order mark and blanks', '\uFEFFgoal , note\n Renew , "a, ""b""" \n'],
    ['no quotes where none are needed', 'goal;note\nRenew;a, "b"'],
  ])('may have %s', async (_what, content) => {
    expect(await valuesOf(content)).toEqual([{ input: { goal: 'Renew', note: 'a, "b"' } }]);
  });

  it('may hold line breaks inside quotes; empty cells and empty rows are left out', async () => {
    const content = 'goal,list.0,list.1,list.2\n"two\nlines",,b,\n,,,\n\nx,,,c\n';
    expect(await rowsOf('csv', content)).toEqual([
      { line: 2, value: { input: { goal: 'two\nlines', list: ['b'] } } },
      { line: 6, value: { input: { goal: 'x', list: ['c'] } } },
    ]);
  });

  it('may hold JSON where the title says so', async () => {
    const content = 'count:json,tags:json,text\n42,"[""a"",1]",42\n{,,x\n';
    expect(await rowsOf('csv', content)).toEqual([
      { line: 2, value: { input: { count: 42, tags: ['a', 1], text: '42' } } },
      malformed(3, 'is not valid JSON', 'count:json'),
    ]);
  });

  it('that are broken cost nothing but their own line', async () => {
    const content = ['goal,note', 'a,1', 'b,"x"y', 'c,"never closed', 'd,2', 'e,3,4', 'f,5'].join('\n');
    expect(await rowsOf('csv', content)).toEqual([
      { line: 2, value: { input: { goal: 'a', note: '1' } } },
      malformed(3, 'a quote ends inside a cell'),
      malformed(4, 'a quote is not closed'),
      { line: 5, value: { input: { goal: 'd', note: '2' } } },
      malformed(6, 'has 3 cells, the header has 2'),
      { line: 7, value: { input: { goal: 'f', note: '5' } } },
    ]);
  });

  it.each([
    ['a;b\n', []],
    ['goal,goal\nx,y', ['header.2']],
    ['brief,brief.goal\nx,y', ['header.2']],
    ['list.0,list.name\nx,y', ['header.2']],
    ['goal,what is this?,__proto__.x\nx,y,z', ['header.2', 'header.3']],
    ['attribute.crm:json\n1', ['header.1']],
    ['0.name\nx', ['header.1']],
    ['list.1000\nx', ['header.1']],
  ])('%j has a header that is wrong at %j', async (content, paths) => {
    const reading = rowsOf('csv', content).then(
      () => [],
      ({ errors }: { errors: { path: string }[] }) => errors.map(({ path }) => path),
    );
    expect(await reading).toEqual(paths);
  });

  it('cannot follow more quotes that are not closed than anybody makes by mistake', async () => {
    const line = `"${'x'.repeat(30)}\n`;
    // Each of them pairs with the quote in the line behind it, and stands alone all the same.
    expect((await rowsOf('csv', `goal,note\n${line.repeat(500)}`)).every((row) => 'fault' in row)).toBe(true);
  });
});

describe('an upload', () => {
  it('has the same rows however its bytes come in', async () => {
    const random = new SeededRandom(4_711);
    const csv =
      'goal,note\r\n"Zoë ""Z""","two\r\nlines"\r\nb,"x"y\r\nü,"never closed\r\nd,2\r\n' +
      `"${'line\n'.repeat(60)}",x\r\ne,3\r\n"f","${'x'.repeat(300)}"\r\ng,4`;
    const ndjson = `{"a":"Zoë"}\r\n{"a":\n${JSON.stringify({ a: 'ü'.repeat(150) })}\n"${'x'.repeat(MAX_ROW_BYTES - 2)}"\r\n{"a":"\u{1F600}"}\n`;
    for (const [format, content] of [['csv', csv] as const, ['ndjson', ndjson] as const]) {
      const bytes = Buffer.from(content);
      const whole = await rowsOf(format, bytes);
      for (let round = 0; round < 200; round++) {
        const cuts = Array.from({ length: random.between(1, 12) }, () => random.between(0, bytes.length));
        expect(await rowsOf(format, bytes, { pieces: cuts.toSorted((one, other) => one - other) })).toEqual(
          whole,
        );
      }
    }
  });
});
