import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditVerdict } from '../api-types.js';
import type { ChaosDatabase } from './chaos-database.js';
import type {
  Acknowledged,
  ChaosHistory,
  DeliveryRow,
  KeyedRow,
  OutboxFile,
  RunRow,
  SequenceRow,
} from './chaos-history.js';

/** Reads all that {@link ChaosHistory} tells, when every run has ended. */
export async function readHistory(
  database: ChaosDatabase,
  dataDir: string,
  acknowledged: Acknowledged,
  audit: AuditVerdict,
): Promise<ChaosHistory> {
  const keyed = (text: string) => database.query<KeyedRow>(text);
  return {
    acknowledged,
    audit,
    runs: await database.query<RunRow>(RUNS),
    steps: await keyed(STEPS),
    auditedSteps: await keyed(audited('workflow.step_completed', `record -> 'detail' ->> 'step'`)),
    transitions: await keyed(TRANSITIONS),
    auditedTransitions: await keyed(
      audited(
        'workflow.transition',
        `concat_ws(' > ', record -> 'change' ->> 'from', record -> 'change' ->> 'to')`,
      ),
    ),
    decisions: await keyed(DECISIONS),
    auditedDecisions: await keyed(audited('approval.decided', `record -> 'oversight' ->> 'decision'`)),
    deliveries: await database.query<DeliveryRow>(DELIVERIES),
    auditedSent: await keyed(
      audited(
        'delivery.settled',
        `record -> 'detail' ->> 'index'`,
        `record -> 'detail' ->> 'status' = 'sent'`,
      ),
    ),
    outbox: await readOutbox(join(dataDir, 'outbox')),
    sequences: await database.query<SequenceRow>(SEQUENCES),
    leftJobs: await keyed(LEFT_JOBS),
  };
}

const RUNS = `select id as "runId", status, history_seq as "historySeq", event_seq as "eventSeq"
  from workflow_run order by id`;

const STEPS = `select run_id as "runId", step_key as key from workflow_step
  where kind = 'step' and status = 'completed' order by run_id, seq`;

const TRANSITIONS = `select run_id as "runId", concat_ws(' > ', from_phase, to_phase) as key from workflow_step
  where kind = 'transition' order by run_id, seq`;

const DECISIONS = `select run_id as "runId", decision as key from approval_decision order by run_id, decided_at`;

const DELIVERIES = `select run_id as "runId", index, status, message_id as "messageId", attempts from delivery
  order by run_id, index`;

const SEQUENCES = `
  select run_id as "runId", 'history' as list, count(*)::int as count, min(seq) as least, max(seq) as most
  from workflow_step group by run_id
  union all
  select run_id, 'events', count(*)::int, min(seq), max(seq) from workflow_event group by run_id`;

/** Jobs about runs: no run is open any more. One that will only find that out is due at some time later. */
const LEFT_JOBS = `select data ->> 'runId' as "runId", name || ' ' || state as key from pgboss.job
  where name in ('workflow.drive', 'delivery.deliver') and state in ('created', 'retry', 'active', 'failed')
    and start_after <= now()`;

/** Keys of audit events of a type; `record` is the event as it was hashed. */
function audited(type: string, key: string, condition = 'true'): string {
  return `select run_id as "runId", ${key} as key
    from audit_event, lateral (select convert_from(leaf, 'UTF8')::json as record) as parsed
    where type = '${type}' and ${condition} order by run_id, run_seq`;
}

async function readOutbox(folder: string): Promise<OutboxFile[]> {
  const runs = await readdir(folder).catch(() => []);
  const perRun = await Promise.all(
    runs.map(async (runId) => {
      const names = await readdir(join(folder, runId));
      return Promise.all(
        names.map(async (name) => ({
          runId,
          name,
          messageId: messageIdIn(await readFile(join(folder, runId, name), 'utf8')),
        })),
      );
    }),
  );
  return perRun.flat();
}

function messageIdIn(message: string): string | undefined {
  return /^Message-ID: (<[^>]+>)\r$/im.exec(message)?.[1];
}
