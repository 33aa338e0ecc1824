import { Injectable } from '@nestjs/common';
import { statementOf } from '../../database/statement.js';
import type { Trx } from '../../database/trx.js';
import { within } from '../../database/within.js';
import { newJobsPart } from '../../jobs/job-rows.js';
import { newId } from '../../kernel/ids.js';

/** A signal as it is stored when it comes. */
export interface NewSentSignal {
  readonly id: string;
  readonly tenantId: string;
  readonly runId: string;
  readonly type: string;
  readonly sealedPayload: Buffer;
  readonly senderKey: Buffer | null;
  readonly createdAt: Date;
}

@Injectable()
export class SignalRepository {
  /** The signal that a sender has given this id before. */
  findSent(trx: Trx, runId: string, senderKey: Buffer) {
    return trx
      .selectFrom('workflow_signal')
      .select(['id', 'type', 'created_at as createdAt'])
      .where('run_id', '=', runId)
      .where('sender_key', '=', senderKey)
      .executeTakeFirst();
  }

  /** How many signals a run has not taken up. */
  async countOpen(trx: Trx, runId: string): Promise<number> {
    const { count } = await trx
      .selectFrom('workflow_signal')
      .select(({ fn }) => fn.countAll().as('count'))
      .where('run_id', '=', runId)
      .where('consumed_at', 'is', null)
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async insert(trx: Trx, signal: NewSentSignal): Promise<void> {
    await trx
      .insertInto('workflow_signal')
      .values({
        id: signal.id,
        tenant_id: signal.tenantId,
        run_id: signal.runId,
        type: signal.type,
        payload: '{}',
        payload_sealed: signal.sealedPayload,
        sender_key: signal.senderKey,
        created_at: signal.createdAt,
      })
      .execute();
  }

  /** Has the run taken up once the transaction commits. */
  async wake(trx: Trx, tenantId: string, runId: string): Promise<void> {
    const job = { id: newId(), name: 'workflow.drive', data: { tenantId, runId }, group: tenantId } as const;
    await within(trx)(statementOf('signal-wake', [newJobsPart([job])], 'select 1'));
  }
}
