import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { PageQuery } from '../http/paging.js';

const STATUSES = ['pending', 'sending', 'sent', 'failed', 'uncertain'] as const;

/** Filters of `GET /v1/workflows/:id/deliveries`. */
export class ListDeliveriesQuery extends PageQuery {
  @ApiPropertyOptional({ enum: STATUSES })
  @IsOptional()
  @IsIn(STATUSES)
  status?: (typeof STATUSES)[number];
}

/** `POST /v1/deliveries/:id/settle` */
export class SettleDto {
  /** What a person found out about an uncertain delivery; `resend` sends it once more. */
  @ApiProperty({ enum: ['delivered', 'failed', 'resend'] })
  @IsIn(['delivered', 'failed', 'resend'])
  outcome!: 'delivered' | 'failed' | 'resend';
}
