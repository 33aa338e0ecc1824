import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { PageQuery } from '../http/paging.js';
import type { Delivery } from './delivery/webhook-delivery.repository.js';

const STATUSES = ['pending', 'succeeded', 'failed'] as const;

/** Filters of `GET /v1/webhooks/:id/deliveries`. */
export class ListWebhookDeliveriesQuery extends PageQuery {
  @ApiPropertyOptional({ enum: STATUSES })
  @IsOptional()
  @IsIn(STATUSES)
  status?: (typeof STATUSES)[number];
}

/** One attempt to deliver. The text of the answer is not kept. */
export class WebhookAttemptDto {
  @ApiProperty({ format: 'date-time' })
  at!: string;

  @ApiProperty({ type: 'integer' })
  durationMs!: number;

  @ApiProperty({ type: 'integer', nullable: true, description: 'HTTP status; null when there was no answer' })
  statusCode!: number | null;

  @ApiProperty({
    type: 'integer',
    nullable: true,
    description: 'Size of the answer, counted to about 64 KiB and for a second',
  })
  responseBytes!: number | null;

  @ApiProperty({ type: String, nullable: true, example: 'TIMEOUT', description: 'Why there was no answer' })
  error!: string | null;
}

/** One message to one endpoint. */
export class WebhookDeliveryDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  /** The `webhook-id`: the same on every attempt and for every endpoint. */
  @ApiProperty({ example: 'msg_01a1fc06-1808-77d4-b36c-c83158f06c55_4' })
  messageId!: string;

  @ApiProperty({ example: 'workflow.completed' })
  type!: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'Null for a test' })
  runId!: string | null;

  @ApiProperty({ enum: STATUSES, description: '`pending`: to be tried at `nextAttemptAt`' })
  status!: (typeof STATUSES)[number];

  @ApiProperty({ type: 'integer', description: 'Attempts so far' })
  attemptCount!: number;

  /** The newest twenty, oldest first. */
  @ApiProperty({ type: [WebhookAttemptDto] })
  attempts!: WebhookAttemptDto[];

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  nextAttemptAt!: string | null;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  /** When it succeeded or failed for good. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  settledAt!: string | null;
}

export function webhookDeliveryDtoOf(delivery: Delivery): WebhookDeliveryDto {
  return {
    id: delivery.id,
    messageId: delivery.messageId,
    type: delivery.type,
    runId: delivery.runId,
    status: delivery.status,
    attemptCount: delivery.attempts,
    attempts: [...delivery.log],
    nextAttemptAt: delivery.nextAttemptAt?.toISOString() ?? null,
    createdAt: delivery.createdAt.toISOString(),
    settledAt: delivery.settledAt?.toISOString() ?? null,
  };
}
