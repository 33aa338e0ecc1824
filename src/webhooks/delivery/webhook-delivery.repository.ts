import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { WebhookDeliveryTable } from '../../database/tables.js';
import type { Trx } from '../../database/trx.js';
import { newId } from '../../kernel/ids.js';
import type { Message } from '../message.js';

export type DeliveryStatus = WebhookDeliveryTable['status'];

/** One attempt, as the log keeps it. */
export interface LoggedAttempt {
  readonly at: string;
  readonly durationMs: number;
  /** HTTP status of the answer; null when there was none. */
  readonly statusCode: number | null;
  readonly responseBytes: number | null;
  /** Why there was no answer, as a code. */
  readonly error: string | null;
}

/** One message on its way to one endpoint. */
export interface Delivery {
  readonly id: string;
  readonly endpointId: string;
  readonly messageId: string;
  readonly type: string;
  readonly runId: string | null;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  /** Attempts since it was last asked for. */
  readonly failures: number;
  readonly nextAttemptAt: Date | null;
  readonly log: readonly LoggedAttempt[];
  readonly createdAt: Date;
  readonly settledAt: Date | null;
}

export interface DueDelivery extends Delivery {
  /** The exact text to be signed and sent. */
  readonly body: string;
}

export interface Settlement {
  readonly status: DeliveryStatus;
  /** Seconds until the next attempt of a pending one. */
  readonly delaySeconds: number | null;
  readonly failures: number;
  readonly log: readonly LoggedAttempt[];
}

const CHUNK_ROWS = 2_000;

/** Messages and their deliveries. */
@Injectable()
export class WebhookDeliveryRepository {
  /** Stores messages; those that are there already stay as they are. */
  async insertMessages(trx: Trx, tenantId: string, messages: readonly Message[], now: Date): Promise<void> {
    for (let start = 0; start < messages.length; start += CHUNK_ROWS) {
      const rows = messages.slice(start, start + CHUNK_ROWS).map((message) => ({
        id: message.id,
        tenant_id: tenantId,
        run_id: message.runId,
        sequence: message.sequence,
        type: message.type,
        body: message.body,
        created_at: now,
      }));
      await trx
        .insertInto('webhook_message')
        .values(rows)
        .onConflict((conflict) => conflict.columns(['tenant_id', 'id']).doNothing())
        .execute();
    }
  }

  /** Puts messages on their way, due at once and in this order. @returns ids of the deliveries that are new. */
  async insert(
    trx: Trx,
    tenantId: string,
    pairs: readonly { readonly endpointId: string; readonly messageId: string }[],
    now: Date,
  ): Promise<string[]> {
    const ids: string[] = [];
    for (let start = 0; start < pairs.length; start += CHUNK_ROWS) {
      const rows = pairs.slice(start, start + CHUNK_ROWS).map(({ endpointId, messageId }) => ({
        id: newId(),
        tenant_id: tenantId,
        endpoint_id: endpointId,
        message_id: messageId,
        status: 'pending' as const,
        next_attempt_at: sql<Date>`clock_timestamp()`,
        created_at: now,
      }));
      const inserted = await trx
        .insertInto('webhook_delivery')
        .values(rows)
        .onConflict((conflict) => conflict.columns(['tenant_id', 'message_id', 'endpoint_id']).doNothing())
        .returning('id')
        .execute();
      ids.push(...inserted.map(({ id }) => id));
    }
    return ids;
  }

  /** What is to be sent to an endpoint now, in order. */
  async due(trx: Trx, endpointId: string, limit: number): Promise<DueDelivery[]> {
    const rows = await this.select(trx)
      .select('told.body')
      .where('outgoing.endpoint_id', '=', endpointId)
      .where('outgoing.status', '=', 'pending')
      .where('outgoing.next_attempt_at', '<=', sql<Date>`clock_timestamp()`)
      .orderBy('outgoing.next_attempt_at')
      .orderBy('outgoing.position')
      .limit(limit)
      .execute();
    return rows.map(deliveryOf);
  }

  /** Keeps what came of an attempt; false when the delivery is not what it was. */
  async settle(trx: Trx, delivery: Delivery, settlement: Settlement, now: Date): Promise<boolean> {
    const { status, delaySeconds, failures, log } = settlement;
    const { numUpdatedRows } = await trx
      .updateTable('webhook_delivery')
      .set({
        status,
        failures,
        attempts: delivery.attempts + 1,
        next_attempt_at:
          delaySeconds === null
            ? null
            : sql<Date>`clock_timestamp() + make_interval(secs => ${delaySeconds})`,
        attempt_log: JSON.stringify(log),
        settled_at: status === 'pending' ? null : now,
      })
      .where('id', '=', delivery.id)
      .where('attempts', '=', delivery.attempts)
      .where('status', '=', 'pending')
      .executeTakeFirst();
    return numUpdatedRows === 1n;
  }

  /** Newest first; `before` is the id the last page ended with. */
  async list(
    trx: Trx,
    endpointId: string,
    status: DeliveryStatus | undefined,
    limit: number,
    before: string | undefined,
  ): Promise<Delivery[]> {
    let query = this.select(trx)
      .where('outgoing.endpoint_id', '=', endpointId)
      .orderBy('outgoing.id', 'desc')
      .limit(limit);
    if (status !== undefined) query = query.where('outgoing.status', '=', status);
    if (before !== undefined) query = query.where('outgoing.id', '<', before);
    return (await query.execute()).map(deliveryOf);
  }

  async find(trx: Trx, endpointId: string, id: string): Promise<Delivery | undefined> {
    const row = await this.select(trx)
      .where('outgoing.endpoint_id', '=', endpointId)
      .where('outgoing.id', '=', id)
      .executeTakeFirst();
    return row && deliveryOf(row);
  }

  /** Puts a delivery at the beginning of its schedule. */
  async restart(trx: Trx, id: string): Promise<void> {
    await trx
      .updateTable('webhook_delivery')
      .set({
        status: 'pending',
        failures: 0,
        next_attempt_at: sql<Date>`clock_timestamp()`,
        settled_at: null,
      })
      .where('id', '=', id)
      .execute();
  }

  private select(trx: Trx) {
    return trx
      .selectFrom('webhook_delivery as outgoing')
      .innerJoin('webhook_message as told', (join) =>
        join.onRef('told.tenant_id', '=', 'outgoing.tenant_id').onRef('told.id', '=', 'outgoing.message_id'),
      )
      .select([
        'outgoing.id',
        'outgoing.endpoint_id as endpointId',
        'outgoing.message_id as messageId',
        'told.type',
        'told.run_id as runId',
        'outgoing.status',
        'outgoing.attempts',
        'outgoing.failures',
        'outgoing.next_attempt_at as nextAttemptAt',
        'outgoing.attempt_log as log',
        'outgoing.created_at as createdAt',
        'outgoing.settled_at as settledAt',
      ]);
  }
}

/** The log is written by this room only. */
function deliveryOf<T extends { readonly log: unknown }>(row: T): T & Pick<Delivery, 'log'> {
  return row as T & Pick<Delivery, 'log'>;
}
