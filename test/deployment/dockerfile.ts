/** One instruction of a Dockerfile, with its continued lines joined. */
export interface Instruction {
  /** In capitals: `FROM`, `COPY`, … */
  readonly keyword: string;
  /** What follows the keyword. */
  readonly argument: string;
  /** Number of the stage it stands in; -1 before the first `FROM`. */
  readonly stage: number;
}

/** Reads the instructions of a Dockerfile; comments and empty lines are left out. */
export function parseDockerfile(text: string): Instruction[] {
  const lines = text.split('\n').filter((line) => !/^\s*(#|$)/.test(line));
  let stage = -1;
  return lines
    .join('\n')
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => {
      const [keyword = '', ...words] = line.trim().split(/\s+/);
      if (keyword.toUpperCase() === 'FROM') stage += 1;
      return { keyword: keyword.toUpperCase(), argument: words.join(' '), stage };
    });
}

/** The instructions of the stage that becomes the image. */
export function lastStage(instructions: readonly Instruction[]): Instruction[] {
  const last = Math.max(...instructions.map(({ stage }) => stage));
  return instructions.filter(({ stage }) => stage === last);
}

/** All arguments of one keyword, in order. */
export function argumentsOf(instructions: readonly Instruction[], keyword: string): string[] {
  return instructions
    .filter((instruction) => instruction.keyword === keyword)
    .map(({ argument }) => argument);
}

/** The variables that `ENV` sets. */
export function variablesOf(instructions: readonly Instruction[]): Record<string, string> {
  return Object.fromEntries(
    argumentsOf(instructions, 'ENV')
      .flatMap((argument) => argument.split(' '))
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
}

/** What `COPY` takes from the build context, not from another stage. */
export function copiedFromContext(instructions: readonly Instruction[]): string[] {
  return argumentsOf(instructions, 'COPY')
    .map((argument) => argument.split(' '))
    .filter((words) => !words.some((word) => word.startsWith('--from=')))
    .flatMap((words) => words.filter((word) => !word.startsWith('--')).slice(0, -1));
}

/** The words of the exec form (`["node", "x"]`), or nothing for the shell form. */
export function execForm(argument: string | undefined): string[] | undefined {
  const list = argument?.slice(argument.indexOf('[')) ?? '';
  try {
    const words: unknown = JSON.parse(list);
    return Array.isArray(words) ? words.map(String) : undefined;
  } catch {
    return undefined;
  }
}
