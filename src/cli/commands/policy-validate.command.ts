import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CedarSandbox } from '../../compliance/policy/cedar.js';
import { checkPolicies, type PolicyFault, type PolicyTexts } from '../../compliance/policy/policy-check.js';
import {
  builtinSchemaFile,
  readPolicyFile,
  readPolicyFolder,
} from '../../compliance/policy/policy-folder.js';
import { policyTextsFault } from '../../compliance/policy/policy-texts.validator.js';
import { EXIT_FAULT, EXIT_OK, UsageError } from '../cli-error.js';
import { type Command, parseOptions, required } from '../command.js';

const OPTIONS = { schema: { type: 'string' } } as const;

/** Checks policies the way the server does before it stores them, without one. */
export const policyValidate: Command = {
  name: 'policy validate',
  summary: 'Check Cedar policies against the schema; every fault with line and column',
  usage: [
    '<folder or file> [options]',
    'A folder holds one policy in each file `<id>.cedar`.',
    '--schema <file>      another schema than that of the configuration',
    'Exit code 0 when all are valid, 1 when one is not, 2 when they cannot be read.',
  ],
  async run(args, { terminal, defaults }) {
    const { values, positionals } = parseOptions(args, OPTIONS, 1);
    const place = required(positionals[0], 'The folder or file');
    const schema = await readable(readFile(values.schema ?? builtinSchemaFile(defaults.configDir), 'utf8'));
    const { texts, fileOf } = await readable(read(place));
    const count = Object.keys(texts).length;
    if (count === 0) throw new UsageError(`There is no policy in ${place}`);
    const refused = policyTextsFault(texts);
    const faults = checkPolicies(new CedarSandbox(), schema, texts);
    if (refused !== undefined) terminal.complain(`${place}: ${refused}`);
    for (const fault of faults) terminal.complain(lineOf(fileOf(fault), fault));
    if (refused !== undefined || faults.length > 0) return EXIT_FAULT;
    terminal.print(count === 1 ? 'The policy is valid.' : `All ${count} policies are valid.`);
    return EXIT_OK;
  },
};

async function read(place: string): Promise<{ texts: PolicyTexts; fileOf: (fault: PolicyFault) => string }> {
  if (!(await stat(place)).isDirectory()) return { texts: await readPolicyFile(place), fileOf: () => place };
  return {
    texts: await readPolicyFolder(place),
    fileOf: ({ policy }) => join(place, `${policy}.cedar`),
  };
}

/** @throws UsageError that names what cannot be read. */
async function readable<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    const { code, path = '' } = error as NodeJS.ErrnoException;
    throw new UsageError(`${basename(path)} cannot be read (${code ?? 'unknown fault'})`);
  }
}

/** As compilers write it, so that editors find the place. */
function lineOf(file: string, { line, column, message }: PolicyFault): string {
  return `${file}:${line}:${column}: ${message}`;
}
