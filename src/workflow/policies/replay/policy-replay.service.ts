import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { PolicyDecisions, type PolicyTrial } from '../../../compliance/policy/policy-decisions.service.js';
import { type PolicyDraft, PolicyVersions } from '../../../compliance/policy/policy-versions.service.js';
import { DatabaseService } from '../../../database/database.service.js';
import {
  addTally,
  type DecisionChange,
  NOTHING_REPLAYED,
  type ReplayTally,
  tallyOf,
} from './policy-replay.js';
import {
  deliveryAsked,
  readDecision,
  type RecordedRow,
  type ReplayableDecision,
} from './recorded-decision.js';
import { RecordedDecisionsRepository, type ReplayScope } from './recorded-decisions.repository.js';

/** What is asked: a version, or policies that are none. */
export type Rules = number | PolicyTrial;

/** Where a replay stands: behind a run, or behind a refusal once all runs are done. */
export interface ReplayPlace {
  readonly part: 'runs' | 'refusals';
  /** Id; undefined at the beginning. */
  readonly after: string | undefined;
}

/** What was found in one stretch of a replay. */
export interface ReplayPage {
  readonly changes: readonly DecisionChange[];
  readonly tally: ReplayTally;
  /** Where to go on; undefined at the end. */
  readonly next: ReplayPlace | undefined;
}

export const REPLAY_START: ReplayPlace = { part: 'runs', after: undefined };

/** A decision takes a third of a millisecond: others have their turn after so many. */
const DECISIONS_PER_TURN = 20;
/** Refusals that are looked at for each run that might be. */
const REFUSALS_PER_RUN = 10;

/**
 * Asks recorded questions again, of another version of the policies or of a draft. Nothing comes of it but the answers: no run is
 * touched and no version is made to hold.
 */
@Injectable()
export class PolicyReplay {
  constructor(
    private readonly database: DatabaseService,
    private readonly recorded: RecordedDecisionsRepository,
    private readonly versions: PolicyVersions,
    private readonly decisions: PolicyDecisions,
  ) {}

  /** @throws AppError POLICY_VERSION_NOT_FOUND. */
  async requireVersion(tenantId: string, version: number): Promise<void> {
    if (version !== 0) await this.versions.get(tenantId, version);
  }

  /** Makes a draft what can be replayed. @throws AppError POLICY_INVALID with every fault and its place. */
  trialOf(draft: PolicyDraft): PolicyTrial {
    this.versions.requireValid(draft.policies);
    return this.decisions.trialOf(draft);
  }

  /**
   * Replays the decisions of the next runs, or the next refusals.
   *
   * @param runs how many at most.
   */
  async page(rules: Rules, scope: ReplayScope, place: ReplayPlace, runs: number): Promise<ReplayPage> {
    return place.part === 'runs'
      ? this.runsPage(rules, scope, place.after, runs)
      : this.refusalsPage(rules, scope, place.after, runs * REFUSALS_PER_RUN);
  }

  private async runsPage(
    rules: Rules,
    scope: ReplayScope,
    after: string | undefined,
    limit: number,
  ): Promise<ReplayPage> {
    const ids = await this.read(scope, (trx) => this.recorded.runs(trx, scope, after, limit));
    const changes: DecisionChange[] = [];
    let tally = { ...NOTHING_REPLAYED, runs: ids.length };
    for (const id of ids) {
      const { decisions, unreadable } = await this.decisionsOf(scope, id);
      const asked = await this.askAgain(rules, decisions);
      changes.push(...asked.changes);
      tally = addTally(tally, addTally(asked.tally, { ...NOTHING_REPLAYED, notReplayable: unreadable }));
    }
    const last = ids.length < limit ? undefined : ids.at(-1);
    const next: ReplayPlace = last ? { part: 'runs', after: last } : { part: 'refusals', after: undefined };
    return { changes, tally, next };
  }

  private async refusalsPage(
    rules: Rules,
    scope: ReplayScope,
    after: string | undefined,
    limit: number,
  ): Promise<ReplayPage> {
    const rows = await this.read(scope, (trx) => this.recorded.refusals(trx, scope, after, limit));
    const { decisions, unreadable } = readable(scope.tenantId, rows);
    const { changes, tally } = await this.askAgain(rules, decisions);
    const last = rows.length < limit ? undefined : rows.at(-1)?.id;
    return {
      changes,
      tally: { ...tally, notReplayable: unreadable },
      next: last === undefined ? undefined : { part: 'refusals', after: last },
    };
  }

  /** What was decided about a run, whether its messages may leave included. */
  private async decisionsOf(scope: ReplayScope, runId: string) {
    const { history, prepared } = await this.read(scope, async (trx) => ({
      history: await this.recorded.ofRun(trx, runId),
      prepared: await this.recorded.prepared(trx, runId),
    }));
    const { decisions, unreadable } = readable(scope.tenantId, history);
    const entering = decisions.findLast(({ request }) => request.action === 'enterDelivery');
    const deliveries = prepared.flatMap((row) => (entering && deliveryAsked(entering, row)) ?? []);
    return {
      decisions: [...decisions, ...deliveries],
      unreadable: unreadable + prepared.length - deliveries.length,
    };
  }

  private async askAgain(rules: Rules, decisions: readonly ReplayableDecision[]) {
    const changes: DecisionChange[] = [];
    let tally = NOTHING_REPLAYED;
    for (const [index, { runId, at, version: before, result, policies, request }] of decisions.entries()) {
      if (index % DECISIONS_PER_TURN === 0) await nextTurn();
      const again = await this.decisions.decideBy(rules, request);
      tally = addTally(tally, tallyOf(result, again.result));
      if (again.result === result) continue;
      changes.push({
        runId,
        at: at.toISOString(),
        action: request.action,
        recorded: { version: before, result, policies },
        replayed: { version: again.version, result: again.result, policies: again.policies },
      });
    }
    return { changes, tally };
  }

  private read<T>(scope: ReplayScope, work: Parameters<typeof this.database.withTenant<T>>[1]): Promise<T> {
    return this.database.withTenant(scope.tenantId, work, { snapshot: true });
  }
}

function readable(tenantId: string, rows: readonly RecordedRow[]) {
  const decisions = rows.flatMap((row) => readDecision(tenantId, row) ?? []);
  return { decisions, unreadable: rows.length - decisions.length };
}
