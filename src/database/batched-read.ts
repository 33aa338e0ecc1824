import { Coalescer } from '../kernel/coalescer.js';
import type { Execute } from './statement.js';

const MAX_QUESTIONS = 256;

/** A statement that answers many questions at once. */
export interface BatchedQuestion<Question> {
  /** Name of the prepared statement. */
  readonly name: string;
  /** Takes the questions as a JSON array, each with its number `n`, and gives rows with the number they answer. */
  readonly text: string;
  readonly rowOf: (question: Question) => object;
}

/** Answers the questions of a moment by one statement, so that a hundred at a time cost one round trip. */
export class BatchedRead<Question, Row extends { readonly n: number }> {
  private readonly coalescer: Coalescer<Question, readonly Row[]>;
  private asked = 0;

  constructor(execute: Execute, { name, text, rowOf }: BatchedQuestion<Question>) {
    this.coalescer = new Coalescer({
      maxItems: MAX_QUESTIONS,
      // No question rests on another.
      keyOf: () => String(this.asked++),
      send: async (questions) => {
        const given = questions.map((question, n) => ({ n, ...rowOf(question) }));
        const answers: Row[][] = questions.map(() => []);
        for (const row of await execute<Row>({ name, text, values: [JSON.stringify(given)] })) {
          answers[row.n]?.push(row);
        }
        return answers.map((value): PromiseSettledResult<readonly Row[]> => ({ status: 'fulfilled', value }));
      },
    });
  }

  /** The rows that answer a question, in the order of the statement. */
  ask(question: Question): Promise<readonly Row[]> {
    return this.coalescer.submit(question);
  }
}
