import type { RunContext } from './runs/run-context.js';

const SUGGESTIONS: Readonly<Record<string, string | undefined>> = {
  fallback:
    'The simulation answered in place of the model: check the provider, then review the output with care.',
  failed: 'Check the agent’s input and the model provider, then start the run again.',
};

/** What a run carries about its agents, as the API shows it (W7). */
export function presentContext({ agents, lastError }: RunContext) {
  const each = Object.entries(agents).map(([agent, [executionTimeMs, at, state, extra, code]]) => {
    const timestamp = new Date(at).toISOString();
    const status = state === 'healthy' || state === 'recovered' ? 'completed' : state;
    return {
      agent,
      performance: { executionTimeMs, timestamp, status },
      recovery: { state, lastErrorCode: code ?? undefined, suggestion: SUGGESTIONS[state], timestamp },
      extra,
    };
  });
  return {
    contextData: {
      performance: Object.fromEntries(each.map(({ agent, performance }) => [agent, performance])),
      lastError,
    },
    errorRecoveryState: Object.fromEntries(each.map(({ agent, recovery }) => [agent, recovery])),
    recoveryAttempts: Object.fromEntries(each.map(({ agent, extra }) => [agent, extra])),
  };
}
