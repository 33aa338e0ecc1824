import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsIn, IsObject, IsOptional, IsUUID } from 'class-validator';
import { PHASES, type Phase } from '../../compliance/state/phases.js';
import { IsAttributes } from '../workflow.dto.js';

/** `POST /v1/workflows/:id/fork` */
export class ForkWorkflowDto {
  /** The first phase that the fork does itself; the source must have entered it. */
  @ApiProperty({ enum: PHASES })
  @IsIn(PHASES)
  fromPhase!: Phase;

  /** Another input, in clear text; the source's when absent. Steps that would be asked something else are done again. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  @IsOptional()
  @IsObject()
  input?: Record<string, unknown>;

  /** Up to 20 short texts to find the run by; the source's when absent. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: { type: 'string' } })
  @IsOptional()
  @IsAttributes()
  attributes?: Record<string, string>;

  /** A session of yours that carries the consents; the source's when absent. */
  @ApiPropertyOptional({ format: 'uuid' })
  @IsOptional()
  @IsUUID()
  sessionId?: string;
}
