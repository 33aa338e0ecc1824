import { byteaText, byteaTextOrNull, type StatementPart } from '../../../database/statement.js';
import type { Run } from '../run.js';
import type { RunChange } from '../run-change.js';

/** A change of one run as the statement takes it. */
export interface RunWrite {
  /** The run as it was when the change was decided; undefined for one that is made now. */
  readonly before: Run | undefined;
  readonly after: Run;
  readonly change: RunChange;
  readonly now: Date;
}

/** The condition of every part: only rows of runs that this very statement has changed or made are written. */
export const OF_WRITTEN_RUN = 'x.run_id in (select id from runs)';

/** Columns of a run that a change may alter, with their types. */
const CHANGING = {
  status: 'text',
  phase: 'text',
  version: 'bigint',
  history_seq: 'int',
  event_seq: 'int',
  audit_seq: 'int',
  audit_head: 'bytea',
  round: 'int',
  output_hash: 'bytea',
  context: 'jsonb',
  input_tokens: 'bigint',
  output_tokens: 'bigint',
  cost_usd: 'numeric',
  degraded: 'boolean',
  classification: 'data_classification',
  attempt: 'int',
  waiting_for: 'jsonb',
  deadline_at: 'timestamptz',
  updated_at: 'timestamptz',
  completed_at: 'timestamptz',
} as const;

/** Columns that stand from the start on. */
const LASTING = {
  tenant_id: 'uuid',
  definition: 'text',
  definition_version: 'int',
  session_id: 'uuid',
  owner_id: 'text',
  attributes: 'jsonb',
  input_hash: 'bytea',
  forked_from_run: 'uuid',
  forked_from_phase: 'text',
  policy_version: 'int',
  policy_activation: 'int',
  owner_roles: 'text[]',
  created_at: 'timestamptz',
} as const;

const names = (columns: object) => Object.keys(columns).join(', ');
const typed = (columns: object) =>
  Object.entries(columns)
    .map(([name, type]) => `${name} ${String(type)}`)
    .join(', ');

/** Changes the runs that still are what they were; the others are left alone, with all that belongs to them. */
export function changedRunsPart(writes: readonly RunWrite[]): StatementPart {
  return {
    rows: writes.flatMap(({ before, after }) =>
      before ? [{ id: after.id, expected: before.version, ...changingOf(after) }] : [],
    ),
    ctes: (given) => [
      [
        'runs_changed',
        `update workflow_run r set ${Object.keys(CHANGING)
          // JSON's own null, in a context that is not ours, would arrive as SQL's.
          .map((name) =>
            name === 'context' ? `context = coalesce(x.context, 'null'::jsonb)` : `${name} = x.${name}`,
          )
          .join(', ')}
         from json_to_recordset(${given}) as x(id uuid, expected bigint, ${typed(CHANGING)})
         where r.id = x.id and r.version = x.expected
         returning r.id, r.tenant_id`,
      ],
    ],
  };
}

export function newRunsPart(writes: readonly RunWrite[]): StatementPart {
  return {
    rows: writes.flatMap(({ before, after }) =>
      before ? [] : [{ id: after.id, ...lastingOf(after), ...changingOf(after) }],
    ),
    ctes: (given) => [
      [
        'runs_made',
        `insert into workflow_run (id, ${names(LASTING)}, ${names(CHANGING)})
         select x.* from json_to_recordset(${given}) as x(id uuid, ${typed(LASTING)}, ${typed(CHANGING)})
         returning id, tenant_id`,
      ],
    ],
  };
}

/** The runs that this statement has written: what everything else hangs on. */
export function writtenRunsPart(writes: readonly RunWrite[]): StatementPart {
  const made = writes.some(({ before }) => !before);
  const changed = writes.some(({ before }) => before);
  const sources = [...(changed ? ['runs_changed'] : []), ...(made ? ['runs_made'] : [])];
  return {
    ctes: () => [
      ['runs', sources.map((source) => `select id, tenant_id from ${source}`).join(' union all ')],
    ],
  };
}

/** A part whose rows belong to runs: they take the tenant from the run's own row. */
function partOf(
  name: string,
  rows: readonly object[],
  insert: (columns: string) => string,
  columns: Readonly<Record<string, string>>,
): StatementPart {
  return {
    rows,
    ctes: (given) => [
      [
        name,
        insert(
          `select r.tenant_id, ${Object.keys(columns)
            .map((column) => `x.${column}`)
            .join(', ')}
           from json_to_recordset(${given}) as x(${typed(columns)}) join runs r on r.id = x.run_id`,
        ),
      ],
    ],
  };
}

function insertPart(
  table: string,
  rows: readonly object[],
  columns: Readonly<Record<string, string>>,
): StatementPart {
  return partOf(
    `${table}_made`,
    rows,
    (select) => `insert into ${table} (tenant_id, ${names(columns)}) ${select}`,
    columns,
  );
}

