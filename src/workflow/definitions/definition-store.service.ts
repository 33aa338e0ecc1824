import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type { ValidateFunction } from 'ajv/dist/2020.js';
import type { AnyAgent } from '../../agents/agent.js';
import { AGENTS } from '../../agents/agent-registry.js';
import { AuditTrail } from '../../compliance/audit/audit-trail.service.js';
import type { AppConfig } from '../../config/app-config.js';
import { ConfigError, type ConfigFault } from '../../config/config-error.js';
import { InjectConfig } from '../../config/inject-config.js';
import { type BatchedQuestion, BatchedRead } from '../../database/batched-read.js';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { AppError } from '../../kernel/app-error.js';
import { canonicalJson } from '../../kernel/canonical-json.js';
import type { WorkflowDefinition } from './definition.schema.js';
import { compileInput } from './input-validator.js';
import { parseDefinition } from './parse-definition.js';
import { isAgentStep } from './step.schema.js';

export interface StoredDefinition {
  readonly definition: WorkflowDefinition;
  readonly source: 'builtin' | 'tenant';
  readonly createdAt: Date | null;
}

const CACHE_SIZE = 500;

interface DefinitionQuestion {
  readonly tenantId: string;
  readonly name: string;
  /** Null = the newest of the tenant's own. */
  readonly version: number | null;
}

interface NewestRow {
  readonly n: number;
  readonly version: number;
}

const NEWEST: BatchedQuestion<DefinitionQuestion> = {
  name: 'newest-definitions',
  text: `select x.n, d.version from json_to_recordset($1::json) as x(n int, tenant_id uuid, name text, version int)
    cross join lateral (
      select version from workflow_definition
      where tenant_id = x.tenant_id and name = x.name
        and case when x.version is null then source = 'tenant' else version = x.version end
      order by version desc limit 1) as d`,
  rowOf: ({ tenantId, name, version }) => ({ tenant_id: tenantId, name, version }),
};

/**
 * Workflow definitions: those in the configuration folder, checked at boot, and those a tenant has added. A run
 * pins the version it started with; that version is kept in the database.
 */
@Injectable()
export class DefinitionStore implements OnModuleInit {
  private readonly logger = new Logger(DefinitionStore.name);
  private readonly builtin = new Map<string, WorkflowDefinition>();
  /** Definitions never change once stored, so a cached one is never wrong. */
  private readonly pinnedCache = new Map<string, WorkflowDefinition>();
  /** Built-in versions known to be stored for a tenant. */
  private readonly pins = new Set<string>();
  private readonly startable = new Map<string, StoredDefinition>();
  private readonly newest: BatchedRead<DefinitionQuestion, NewestRow>;
  private readonly altered = new WeakSet<WorkflowDefinition>();
  private readonly validators = new WeakMap<WorkflowDefinition, ValidateFunction>();

  constructor(
    @Inject(AGENTS) private readonly agents: readonly AnyAgent[],
    private readonly database: DatabaseService,
    @InjectConfig('workflow') private readonly config: AppConfig['workflow'],
    @InjectConfig('instance') private readonly instance: AppConfig['instance'],
    private readonly audit: AuditTrail,
  ) {
    this.newest = new BatchedRead(database.asEngine, NEWEST);
  }

  /** @throws ConfigError with every fault of every file. */
  async onModuleInit(): Promise<void> {
    const folder = join(this.instance.configDir, this.config.definitions);
    const faults: ConfigFault[] = [];
    for (const file of (await readdir(folder)).filter((name) => /\.ya?ml$/.test(name)).sort()) {
      try {
        const definition = this.parse(await readFile(join(folder, file), 'utf8'));
        this.builtin.set(definition.name, definition);
      } catch (error) {
        const errors = error instanceof AppError ? error.errors : undefined;
        if (!errors) throw error;
        faults.push(...errors.map(({ path, message }) => ({ path: `${file}: ${path}`, message })));
      }
    }
    if (faults.length > 0) throw new ConfigError(faults);
    this.logger.log(
      { event: 'definitions.loaded', names: [...this.builtin.keys()] },
      'workflow definitions loaded',
    );
  }

  /** Reads a definition and checks that its agents exist. @throws AppError DEFINITION_INVALID. */
  parse(source: string | object): WorkflowDefinition {
    const definition = parseDefinition(source);
    const unknown = Object.entries(definition.phases).flatMap(([phase, { agents }]) =>
      agents.flatMap((step, index) =>
        !isAgentStep(step) || this.agents.some((agent) => agent.name === step.agent)
          ? []
          : [{ path: `phases.${phase}.agents.${index}.agent`, message: `there is no agent "${step.agent}"` }],
      ),
    );
    if (unknown.length > 0) throw new AppError('DEFINITION_INVALID', { errors: unknown });
    return definition;
  }

  /** Every definition a tenant can start, in its newest version. */
  async list(trx: Trx): Promise<StoredDefinition[]> {
    const rows = await trx
      .selectFrom('workflow_definition')
      .selectAll()
      .distinctOn('name')
      .where('source', '=', 'tenant')
      .orderBy('name')
      .orderBy('version', 'desc')
      .execute();
    const own = rows.map((row): StoredDefinition => ({
      definition: row.document as WorkflowDefinition,
      source: 'tenant',
      createdAt: row.created_at,
    }));
    const taken = new Set(own.map((each) => each.definition.name));
    const builtin = [...this.builtin.values()]
      .filter((definition) => !taken.has(definition.name))
      .map((definition): StoredDefinition => ({ definition, source: 'builtin', createdAt: null }));
    return [...builtin, ...own].sort((one, other) =>
      one.definition.name.localeCompare(other.definition.name),
    );
  }

