import { ApiProperty } from '@nestjs/swagger';

/** An agent as it stands. */
export class AgentDto {
  @ApiProperty({ example: 'email_generator' })
  name!: string;

  @ApiProperty()
  description!: string;

  @ApiProperty({ description: 'Time limit of one attempt' })
  timeoutMs!: number;

  @ApiProperty({ enum: ['closed', 'open', 'half-open'], description: 'State of its circuit breaker' })
  breaker!: string;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'JSON Schema of its input' })
  inputSchema!: Record<string, unknown>;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'JSON Schema of its output' })
  outputSchema!: Record<string, unknown>;
}

/** Every agent. */
export class AgentListDto {
  @ApiProperty({ type: [AgentDto] })
  items!: AgentDto[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Always null: the list is short and comes whole',
  })
  nextCursor!: null;
}
