import { createHash, randomBytes } from 'node:crypto';
import { firstIdAt } from '../../src/kernel/ids.js';
import { type TestDatabase, TEST_TENANT_ID } from './database.js';

/** A run as a test wants it to stand in the tables, without having been driven. */
export interface StoredRun {
  readonly id: string;
  readonly tenantId: string;
  readonly definition: string;
  readonly version: number;
  readonly sessionId: string;
  readonly ownerId: string;
  readonly status: string;
  readonly phase: string;
  readonly degraded: boolean;
  readonly attributes: Readonly<Record<string, string>>;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly completedAt: Date | null;
  /** Texts that the run refers to: its input first. Equal texts are one content. */
  readonly contents: readonly string[];
  readonly delivery: string;
}

/** A completed run that ended now, changed as asked. Its id begins with the time of its start. */
export function storedRun(changes: Partial<StoredRun> = {}): StoredRun {
  const createdAt = changes.createdAt ?? new Date();
  return {
    id: idAt(createdAt),
    tenantId: TEST_TENANT_ID,
    definition: 'email-campaign',
    version: 1,
    sessionId: idAt(createdAt),
    ownerId: 'owner',
    status: 'COMPLETED',
    phase: 'DELIVERY',
    degraded: false,
    attributes: {},
    createdAt,
    updatedAt: changes.completedAt ?? createdAt,
    completedAt: createdAt,
    contents: [`content ${randomBytes(8).toString('hex')}`],
    delivery: 'sent',
    ...changes,
  };
}

export function contentHash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Puts runs with one row of everything that belongs to a run into the tables, past every trigger. */
export async function storeRuns(database: TestDatabase, runs: readonly StoredRun[]): Promise<void> {
  const rows = JSON.stringify(
    runs.map((run) => ({
      ...run,
      hashes: run.contents.map((text) => `\\x${contentHash(text).toString('hex')}`),
      artifactId: idAt(run.createdAt),
      approvalId: idAt(run.createdAt),
    })),
  );
  for (const part of PARTS) await database.force(`${FROM_ROWS} ${part}`, [rows]);
}

function idAt(time: Date): string {
  return `${firstIdAt(time.getTime()).slice(0, 19)}8${randomBytes(8).toString('hex').slice(1, 4)}-${randomBytes(6).toString('hex')}`;
}

const FROM_ROWS = `
  with each as (
    select * from json_to_recordset($1) as each (id uuid, "tenantId" uuid, definition text, version int, "sessionId" uuid,
      "ownerId" text, status text, phase text, degraded boolean, attributes jsonb, "createdAt" timestamptz,
      "updatedAt" timestamptz, "completedAt" timestamptz, contents text[], hashes bytea[], delivery text,
      "artifactId" uuid, "approvalId" uuid)
  )`;

const PARTS = [
  `insert into workflow_run (id, tenant_id, definition, definition_version, session_id, owner_id, status, phase, input_hash,
     output_hash, attributes, degraded, created_at, updated_at, completed_at)
   select id, "tenantId", definition, version, "sessionId", "ownerId", status, phase, hashes[1], hashes[2], attributes,
     degraded, "createdAt", "updatedAt", "completedAt" from each`,
  `insert into workflow_attribute (tenant_id, key, value, run_id)
   select "tenantId", key, value, id from each, jsonb_each_text(attributes) pair`,
  `insert into content (tenant_id, hash, body)
   select "tenantId", hash, to_jsonb(text) from each, unnest(hashes, contents) content (hash, text) on conflict do nothing`,
  `insert into workflow_step (tenant_id, run_id, seq, kind, phase, status, output_hash, started_at, ended_at)
   select "tenantId", id, number, 'step', phase, 'completed', hash, "createdAt", "createdAt"
   from each, unnest(hashes) with ordinality content (hash, number)`,
  `insert into workflow_event (tenant_id, run_id, seq, type, data, created_at)
   select "tenantId", id, 1, 'workflow.started', '{}', "createdAt" from each`,
  `insert into workflow_signal (id, tenant_id, run_id, type, payload, created_at)
   select gen_random_uuid(), "tenantId", id, 'signal', '{}', "createdAt" from each`,
  `insert into artifact (id, tenant_id, run_id, kind, name, version, round, content_hash, created_at)
   select "artifactId", "tenantId", id, 'email-batch', 'emails', 1, 0, hashes[array_length(hashes, 1)], "createdAt" from each`,
  `insert into approval (id, tenant_id, run_id, artifact_id, binding_hash, status, requester_id, four_eyes,
     required_approvals, round, created_at, expires_at)
   select "approvalId", "tenantId", id, "artifactId", hashes[1], 'approved', 'owner', false, 1, 0, "createdAt", "createdAt"
   from each`,
  `insert into approval_decision (id, tenant_id, run_id, approval_id, actor_id, decision, binding_hash, decided_at)
   select gen_random_uuid(), "tenantId", id, "approvalId", 'reviewer', 'approve', hashes[1], "createdAt" from each`,
  `insert into approval_delegation (id, tenant_id, run_id, approval_id, from_actor, to_actor, reason, created_at)
   select gen_random_uuid(), "tenantId", id, "approvalId", 'reviewer', 'deputy', null, "createdAt" from each`,
  `insert into delivery (id, tenant_id, run_id, index, subject_ref, channel, message_id, status, created_at)
   select gen_random_uuid(), "tenantId", id, 0, 'subject', 'outbox', id::text, delivery, "createdAt" from each`,
  `insert into vault_token (tenant_id, run_id, token, entity, subject_ref, shared, sealed)
   select "tenantId", id, 'token', 'EMAIL', 'subject', false, '\\x00' from each`,
];
