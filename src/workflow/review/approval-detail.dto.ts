import { ApiProperty } from '@nestjs/swagger';
import { ArtifactDto } from '../run.dto.js';
import { ApprovalDto } from './approval.dto.js';

/** An approval with all that is needed to decide on it. */
export class ApprovalDetailDto extends ApprovalDto {
  @ApiProperty({ type: [String], description: 'When people are reminded' })
  remindsAt!: string[];

  @ApiProperty({ type: ArtifactDto, nullable: true, description: 'What is shown; tokens stand in it' })
  artifact!: ArtifactDto | null;
}
