import type { Principal } from '../../auth/principal.js';
import { canonicalHash } from '../../kernel/canonical-json.js';
import { itemsIn } from '../engine/step-log.js';
import type { Run } from '../runs/run.js';
import { changeOf, type RunChange } from '../runs/run-change.js';
import type { ReplayedStep } from './fork-plan.js';

const FREE = { inputTokens: 0, outputTokens: 0, costUsd: 0 };

/** What a fork writes beside what every start writes: the steps it takes over, and where they come from. */
export function forkOf(
  run: Run,
  sourceId: string,
  replayed: readonly ReplayedStep[],
  principal: Principal,
): RunChange {
  return changeOf({
    degraded: replayed.some(({ degraded }) => degraded),
    contents: replayed.map(({ outputHash, output }) => ({ hash: outputHash, value: output })),
    history: replayed.map(({ kind, name, agent, seq, outputHash, degraded, detail }) => ({
      kind,
      stepKey: name.key,
      phase: name.phase,
      agent,
      status: 'completed',
      outputHash,
      usage: FREE,
      degraded,
      detail: { ...placesOf(detail), replayedFrom: { runId: sourceId, seq } },
      startedAt: run.createdAt,
      endedAt: run.createdAt,
    })),
    facts: [
      {
        type: 'workflow.forked',
        outcome: 'success',
        actor: { type: 'apiKey', ref: principal.id },
        targets: [{ type: 'workflow', ref: sourceId }],
        detail: {
          fromPhase: run.forkedFromPhase ?? '',
          replayed: replayed.length,
          // Vouches for each step and for its place in the source.
          steps: canonicalHash(
            replayed.map(({ name, seq, outputHash }) => [name.key, seq, outputHash.toString('hex')]),
          ),
        },
      },
    ],
  });
}

/** Which items of a fan-out the outputs belong to, and which have none. */
function placesOf(detail: unknown): object {
  const { indexes, failed } = itemsIn(detail);
  return { ...(indexes && { indexes }), ...(failed.length > 0 && { failed }) };
}
