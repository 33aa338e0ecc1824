import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsObject, IsOptional, IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { SIGNAL_NAME } from '../definitions/wait.schema.js';

/** `POST /v1/workflows/:id/signals` */
export class SendSignalDto {
  /** Name of a signal that the run's definition waits for. */
  @ApiProperty({ example: 'documents_complete' })
  @IsString()
  @Matches(SIGNAL_NAME, { message: 'must be lower-case letters, digits and _, and start with a letter' })
  name!: string;

  /** What the run is told, as the schema of the wait asks; it is `$.signals.<name>` with tokens in place of personal data. */
  @ApiPropertyOptional({ type: 'object', additionalProperties: true })
  @IsOptional()
  @IsObject()
  payload?: Record<string, unknown>;

  /** The sender's own id of the signal, 1 to 200 characters: the same id twice is one signal of the run. */
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(200)
  id?: string;
}

/** A signal that is kept for the run. */
export class SignalDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ format: 'uuid' })
  runId!: string;

  @ApiProperty()
  name!: string;

  @ApiProperty({ format: 'date-time' })
  createdAt!: string;

  @ApiProperty({ description: 'Whether it had come before under the same id of its sender' })
  duplicate!: boolean;
}
