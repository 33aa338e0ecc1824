import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import pg from 'pg';
import { AuditTrail } from '../../dist/compliance/audit/audit-trail.service.js';
import { DatabaseService } from '../../dist/database/database.service.js';
import { median } from '../engine/figures.mjs';

/** How often, while events are recorded, it is looked whether those of the observer have their places. */
const LOOK_MS = 5;
const OBSERVED_EVERY_MS = 50;

/**
 * A change of one row with its audit record, beside the same change with a bare row of the same size in the record's
 * place: how many a second, how long one takes, and how soon a record has its place in the log.
 */
export async function measureAppends({ rooms, databaseUrl, seconds, rounds }) {
  const database = rooms.get(DatabaseService);
  const trail = rooms.get(AuditTrail);
  const admin = new pg.Client({ connectionString: databaseUrl });
  await admin.connect();
  await admin.query(TABLES);
  const observer = new Observer(database, trail, databaseUrl);
  await observer.open();
  const changes = { bare: bareChange(database), audited: auditedChange(database, trail) };
  const measured = new Map();
  const warmUp = await clientsOf(admin, 8, 8);
  for (const change of Object.values(changes)) await drive(warmUp, change, 1);
  for (let round = 0; round < rounds; round++) {
    for (const [clients, tenants] of SETUPS) {
      const key = `${clients}/${tenants === 1 && clients > 1 ? 'hot' : 'many'}`;
      const found = measured.get(key) ?? { bare: [], audited: [] };
      measured.set(key, found);
      const fleet = await clientsOf(admin, clients, tenants);
      // Turn about, so that neither always meets what the other has left behind.
      const order = round % 2 === 0 ? ['bare', 'audited'] : ['audited', 'bare'];
      for (const kind of order) {
        const isObserved = kind === 'audited' && clients === 8;
        const observing = isObserved ? observer.observe(seconds) : undefined;
        found[kind].push(await drive(fleet, changes[kind], seconds));
        await observing;
        await untilSealed(admin);
      }
    }
  }
  await observer.close();
  await admin.end();
  return { setups: Object.fromEntries([...measured].map(summary)), sealLagsMs: observer.lagsMs };
}

/** Clients, and tenants that they work for. */
const SETUPS = [
  [1, 1],
  [8, 8],
  [8, 1],
  [32, 32],
  [32, 1],
];

const TABLES = `
  create table bench_state (id uuid primary key, tenant_id uuid not null, version int not null default 0);
  create table bench_record (id uuid primary key, tenant_id uuid not null, occurred_at timestamptz not null, body bytea not null);
  grant select, update on bench_state to countersign_app;
  grant insert on bench_record to countersign_app`;

async function clientsOf(admin, count, tenantCount) {
  const tenants = Array.from({ length: tenantCount }, () => randomUUID());
  const clients = Array.from({ length: count }, (_, index) => {
    const id = randomUUID();
    const chain = { runId: id, seq: 0, head: null, phase: 'GENERATION' };
    return { id, tenantId: tenants[index % tenantCount], chain };
  });
  await admin.query('insert into bench_state (id, tenant_id) select * from unnest($1::uuid[], $2::uuid[])', [
    clients.map(({ id }) => id),
    clients.map(({ tenantId }) => tenantId),
  ]);
  return clients;
}

const FACT = {
  type: 'workflow.transition',
  outcome: 'success',
  actor: { type: 'system', ref: 'engine' },
  change: { from: 'GENERATION', to: 'REVIEW' },
  decision: { engine: 'cedar', policyVersion: '0.5f0c9a12b3d4', digest: 'a'.repeat(64), result: 'allow' },
};
/** As many bytes as the leaf of the fact has. */
const BODY = Buffer.alloc(700, 'x');

function advance(trx, { id }) {
  return sql`update bench_state set version = version + 1 where id = ${id}`.execute(trx);
}

function bareChange(database) {
  return (client) =>
    database.withTenant(client.tenantId, async (trx) => {
      await advance(trx, client);
      await sql`insert into bench_record (id, tenant_id, occurred_at, body)
        values (${randomUUID()}, ${client.tenantId}, ${new Date()}, ${BODY})`.execute(trx);
    });
}

function auditedChange(database, trail) {
  return async (client) => {
    const prepared = trail.prepare(client.tenantId, [FACT], client.chain);
    await database.withTenant(client.tenantId, async (trx) => {
      await advance(trx, client);
      await trail.write(trx, prepared);
    });
    client.chain = prepared.chain;
  };
}

/** Every client one change after the other; durations of all of them. */
async function drive(clients, change, seconds) {
  const durations = [];
  const startedAt = performance.now();
  const until = startedAt + seconds * 1_000;
  const work = async (client) => {
    for (let from = performance.now(); from < until;) {
      await change(client);
      const now = performance.now();
      durations.push(now - from);
      from = now;
    }
  };
  await Promise.all(clients.map(work));
  return {
    perSecond: durations.length / ((performance.now() - startedAt) / 1_000),
    p50Ms: median(durations),
  };
}

/** Until the next measurement finds nothing left of the one before. */
async function untilSealed(admin) {
  for (;;) {
    const { rows } = await admin.query('select not exists (select from audit_pending) as done');
    if (rows[0].done) return;
    await wait(20);
  }
}

const over = (rounds, read) => median(rounds.map(read));

function summary([key, { bare, audited }]) {
  return [
    key,
    {
      bare: over(bare, ({ perSecond }) => perSecond),
      audited: over(audited, ({ perSecond }) => perSecond),
      addedP50Ms: over(audited, ({ p50Ms }) => p50Ms) - over(bare, ({ p50Ms }) => p50Ms),
    },
  ];
}

/** Records events of its own while others load the log, and sees when each has its place. */
class Observer {
  lagsMs = [];
  #waiting = new Map();

  constructor(database, trail, databaseUrl) {
    this.database = database;
    this.trail = trail;
    this.connection = new pg.Client({ connectionString: databaseUrl });
  }

  open() {
    return this.connection.connect();
  }

  close() {
    return this.connection.end();
  }

  async observe(seconds) {
    const tenantId = randomUUID();
    const until = performance.now() + seconds * 1_000;
    const recording = this.#record(tenantId, until);
    for (let isDone = false; !isDone || this.#waiting.size > 0;) {
      await wait(LOOK_MS);
      await this.#look();
      isDone = performance.now() >= until;
    }
    await recording;
  }

  async #record(tenantId, until) {
    while (performance.now() < until) {
      const prepared = this.trail.prepare(tenantId, [FACT]);
      await this.database.withTenant(tenantId, (trx) => this.trail.write(trx, prepared));
      this.#waiting.set(prepared.records[0].id, performance.now());
      await wait(OBSERVED_EVERY_MS);
    }
  }

  async #look() {
    if (this.#waiting.size === 0) return;
    const { rows } = await this.connection.query(
      'select event_id from audit_index where event_id = any($1::uuid[])',
      [[...this.#waiting.keys()]],
    );
    const now = performance.now();
    for (const { event_id: id } of rows) {
      this.lagsMs.push(now - this.#waiting.get(id));
      this.#waiting.delete(id);
    }
  }
}
