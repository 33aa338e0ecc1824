import { addUsage, type RunChange } from '../runs/run-change.js';
import type { Run } from '../runs/run.js';
import { presentRunSummary } from '../run.presenter.js';
import type { ComparedArtifact, ComparedStep } from './compare.repository.js';
import { diffValues } from './structural-diff.js';

/** One of two runs that are compared. */
export interface ComparedRun {
  readonly run: Run;
  readonly steps: readonly ComparedStep[];
  readonly artifacts: readonly ComparedArtifact[];
}

type Usage = NonNullable<RunChange['usage']>;

const NO_USAGE: Usage = { inputTokens: 0, outputTokens: 0, costUsd: 0 };

/** What two runs have made, what it took, and what the gate said of each: tokens only, as both have stored it. */
export function compareRuns(left: ComparedRun, right: ComparedRun) {
  return {
    left: sideOf(left),
    right: sideOf(right),
    agents: unionOf(agentsOf(left), agentsOf(right)).map((agent) => ({
      agent,
      left: workOf(left, agent),
      right: workOf(right, agent),
    })),
    artifacts: unionOf(namesOf(left), namesOf(right)).map((name) =>
      artifactDifference(
        name,
        left.artifacts.find((each) => each.name === name),
        right.artifacts.find((each) => each.name === name),
      ),
    ),
  };
}

function sideOf({ run, steps }: ComparedRun) {
  const { inputTokens, outputTokens, costUsd } = run;
  return {
    ...presentRunSummary(run),
    usage: { inputTokens, outputTokens, costUsd },
    durationMs: (run.completedAt ?? run.updatedAt).getTime() - run.createdAt.getTime(),
    gate: steps.filter(isVerdict).map(verdictOf),
  };
}

function isVerdict({ kind, status }: ComparedStep): boolean {
  return kind === 'transition' || (kind === 'control' && status === 'denied');
}

function verdictOf({ kind, from, to, detail }: ComparedStep) {
  const { violations } = (detail ?? {}) as { violations?: unknown };
  return {
    from: from ?? undefined,
    to,
    verdict: kind === 'transition' ? 'allowed' : 'denied',
    violations: kind === 'transition' ? undefined : (violations ?? []),
  };
}

/** What an agent has done in a run; null when it has done nothing. */
function workOf({ steps }: ComparedRun, agent: string) {
  const own = steps.filter((step) => step.kind === 'step' && step.agent === agent);
  if (own.length === 0) return null;
  return {
    steps: own.length,
    replayed: own.filter(isReplayed).length,
    failed: own.filter(({ status }) => status === 'failed').length,
    degraded: own.some(({ degraded }) => degraded),
    usage: own.reduce((sum, { usage }) => addUsage(sum, (usage as Usage | null) ?? NO_USAGE), NO_USAGE),
    durationMs: own.reduce((sum, { startedAt, endedAt }) => sum + endedAt.getTime() - startedAt.getTime(), 0),
  };
}

function isReplayed({ detail }: ComparedStep): boolean {
  return (detail as { replayedFrom?: unknown } | null)?.replayedFrom !== undefined;
}

function artifactDifference(
  name: string,
  left: ComparedArtifact | undefined,
  right: ComparedArtifact | undefined,
) {
  const isSame = left && right && left.contentHash.equals(right.contentHash);
  return {
    name,
    status: isSame ? 'same' : !left ? 'added' : !right ? 'removed' : 'changed',
    left: left ? referenceOf(left) : null,
    right: right ? referenceOf(right) : null,
    ...(isSame || !left || !right
      ? { differences: [], truncated: false }
      : diffValues(left.content, right.content)),
  };
}

function referenceOf({ id, version, contentHash }: ComparedArtifact) {
  return { id, version, contentHash: contentHash.toString('hex') };
}

function agentsOf({ steps }: ComparedRun): string[] {
  return steps.flatMap(({ kind, agent }) => (kind === 'step' && agent !== null ? [agent] : []));
}

function namesOf({ artifacts }: ComparedRun): string[] {
  return artifacts.map(({ name }) => name);
}

function unionOf(left: readonly string[], right: readonly string[]): string[] {
  return [...new Set([...left, ...right])];
}
