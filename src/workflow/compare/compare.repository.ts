import { Injectable } from '@nestjs/common';
import type { Trx } from '../../database/trx.js';

export type ComparedStep = Awaited<ReturnType<CompareRepository['steps']>>[number];
export type ComparedArtifact = Awaited<ReturnType<CompareRepository['newestArtifacts']>>[number];

/** What a comparison reads of a run. */
@Injectable()
export class CompareRepository {
  /** The history in order, without what the steps have given. */
  steps(trx: Trx, runId: string) {
    return trx
      .selectFrom('workflow_step')
      .select([
        'kind',
        'agent',
        'status',
        'from_phase as from',
        'to_phase as to',
        'usage',
        'degraded',
        'detail',
        'started_at as startedAt',
        'ended_at as endedAt',
      ])
      .where('run_id', '=', runId)
      .orderBy('seq')
      .execute();
  }

  /** The newest version of each artefact. */
  newestArtifacts(trx: Trx, runId: string) {
    return trx
      .selectFrom('artifact')
      .innerJoin('content', (join) =>
        join
          .onRef('content.hash', '=', 'artifact.content_hash')
          .onRef('content.tenant_id', '=', 'artifact.tenant_id'),
      )
      .distinctOn('artifact.name')
      .select([
        'artifact.name',
        'artifact.id',
        'artifact.version',
        'content_hash as contentHash',
        'content.body as content',
      ])
      .where('run_id', '=', runId)
      .orderBy('artifact.name')
      .orderBy('artifact.version', 'desc')
      .execute();
  }
}
