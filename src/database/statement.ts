/** Rows of one kind for all that a statement writes, and the CTEs that write them. */
export interface StatementPart {
  /** Absent for CTEs that take nothing and stand in every statement. */
  readonly rows?: readonly object[];
  /** @param given the parameter that holds the rows, a JSON array. */
  readonly ctes: (given: string) => readonly (readonly [name: string, sql: string])[];
  /** CTEs that only read, but have an effect: the statement must look at them, or Postgres leaves them out. */
  readonly effects?: readonly string[];
}

/** A statement ready to be sent. Texts repeat, so each can be prepared once under its name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values: readonly string[];
}

const texts = new Map<string, string>();
const names = new Map<string, string>();

/** The name under which a text is prepared, if it was built here. */
export function nameOfText(text: string): string | undefined {
  return names.get(text);
}

/** Makes a text known that is sent again and again inside transactions: connections prepare it under this name. */
export function preparedText(name: string, text: string): string {
  names.set(text, name);
  return text;
}

/**
 * Joins the parts that have rows into one statement: one round trip and one commit, whatever the number of rows.
 *
 * @param prefix tells the statements of one caller from another's; each gives its parts in the same order always.
 * @param result the final select, without a condition.
 */
export function statementOf(prefix: string, parts: readonly StatementPart[], result: string): Statement {
  const used = parts.filter(({ rows }) => rows === undefined || rows.length > 0);
  const name = `${prefix}:${parts.map((part) => (used.includes(part) ? '1' : '0')).join('')}`;
  let text = texts.get(name);
  if (text === undefined) {
    let given = 0;
    const ctes = used.flatMap((part) => part.ctes(part.rows ? `$${(given += 1)}::json` : ''));
    const effects = used.flatMap((part) => part.effects ?? []);
    const looks = effects.map((cte) => `(select count(*) from ${cte}) >= 0`);
    text = `with ${ctes.map(([cte, sql]) => `${cte} as (${sql})`).join(',\n')}
${result}${looks.length > 0 ? ` where ${looks.join(' and ')}` : ''}`;
    texts.set(name, text);
    names.set(text, name);
  }
  return { name, text, values: used.flatMap(({ rows }) => (rows ? [JSON.stringify(rows)] : [])) };
}

/** Sends a statement and gives its rows. */
export type Execute = <Row extends object>(statement: Statement) => Promise<Row[]>;

/** Bytes as Postgres reads them from JSON text. */
export function byteaText(bytes: Buffer): string {
  return `\\x${bytes.toString('hex')}`;
}

/** The same for a column that may be null. */
export function byteaTextOrNull(bytes: Buffer | null | undefined): string | null {
  return bytes ? byteaText(bytes) : null;
}
