import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { packageRoot } from './package-root.js';

/** What the command line takes from its environment when no option says otherwise. */
export interface CliDefaults {
  /** `COUNTERSIGN_API_KEY`, or what the file `COUNTERSIGN_API_KEY_FILE` names holds. */
  readonly apiKey: string | undefined;
  /** Where a server of this folder keeps the admin key it made. */
  readonly adminKeyFile: string;
  /** Folder of the configuration: what comes with the product unless `COUNTERSIGN_CONFIG_DIR` names another. */
  readonly configDir: string;
  /** The environment without any setting of the product: what a child process may inherit. */
  readonly foreignEnvironment: Readonly<Record<string, string>>;
}

/** Reads the defaults of the command line; only the configuration reads the environment. */
export function cliDefaults(env: Readonly<Record<string, string | undefined>> = process.env): CliDefaults {
  return {
    apiKey: env['COUNTERSIGN_API_KEY'] || keyOfFile(env['COUNTERSIGN_API_KEY_FILE']),
    adminKeyFile: join(resolve(env['COUNTERSIGN_DATA_DIR'] || '.countersign'), 'keys', 'admin.key'),
    configDir: resolve(env['COUNTERSIGN_CONFIG_DIR'] || join(packageRoot(), 'config')),
    foreignEnvironment: Object.fromEntries(
      Object.entries(env).filter(
        (entry): entry is [string, string] => entry[1] !== undefined && !isOurs(entry[0]),
      ),
    ),
  };
}

function keyOfFile(path: string | undefined): string | undefined {
  if (!path) return undefined;
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    // A command that needs the key says that there is none; the others do not care.
    return undefined;
  }
}

const SHORT_NAMES =
  /^(PORT|HOST|DATABASE_URL|REDIS_URL|SMTP_URL|(OPENAI|ANTHROPIC|GOOGLE_GENERATIVE_AI)_API_KEY)(_FILE)?$/;

function isOurs(name: string): boolean {
  return name.startsWith('COUNTERSIGN_') || SHORT_NAMES.test(name);
}
