import { readFile } from 'node:fs/promises';
import { CliError } from './cli-error.js';
import { parseRecipients, type Recipient } from './csv-recipients.js';

/** Reads a JSON file; a fault names the file. */
export async function readJson(path: string): Promise<Record<string, unknown>> {
  const text = await readText(path);
  try {
    const value: unknown = JSON.parse(text);
    if (value !== null && typeof value === 'object' && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch (error) {
    throw new CliError(`${path} is not JSON: ${(error as Error).message}`);
  }
  throw new CliError(`${path} does not hold a JSON object`);
}

/** Reads all recipients of a CSV file, or tells every row that cannot be used. */
export async function readRecipients(path: string): Promise<Recipient[]> {
  const { recipients, faults } = parseRecipients(await readText(path));
  if (faults.length === 0) return recipients;
  const shown = faults.slice(0, 20).map(({ line, message }) => `  line ${line} ${message}`);
  const rest = faults.length > shown.length ? [`  and ${faults.length - shown.length} more`] : [];
  throw new CliError(
    [`${path} has rows that cannot be used; nothing was started:`, ...shown, ...rest].join('\n'),
  );
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new CliError(`${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
