import type { AnyAgent } from './agent.js';
import { confirmationAgent } from './confirmation.agent.js';
import { emailAgent } from './email.agent.js';
import { requirementsAgent } from './requirements.agent.js';
import { strategyAgent } from './strategy.agent.js';

/** Nest injection token of the list of agents. */
export const AGENTS = Symbol('AGENTS');

/** Every agent. Adding one is its file and a line here. */
export const SHIPPED_AGENTS: readonly AnyAgent[] = [
  requirementsAgent,
  strategyAgent,
  emailAgent,
  confirmationAgent,
];
