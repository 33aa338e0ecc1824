import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import { ConfigError } from '../../config/config-error.js';
import { InjectConfig } from '../../config/inject-config.js';
import { canonicalJson } from '../../kernel/canonical-json.js';
import { CedarSandbox } from './cedar.js';
import { checkPolicies, type PolicyFault, type PolicyTexts } from './policy-check.js';
import { BUILTIN_FOLDER, builtinSchemaFile, readPolicyFolder } from './policy-folder.js';

/** Stands before the ids of built-in policies; a tenant's ids hold no dot. */
const PREFIX = 'countersign.';
/** The one built-in policy that permits. */
const DEFAULT_PERMIT = `${PREFIX}default-permit`;

/** The schema, and the policies that hold for every tenant: files of the configuration folder, checked at boot. */
@Injectable()
export class BuiltinPolicies implements OnModuleInit {
  private readonly logger = new Logger(BuiltinPolicies.name);
  private readonly checker = new CedarSandbox();
  private texts: PolicyTexts = {};
  private schemaText = '';
  private digestText = '';

  constructor(@InjectConfig('instance') private readonly instance: AppConfig['instance']) {}

  /** @throws ConfigError with every fault of every file. */
  async onModuleInit(): Promise<void> {
    const { configDir } = this.instance;
    const schema = await readFile(builtinSchemaFile(configDir), 'utf8');
    const texts = await readPolicyFolder(join(configDir, BUILTIN_FOLDER));
    const faults = checkPolicies(this.checker, schema, texts);
    if (!Object.hasOwn(texts, 'default-permit')) faults.push(MISSING_PERMIT);
    if (faults.length > 0) {
      throw new ConfigError(
        faults.map(({ policy, line, column, message }) => ({
          path: `${BUILTIN_FOLDER}/${policy}.cedar:${line}:${column}`,
          message,
        })),
      );
    }
    this.schemaText = schema;
    this.texts = Object.fromEntries(Object.entries(texts).map(([id, text]) => [PREFIX + id, text]));
    this.digestText = createHash('sha256')
      .update(canonicalJson([schema, this.texts]))
      .digest('hex')
      .slice(0, 12);
    const names = Object.keys(this.texts);
    this.logger.log({ event: 'policies.loaded', names, digest: this.digestText }, 'built-in policies loaded');
  }

  /** Cedar schema against which every policy is checked. */
  get schema(): string {
    return this.schemaText;
  }

  /** Twelve hexadecimal digits that stand for schema and policies as they are. */
  get digest(): string {
    return this.digestText;
  }

  /** What holds beside a tenant's policies; the forbids always do. */
  textsFor({ defaultPermit }: { readonly defaultPermit: boolean }): PolicyTexts {
    if (defaultPermit) return this.texts;
    return Object.fromEntries(Object.entries(this.texts).filter(([id]) => id !== DEFAULT_PERMIT));
  }

  /** Checks a tenant's policies. */
  check(texts: PolicyTexts): PolicyFault[] {
    return checkPolicies(this.checker, this.schemaText, texts);
  }
}

const MISSING_PERMIT: PolicyFault = {
  policy: 'default-permit',
  line: 1,
  column: 1,
  message: 'is missing: without it nothing would be permitted',
};
