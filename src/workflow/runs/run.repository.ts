import { Injectable } from '@nestjs/common';
import type { Selectable } from 'kysely';
import type { WorkflowRunTable } from '../../database/tables.js';
import type { Trx } from '../../database/trx.js';
import { isPhase, type Phase, type RunStatus } from '../../compliance/state/phases.js';
import type { Run } from './run.js';

/** Reads runs and what belongs to them. Writing is `RunWriter`'s. */
@Injectable()
export class RunRepository {
  async find(trx: Trx, runId: string): Promise<Run | undefined> {
    const row = await trx.selectFrom('workflow_run').selectAll().where('id', '=', runId).executeTakeFirst();
    return row && runOf(row);
  }

  /** The run, locked until the transaction ends: for changes that come from outside the engine. */
  async lock(trx: Trx, runId: string): Promise<Run | undefined> {
    const row = await trx
      .selectFrom('workflow_run')
      .selectAll()
      .where('id', '=', runId)
      .forUpdate()
      .executeTakeFirst();
    return row && runOf(row);
  }

  async statuses(trx: Trx, runIds: readonly string[]): Promise<Map<string, RunStatus>> {
    if (runIds.length === 0) return new Map();
    const rows = await trx
      .selectFrom('workflow_run')
      .select(['id', 'status'])
      .where('id', 'in', runIds)
      .execute();
    return new Map(rows.map((row) => [row.id, row.status as RunStatus]));
  }

  async content(trx: Trx, hash: Buffer): Promise<unknown> {
    const row = await trx.selectFrom('content').select('body').where('hash', '=', hash).executeTakeFirst();
    return row?.body;
  }

  /** What was done of the steps in order, with their outputs. */
  recordedSteps(trx: Trx, runId: string) {
    return stepsWithOutput(trx)
      .select([
        'workflow_step.step_key as key',
        'workflow_step.status',
        'workflow_step.detail',
        'workflow_step.output_hash',
        'content.body as output',
      ])
      .where('run_id', '=', runId)
      .where('workflow_step.step_key', 'is not', null)
      .$narrowType<{ key: string }>()
      .orderBy('seq')
      .execute();
  }

  /** The same with what a fork needs to take them over. */
  async stepsToFork(trx: Trx, runId: string) {
    const rows = await stepsWithOutput(trx)
      .select(['seq', 'kind', 'step_key', 'output_hash', 'degraded', 'detail', 'content.body as output'])
      .where('run_id', '=', runId)
      .where('kind', 'in', ['step', 'wait'])
      .where('status', '=', 'completed')
      .orderBy('seq')
      .execute();
    return rows.flatMap(({ step_key: stepKey, output_hash: outputHash, ...row }) =>
      stepKey !== null && outputHash !== null
        ? [{ ...row, kind: row.kind === 'wait' ? ('wait' as const) : ('step' as const), stepKey, outputHash }]
        : [],
    );
  }

  /** The phases a run has entered, in no order. */
  async enteredPhases(trx: Trx, runId: string): Promise<Phase[]> {
    const rows = await trx
      .selectFrom('workflow_step')
      .select('to_phase')
      .distinct()
      .where('run_id', '=', runId)
      .where('kind', '=', 'transition')
      .where('status', '=', 'completed')
      .execute();
    return rows.map((row) => row.to_phase).filter(isPhase);
  }

  history(trx: Trx, runId: string, afterSeq: number, limit: number) {
    return stepsWithOutput(trx)
      .selectAll('workflow_step')
      .select('content.body as output')
      .where('run_id', '=', runId)
      .where('seq', '>', afterSeq)
      .orderBy('seq')
      .limit(limit)
      .execute();
  }

  /** Oldest first; `after` is the id of the last artefact already seen. */
  artifacts(trx: Trx, runId: string, limit: number, after?: string) {
    const rows = artifactsWithContent(trx).where('run_id', '=', runId).orderBy('artifact.id').limit(limit);
    return (after === undefined ? rows : rows.where('artifact.id', '>', after)).execute();
  }

  artifact(trx: Trx, id: string) {
    return artifactsWithContent(trx).where('artifact.id', '=', id).executeTakeFirst();
  }

  /** The newest version of an artefact. */
  latestArtifact(trx: Trx, runId: string, name: string) {
    return artifactsWithContent(trx)
      .where('run_id', '=', runId)
      .where('name', '=', name)
      .orderBy('version', 'desc')
      .limit(1)
      .executeTakeFirst();
  }

  openSignals(trx: Trx, runId: string) {
    return trx
      .selectFrom('workflow_signal')
      .select(['id', 'type', 'payload', 'payload_sealed'])
      .where('run_id', '=', runId)
      .where('consumed_at', 'is', null)
      .orderBy('id')
      .execute();
  }
}

function stepsWithOutput(trx: Trx) {
  return trx
    .selectFrom('workflow_step')
    .leftJoin('content', (join) =>
      join
        .onRef('content.hash', '=', 'workflow_step.output_hash')
        .onRef('content.tenant_id', '=', 'workflow_step.tenant_id'),
    );
}

function artifactsWithContent(trx: Trx) {
  return trx
    .selectFrom('artifact')
    .innerJoin('content', (join) =>
      join
        .onRef('content.hash', '=', 'artifact.content_hash')
        .onRef('content.tenant_id', '=', 'artifact.tenant_id'),
    )
    .selectAll('artifact')
    .select('content.body as content');
}

function runOf(row: Selectable<WorkflowRunTable>): Run {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    definition: row.definition,
    definitionVersion: row.definition_version,
    sessionId: row.session_id,
    ownerId: row.owner_id,
    status: row.status as RunStatus,
    phase: row.phase as Phase,
    version: row.version,
    historySeq: row.history_seq,
    eventSeq: row.event_seq,
    auditSeq: row.audit_seq,
    auditHead: row.audit_head,
    round: row.round,
    inputHash: row.input_hash,
    outputHash: row.output_hash,
    context: row.context,
    attributes: row.attributes,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    costUsd: Number(row.cost_usd),
    degraded: row.degraded,
    attempt: row.attempt,
    forkedFromRunId: row.forked_from_run,
    forkedFromPhase: row.forked_from_phase as Phase | null,
    waitingFor: row.waiting_for,
    deadlineAt: row.deadline_at,
    classification: row.classification,
    policyVersion: row.policy_version,
    policyActivation: row.policy_activation,
    ownerRoles: row.owner_roles,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    completedAt: row.completed_at,
  };
}
