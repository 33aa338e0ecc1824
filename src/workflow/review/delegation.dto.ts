import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, IsUUID, MaxLength, MinLength } from 'class-validator';

/** `POST /v1/approvals/:id/delegations` */
export class DelegateDto {
  /** Id of the API key that is to decide instead. */
  @ApiProperty({ format: 'uuid' })
  @IsUUID()
  toActorId!: string;

  /** Why; personal data in it becomes tokens. */
  @ApiPropertyOptional({ maxLength: 1_000 })
  @IsOptional()
  @IsString()
  @MinLength(1)
  @MaxLength(1_000)
  reason?: string;
}
