import { Module } from '@nestjs/common';
import { ErrorRecoveryModule } from '../error-recovery/error-recovery.module.js';
import { LlmModule } from '../llm/llm.module.js';
import { AGENTS, SHIPPED_AGENTS } from './agent-registry.js';
import { AgentRunner } from './agent-runner.service.js';
import { AgentsController } from './agents.controller.js';

/** The agents and what runs them. */
@Module({
  imports: [ErrorRecoveryModule, LlmModule],
  controllers: [AgentsController],
  providers: [{ provide: AGENTS, useValue: SHIPPED_AGENTS }, AgentRunner],
  exports: [AGENTS, AgentRunner],
})
export class AgentsModule {}
