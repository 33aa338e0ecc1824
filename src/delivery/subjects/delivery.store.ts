import { Injectable, type OnModuleInit } from '@nestjs/common';
import {
  type DataSubject,
  type ErasedPart,
  type HeldPage,
  type PersonalStore,
  PersonalStores,
} from '../../compliance/subjects/personal-stores.js';
import type { Trx } from '../../database/trx.js';
import { OutboxChannel } from '../channels/outbox.channel.js';
import { DeliveryRepository } from '../delivery.repository.js';

const PAGE = 500;

/** What was sent to a person, when and how; and the messages of the outbox. */
@Injectable()
export class DeliveryStore implements PersonalStore, OnModuleInit {
  readonly name = 'deliveries';
  readonly tables = ['delivery'];

  constructor(
    private readonly stores: PersonalStores,
    private readonly deliveries: DeliveryRepository,
    private readonly outbox: OutboxChannel,
  ) {}

  onModuleInit(): void {
    this.stores.register(this);
  }

  async held(trx: Trx, { tenantId, subjectRef }: DataSubject, after: string | undefined): Promise<HeldPage> {
    const rows = await this.deliveries.ofSubject(trx, tenantId, subjectRef, after, PAGE);
    const records = rows.map((row) => ({
      kind: 'delivery',
      id: row.id,
      runId: row.run_id,
      channel: row.channel,
      messageId: row.message_id,
      status: row.status,
      detail: row.detail,
      createdAt: row.created_at.toISOString(),
      sendingAt: row.sending_at?.toISOString() ?? null,
      settledAt: row.settled_at?.toISOString() ?? null,
    }));
    return { records, next: rows.length < PAGE ? undefined : rows.at(-1)?.id };
  }

  /** A file is gone before its row forgets the person: a process that dies in between finds the row again. */
  async erase(trx: Trx, { tenantId, subjectRef }: DataSubject): Promise<ErasedPart> {
    const rows = await this.deliveries.ofSubject(trx, tenantId, subjectRef, undefined, PAGE);
    let files = 0;
    for (const { run_id: runId, index, channel } of rows) {
      if (channel === this.outbox.name && (await this.outbox.remove(runId, index))) files += 1;
    }
    const deliveries = await this.deliveries.forgetSubject(
      trx,
      rows.map(({ id }) => id),
    );
    return { counts: { deliveries, files }, next: rows.length === PAGE ? 'more' : undefined };
  }
}