  /**
   * The definition to start a run with: a given version, or the newest; a tenant's own before the built-in one.
   *
   * @throws AppError DEFINITION_NOT_FOUND.
   */
  async get(trx: Trx, name: string, version?: number): Promise<StoredDefinition> {
    let rows = trx
      .selectFrom('workflow_definition')
      .selectAll()
      .where('name', '=', name)
      .orderBy('version', 'desc');
    rows = version === undefined ? rows.where('source', '=', 'tenant') : rows.where('version', '=', version);
    const row = await rows.limit(1).executeTakeFirst();
    if (row) {
      const definition =
        this.cached(row.tenant_id, row.name, row.version) ?? (row.document as WorkflowDefinition);
      return { definition, source: row.source, createdAt: row.created_at };
    }
    const builtin = this.builtin.get(name);
    if (!builtin || (version !== undefined && builtin.version !== version)) {
      throw new AppError('DEFINITION_NOT_FOUND', {
        detail: `There is no workflow definition of this name${version === undefined ? '' : ' and version'}.`,
      });
    }
    return { definition: builtin, source: 'builtin', createdAt: null };
  }

  /** The same outside a transaction; which version is the newest is asked together with others. */
  async getNow(tenantId: string, name: string, version?: number): Promise<StoredDefinition> {
    const [row] = await this.newest.ask({ tenantId, name, version: version ?? null });
    const cached = row && this.startable.get(cacheKey(tenantId, name, row.version));
    if (cached) return cached;
    const stored = await this.database.withTenant(tenantId, (trx) => this.get(trx, name, version));
    if (row) remember(this.startable, cacheKey(tenantId, name, row.version), stored);
    return stored;
  }

  /** Stores a tenant's definition. @throws AppError DEFINITION_VERSION_EXISTS. */
  async add(trx: Trx, tenantId: string, definition: WorkflowDefinition): Promise<void> {
    if (!(await this.store(trx, tenantId, definition, 'tenant'))) {
      throw new AppError('DEFINITION_VERSION_EXISTS', {
        detail: `Version ${definition.version} of "${definition.name}" exists already; give the new one a higher number.`,
      });
    }
  }

  /** Makes sure that the version a run starts with stays readable for as long as the run does. */
  async ensurePinned(tenantId: string, { definition, source }: StoredDefinition): Promise<void> {
    const key = cacheKey(tenantId, definition.name, definition.version);
    if (source === 'tenant' || this.pins.has(key)) return;
    await this.database.withTenant(tenantId, async (trx) => {
      if (!(await this.store(trx, tenantId, definition, source))) return;
      await this.audit.append(trx, tenantId, {
        type: 'definition.pinned',
        outcome: 'success',
        actor: { type: 'system', ref: 'configuration' },
        targets: [{ type: 'definition', ref: `${definition.name}@${definition.version}` }],
      });
    });
    this.pins.add(key);
  }

  /** The version a run has pinned. @throws AppError DEFINITION_NOT_FOUND. */
  async pinned(trx: Trx, tenantId: string, name: string, version: number): Promise<WorkflowDefinition> {
    const cached = this.cached(tenantId, name, version);
    if (cached) return cached;
    const row = await trx
      .selectFrom('workflow_definition')
      .select(['document', 'digest'])
      .where('name', '=', name)
      .where('version', '=', version)
      .executeTakeFirst();
    if (!row) throw new AppError('DEFINITION_NOT_FOUND');
    const definition = row.document as WorkflowDefinition;
    if (!digestOf(canonicalJson(definition)).equals(row.digest)) this.altered.add(definition);
    remember(this.pinnedCache, cacheKey(tenantId, name, version), definition);
    return definition;
  }

  /** Whether a pinned definition is not what it was stored as: somebody has changed it past the program. */
  isAltered(definition: WorkflowDefinition): boolean {
    return this.altered.has(definition);
  }

  /** The compiled JSON Schema of a definition's input. */
  inputValidator(definition: WorkflowDefinition): ValidateFunction {
    let validator = this.validators.get(definition);
    if (!validator) {
      validator = compileInput(definition.input);
      this.validators.set(definition, validator);
    }
    return validator;
  }

  private cached(tenantId: string, name: string, version: number): WorkflowDefinition | undefined {
    return this.pinnedCache.get(cacheKey(tenantId, name, version));
  }

  private async store(
    trx: Trx,
    tenantId: string,
    definition: WorkflowDefinition,
    source: StoredDefinition['source'],
  ): Promise<boolean> {
    const document = canonicalJson(definition);
    const result = await trx
      .insertInto('workflow_definition')
      .values({
        tenant_id: tenantId,
        name: definition.name,
        version: definition.version,
        document,
        digest: digestOf(document),
        source,
      })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    return result.numInsertedOrUpdatedRows === 1n;
  }
}

function digestOf(document: string): Buffer {
  return createHash('sha256').update(document).digest();
}

function cacheKey(tenantId: string, name: string, version: number): string {
  return `${tenantId}/${name}/${version}`;
}

function remember<T>(cache: Map<string, T>, key: string, value: T): void {
  if (cache.size >= CACHE_SIZE) cache.clear();
  cache.set(key, value);
}
