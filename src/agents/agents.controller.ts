import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { RequirePermission } from '../auth/require-permission.js';
import { BreakerRegistry } from '../error-recovery/breaker-registry.js';
import type { AnyAgent } from './agent.js';
import { AgentDto, AgentListDto } from './agent.dto.js';
import { AGENTS } from './agent-registry.js';
import { AgentRunner } from './agent-runner.service.js';

/** The agents of this server, with the forms of what they take and give. */
@ApiTags('Agents')
@Controller({ path: 'agents', version: '1' })
export class AgentsController {
  constructor(
    @Inject(AGENTS) private readonly agents: readonly AnyAgent[],
    private readonly runner: AgentRunner,
    private readonly breakers: BreakerRegistry,
  ) {}

  @Get()
  @ApiOperation({ summary: 'List the agents with the forms of what they take and give' })
  @RequirePermission('agents.read')
  @ApiOkResponse({ type: AgentListDto })
  list(): AgentListDto {
    return { items: this.agents.map((agent) => this.describe(agent)), nextCursor: null };
  }

  private describe(agent: AnyAgent): AgentDto {
    return {
      name: agent.name,
      description: agent.description,
      timeoutMs: this.runner.timeoutMsOf(agent),
      breaker: this.breakers.obtain(agent.name).state,
      inputSchema: z.toJSONSchema(agent.input, { io: 'input' }),
      outputSchema: z.toJSONSchema(agent.output),
    };
  }
}