/** Everything that belongs to runs and lies in tables of this room. */
export function runRowParts(writes: readonly RunWrite[]): StatementPart[] {
  const rowsOf = <T>(
    items: (change: RunChange) => readonly T[],
    row: (item: T, write: RunWrite, index: number) => object,
  ) =>
    writes.flatMap((write) =>
      items(write.change).map((item, index) =>
        Object.assign(row(item, write, index), { run_id: write.after.id }),
      ),
    );
  return [
    contentsPart(writes),
    insertPart(
      'workflow_step',
      rowsOf(
        (change) => change.history,
        (entry, { before }, index) => ({
          seq: (before?.historySeq ?? 0) + index + 1,
          kind: entry.kind,
          step_key: entry.stepKey ?? null,
          phase: entry.phase,
          agent: entry.agent ?? null,
          attempt: entry.attempt ?? 1,
          status: entry.status,
          from_phase: entry.from ?? null,
          to_phase: entry.to ?? null,
          input_hash: byteaTextOrNull(entry.inputHash),
          output_hash: byteaTextOrNull(entry.outputHash),
          usage: entry.usage ?? null,
          degraded: entry.degraded ?? false,
          detail: entry.detail ?? null,
          started_at: entry.startedAt,
          ended_at: entry.endedAt,
        }),
      ),
      {
        run_id: 'uuid',
        seq: 'int',
        kind: 'text',
        step_key: 'text',
        phase: 'text',
        agent: 'text',
        attempt: 'int',
        status: 'text',
        from_phase: 'text',
        to_phase: 'text',
        input_hash: 'bytea',
        output_hash: 'bytea',
        usage: 'jsonb',
        degraded: 'boolean',
        detail: 'jsonb',
        started_at: 'timestamptz',
        ended_at: 'timestamptz',
      },
    ),
    insertPart(
      'workflow_event',
      rowsOf(
        (change) => change.events,
        (event, { before, now }, index) => ({
          seq: (before?.eventSeq ?? 0) + index + 1,
          type: event.type,
          data: event.data,
          created_at: now,
        }),
      ),
      { run_id: 'uuid', seq: 'int', type: 'text', data: 'jsonb', created_at: 'timestamptz' },
    ),
    insertPart(
      'artifact',
      rowsOf(
        (change) => change.artifacts,
        (artifact, { now }) => ({
          id: artifact.id,
          kind: artifact.kind,
          name: artifact.name,
          version: artifact.version,
          round: artifact.round,
          content_hash: byteaText(artifact.contentHash),
          created_at: now,
        }),
      ),
      {
        run_id: 'uuid',
        id: 'uuid',
        kind: 'text',
        name: 'text',
        version: 'int',
        round: 'int',
        content_hash: 'bytea',
        created_at: 'timestamptz',
      },
    ),
    {
      rows: rowsOf(
        (change) => oncePerApproval(change.closedApprovals),
        (closed) => ({
          id: closed.id,
          status: closed.status,
          binding_hash: byteaTextOrNull(closed.bindingHash),
          artifact_id: closed.artifactId ?? null,
          reminded: closed.reminded ?? null,
          escalated_at: closed.escalatedAt ?? null,
          roles: closed.roles ?? null,
        }),
      ),
      ctes: (given) => [
        [
          'approvals_closed',
          `update approval a set status = x.status, binding_hash = coalesce(x.binding_hash, a.binding_hash),
             artifact_id = coalesce(x.artifact_id, a.artifact_id), reminded = coalesce(x.reminded, a.reminded),
             escalated_at = coalesce(x.escalated_at, a.escalated_at), roles = coalesce(x.roles, a.roles)
           from json_to_recordset(${given}) as x(
             run_id uuid, id uuid, status text, binding_hash bytea, artifact_id uuid, reminded int,
             escalated_at timestamptz, roles text[])
           where a.id = x.id and a.status = 'pending' and ${OF_WRITTEN_RUN}`,
        ],
      ],
    },
    insertPart(
      'approval',
      rowsOf(
        (change) => change.approvals,
        (approval, { now }) => ({
          id: approval.id,
          artifact_id: approval.artifactId,
          binding_hash: byteaText(approval.bindingHash),
          status: 'pending',
          requester_id: approval.requesterId,
          four_eyes: approval.fourEyes,
          required_approvals: approval.requiredApprovals,
          round: approval.round,
          created_at: now,
          expires_at: approval.expiresAt,
          roles: approval.roles,
          reject_quorum: approval.rejectQuorum,
          remind_at: approval.remindAt,
          escalate_at: approval.escalateAt,
          escalation_roles: approval.escalationRoles,
        }),
      ),
      {
        run_id: 'uuid',
        id: 'uuid',
        artifact_id: 'uuid',
        binding_hash: 'bytea',
        status: 'text',
        requester_id: 'text',
        four_eyes: 'boolean',
        required_approvals: 'int',
        round: 'int',
        created_at: 'timestamptz',
        expires_at: 'timestamptz',
        roles: 'text[]',
        reject_quorum: 'int',
        remind_at: 'timestamptz[]',
        escalate_at: 'timestamptz',
        escalation_roles: 'text[]',
      },
    ),
    insertPart(
      'approval_delegation',
      rowsOf(
        (change) => change.delegations,
        (delegation, { now }) => ({
          id: delegation.id,
          approval_id: delegation.approvalId,
          from_actor: delegation.fromActor,
          to_actor: delegation.toActor,
          reason: delegation.reason,
          created_at: now,
        }),
      ),
      {
        run_id: 'uuid',
        id: 'uuid',
        approval_id: 'uuid',
        from_actor: 'text',
        to_actor: 'text',
        reason: 'text',
        created_at: 'timestamptz',
      },
    ),
    insertPart(
      'approval_decision',
      rowsOf(
        (change) => change.decisions,
        (decision) => ({
          id: decision.id,
          approval_id: decision.approvalId,
          actor_id: decision.actorId,
          decision: decision.decision,
          comment: decision.comment,
          binding_hash: byteaText(decision.bindingHash),
          decided_at: decision.decidedAt,
        }),
      ),
      {
        run_id: 'uuid',
        id: 'uuid',
        approval_id: 'uuid',
        actor_id: 'text',
        decision: 'text',
        comment: 'text',
        binding_hash: 'bytea',
        decided_at: 'timestamptz',
      },
    ),
    insertPart(
      'workflow_signal',
      rowsOf(
        (change) => change.signals,
        (signal, { now }) => ({
          id: signal.id,
          type: signal.type,
          payload: signal.payload,
          created_at: now,
        }),
      ),
      { run_id: 'uuid', id: 'uuid', type: 'text', payload: 'jsonb', created_at: 'timestamptz' },
    ),
    {
      rows: rowsOf(
        (change) => change.consumedSignals.map((id) => ({ id })),
        ({ id }, { now }) => ({ id, consumed_at: now }),
      ),
      ctes: (given) => [
        [
          'signals_used',
          `update workflow_signal s set consumed_at = x.consumed_at
           from json_to_recordset(${given}) as x(run_id uuid, id uuid, consumed_at timestamptz)
           where s.id = x.id and ${OF_WRITTEN_RUN}`,
        ],
      ],
    },
  ];
}

