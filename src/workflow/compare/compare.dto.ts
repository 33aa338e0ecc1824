import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { RunSummaryDto, UsageDto } from '../run.dto.js';

/** What the gate has said of a transition. */
export class GateVerdictDto {
  @ApiPropertyOptional({ description: 'Absent for the start' })
  from?: string;

  @ApiProperty()
  to!: string;

  @ApiProperty({ enum: ['allowed', 'denied'] })
  verdict!: string;

  @ApiPropertyOptional({ type: 'array', items: { type: 'object', additionalProperties: true } })
  violations?: object[];
}

/** One of the two runs. */
export class ComparedRunDto extends RunSummaryDto {
  @ApiProperty({ type: UsageDto })
  usage!: UsageDto;

  @ApiProperty({ type: 'integer', description: 'From its start to its end, or to its last change' })
  durationMs!: number;

  @ApiProperty({ type: [GateVerdictDto], description: 'In the order of the history' })
  gate!: GateVerdictDto[];
}

/** What an agent has done in one run. */
export class AgentWorkDto {
  @ApiProperty({ type: 'integer', description: 'Entries of the history; a fan-out has one for each batch' })
  steps!: number;

  @ApiProperty({ type: 'integer', description: 'How many of them were taken over from another run' })
  replayed!: number;

  @ApiProperty({ type: 'integer' })
  failed!: number;

  @ApiProperty()
  degraded!: boolean;

  @ApiProperty({ type: UsageDto })
  usage!: UsageDto;

  @ApiProperty({ type: 'integer' })
  durationMs!: number;
}

export class ComparedAgentDto {
  @ApiProperty()
  agent!: string;

  @ApiProperty({ type: AgentWorkDto, nullable: true })
  left!: AgentWorkDto | null;

  @ApiProperty({ type: AgentWorkDto, nullable: true })
  right!: AgentWorkDto | null;
}

/** A line of two texts laid side by side. */
export class DiffLineDto {
  @ApiProperty({ enum: ['same', 'removed', 'added'] })
  op!: string;

  @ApiProperty()
  text!: string;
}

/** One place at which two artefacts differ. */
export class DifferenceDto {
  @ApiProperty({ example: 'emails.3.subject' })
  path!: string;

  @ApiProperty({ enum: ['added', 'removed', 'changed'] })
  kind!: string;

  @ApiPropertyOptional({ description: 'Any JSON' })
  left?: unknown;

  @ApiPropertyOptional({ description: 'Any JSON' })
  right?: unknown;

  @ApiPropertyOptional({ type: [DiffLineDto], description: 'In place of both, for texts of several lines' })
  lines?: DiffLineDto[];
}

export class ArtifactReferenceDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty({ type: 'integer' })
  version!: number;

  @ApiProperty({ description: 'SHA-256 of the canonical content, hexadecimal' })
  contentHash!: string;
}

/** The newest version of an artefact in both runs. */
export class ComparedArtifactDto {
  @ApiProperty({ example: 'emails' })
  name!: string;

  @ApiProperty({ enum: ['same', 'changed', 'added', 'removed'] })
  status!: string;

  @ApiProperty({ type: ArtifactReferenceDto, nullable: true })
  left!: ArtifactReferenceDto | null;

  @ApiProperty({ type: ArtifactReferenceDto, nullable: true })
  right!: ArtifactReferenceDto | null;

  @ApiProperty({ type: [DifferenceDto], description: 'At most 500' })
  differences!: DifferenceDto[];

  @ApiProperty({ description: 'Whether there are more differences than are shown' })
  truncated!: boolean;
}

/** `GET /v1/workflows/:id/compare/:otherId`: the first run is left, the other is right. */
export class RunComparisonDto {
  @ApiProperty({ type: ComparedRunDto })
  left!: ComparedRunDto;

  @ApiProperty({ type: ComparedRunDto })
  right!: ComparedRunDto;

  @ApiProperty({ type: [ComparedAgentDto] })
  agents!: ComparedAgentDto[];

  @ApiProperty({ type: [ComparedArtifactDto] })
  artifacts!: ComparedArtifactDto[];
}
