import pg from 'pg';
import { nameOfText } from './statement.js';

/**
 * A connection that prepares what is sent again and again: a statement of {@link statementOf} keeps its name also where
 * it passes through Kysely, which knows no names. Parsing and planning it anew would cost more than carrying it out.
 */
export class PreparingClient extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    const send = this.query.bind(this) as (...given: unknown[]) => unknown;
    const query = (first: unknown, ...more: unknown[]) => {
      const name = typeof first === 'string' ? nameOfText(first) : undefined;
      if (name === undefined) return send(first, ...more);
      const [values, ...others] = more;
      return send({ name, text: first, values }, ...others);
    };
    this.query = query as typeof this.query;
  }
}