/** A statement changes a row once: what several changes make of an approval is joined, the later wins. */
function oncePerApproval(closed: RunChange['closedApprovals']): RunChange['closedApprovals'] {
  if (closed.length < 2) return closed;
  const joined = new Map<string, RunChange['closedApprovals'][number]>();
  for (const each of closed) joined.set(each.id, { ...joined.get(each.id), ...each });
  return [...joined.values()];
}

/** Texts are stored once; in one order for everybody, or two statements could wait for each other. */
function contentsPart(writes: readonly RunWrite[]): StatementPart {
  return {
    rows: writes.flatMap(({ after, change }) =>
      change.contents.map(({ hash, value }) => ({ run_id: after.id, hash: byteaText(hash), body: value })),
    ),
    ctes: (given) => [
      [
        'contents_made',
        // JSON's own null would arrive as SQL's.
        `insert into content (tenant_id, hash, body)
         select distinct on (r.tenant_id, x.hash) r.tenant_id, x.hash, coalesce(x.body, 'null'::jsonb)
         from json_to_recordset(${given}) as x(run_id uuid, hash bytea, body jsonb) join runs r on r.id = x.run_id
         order by r.tenant_id, x.hash
         on conflict (tenant_id, hash) do nothing`,
      ],
    ],
  };
}

function changingOf(run: Run): Record<keyof typeof CHANGING, unknown> {
  return {
    status: run.status,
    phase: run.phase,
    version: run.version,
    history_seq: run.historySeq,
    event_seq: run.eventSeq,
    audit_seq: run.auditSeq,
    audit_head: byteaTextOrNull(run.auditHead),
    round: run.round,
    output_hash: byteaTextOrNull(run.outputHash),
    context: run.context,
    input_tokens: run.inputTokens,
    output_tokens: run.outputTokens,
    cost_usd: run.costUsd.toFixed(6),
    degraded: run.degraded,
    classification: run.classification,
    attempt: run.attempt,
    waiting_for: run.waitingFor,
    deadline_at: run.deadlineAt,
    updated_at: run.updatedAt,
    completed_at: run.completedAt,
  };
}

function lastingOf(run: Run): Record<keyof typeof LASTING, unknown> {
  return {
    tenant_id: run.tenantId,
    definition: run.definition,
    definition_version: run.definitionVersion,
    session_id: run.sessionId,
    owner_id: run.ownerId,
    attributes: run.attributes,
    input_hash: byteaText(run.inputHash),
    forked_from_run: run.forkedFromRunId,
    forked_from_phase: run.forkedFromPhase,
    policy_version: run.policyVersion,
    policy_activation: run.policyActivation,
    owner_roles: run.ownerRoles,
    created_at: run.createdAt,
  };
}
