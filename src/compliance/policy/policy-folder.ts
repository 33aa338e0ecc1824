import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { PolicyTexts } from './policy-check.js';

/** Folder of the configuration with what is built in. */
export const BUILTIN_FOLDER = 'policies';

const SCHEMA_FILE = 'countersign.cedarschema';
const ENDING = '.cedar';

/** The schema that every policy is checked against. */
export function builtinSchemaFile(configDir: string): string {
  return join(configDir, BUILTIN_FOLDER, SCHEMA_FILE);
}

/** The policies of a folder, each in a file of its own named after it. */
export async function readPolicyFolder(folder: string): Promise<PolicyTexts> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(ENDING)).sort();
  const texts = await Promise.all(names.map((name) => readPolicyFile(join(folder, name))));
  return Object.assign({}, ...texts) as PolicyTexts;
}

/** The policy of a file, by the id that its name gives it. */
export async function readPolicyFile(file: string): Promise<PolicyTexts> {
  return { [basename(file, ENDING)]: await readFile(file, 'utf8') };
}
