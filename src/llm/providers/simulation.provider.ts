import { ModelError } from '../model-error.js';
import type { ModelProvider, OpenModel } from '../model-provider.js';
import type { ModelAnswer, ModelRequest } from '../model-request.js';

/** The built-in provider: the agents' own deterministic work, no network, no key, no cost. */
export const simulationProvider: ModelProvider = {
  name: 'simulation',
  open: () => new SimulationModel(),
};

/** Where simulated work says it comes from. */
export const SIMULATION = { provider: 'simulation', model: 'simulation-1' } as const;

class SimulationModel implements OpenModel {
  readonly provider = SIMULATION.provider;
  readonly model = SIMULATION.model;

  async generate<T>(request: ModelRequest<T>): Promise<ModelAnswer<T>> {
    request.signal.throwIfAborted();
    const parsed = request.schema.safeParse(request.simulate());
    if (!parsed.success) throw new ModelError('invalid_answer', { hint: `simulation of ${request.agent}` });
    return {
      output: parsed.data,
      usage: {
        inputTokens: estimateTokens(request.system.length + request.prompt.length),
        outputTokens: estimateTokens(JSON.stringify(parsed.data).length),
        costUsd: 0,
      },
      provider: this.provider,
      model: this.model,
    };
  }
}

/** About four characters a token, the usual rule of thumb for English. */
function estimateTokens(characters: number): number {
  return Math.ceil(characters / 4);
}
