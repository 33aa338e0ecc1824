import { Injectable } from '@nestjs/common';
import { type SelectQueryBuilder, sql } from 'kysely';
import {
  type EndStatus,
  isEnded,
  type Phase,
  RUN_STATUSES,
  type RunStatus,
} from '../../compliance/state/phases.js';
import type { Tables } from '../../database/tables.js';
import type { Trx } from '../../database/trx.js';
import { firstIdAt, lastIdAt } from '../../kernel/ids.js';
import type { RunSummary } from './run.js';

/** What a run must be to stand in a list. What is absent does not matter; bounds of time are exclusive. */
export interface RunFilter {
  /** One of these; never empty. */
  readonly statuses?: readonly RunStatus[];
  readonly phase?: Phase;
  readonly definition?: string;
  /** Version of the definition; only together with `definition`. */
  readonly version?: number;
  readonly sessionId?: string;
  readonly ownerId?: string;
  readonly degraded?: boolean;
  /** Only forks of this run. */
  readonly forkedFrom?: string;
  /** All of these. */
  readonly attributes?: Readonly<Record<string, string>>;
  readonly createdAfter?: Date;
  readonly createdBefore?: Date;
  readonly updatedAfter?: Date;
  readonly updatedBefore?: Date;
  readonly completedAfter?: Date;
  readonly completedBefore?: Date;
}

export interface RunListPage {
  readonly limit: number;
  /** By the time of the start: `desc` shows the newest first. */
  readonly order: 'asc' | 'desc';
  /** Id of the last run already seen. */
  readonly after?: string;
}

/**
 * Finds runs. Ended runs have indexes on what lists filter by, over columns that are
 * null until then; open runs have only one (see the migrations); so a list is
 * read in parts, each of which one index gives in the order of the list, and put together again.
 */
@Injectable()
export class RunListRepository {
  async list(trx: Trx, filter: RunFilter, page: RunListPage): Promise<RunSummary[]> {
    const [first, ...others] = partsOf(filter).map((part) => queryOf(trx, filter, page, part));
    if (!first) return [];
    if (others.length === 0) return first.execute();
    return others
      .reduce(
        (all, part) => all.unionAll(trx.selectFrom(part.as('part')).selectAll()),
        trx.selectFrom(first.as('part')).selectAll(),
      )
      .orderBy('id', page.order)
      .limit(page.limit)
      .execute();
  }
}

/** A set of runs that an index of its own finds in the order of their ids. */
type Part =
  | { readonly kind: 'all' }
  | { readonly kind: 'open'; readonly statuses: readonly RunStatus[] }
  | { readonly kind: 'ended' }
  | { readonly kind: 'ended-as'; readonly status: EndStatus };

const OPEN_STATUSES = RUN_STATUSES.filter((status) => !isEnded(status));

/** The parts that can hold what fits, without overlap. */
function partsOf(filter: RunFilter): Part[] {
  const statuses = filter.statuses ?? RUN_STATUSES;
  const completed = filter.completedAfter !== undefined || filter.completedBefore !== undefined;
  const touched = filter.updatedAfter !== undefined || filter.updatedBefore !== undefined;
  const openStatuses = completed ? [] : statuses.filter((status) => !isEnded(status));
  const open: Part[] = openStatuses.length > 0 ? [{ kind: 'open', statuses: openStatuses }] : [];
  if (isIndexedByEnd(filter)) {
    return [...open, ...statuses.filter(isEnded).map((status): Part => ({ kind: 'ended-as', status }))];
  }
  return completed || touched ? [...open, { kind: 'ended' }] : [{ kind: 'all' }];
}

/** Whether the indexes that serve the filter hold the status before the id. */
function isIndexedByEnd({ statuses, phase, definition, ownerId, degraded }: RunFilter): boolean {
  return [statuses, phase, definition, ownerId, degraded].some((wanted) => wanted !== undefined);
}

type RunQuery = SelectQueryBuilder<Tables, 'workflow_run', RunSummary>;

function queryOf(trx: Trx, filter: RunFilter, { limit, order, after }: RunListPage, part: Part): RunQuery {
  let runs = inPart(trx.selectFrom('workflow_run').select(COLUMNS) as RunQuery, part);
  runs = withAttributes(inTimes(withEqual(runs, filter, part), filter, part), filter.attributes ?? {});
  if (after !== undefined) runs = runs.where('id', order === 'desc' ? '<' : '>', after);
  return runs.orderBy('id', order).limit(limit);
}

const COLUMNS = [
  'id',
  'definition',
  'definition_version as definitionVersion',
  'session_id as sessionId',
  'owner_id as ownerId',
  'status',
  'phase',
  'attributes',
  'degraded',
  'attempt',
  'forked_from_run as forkedFromRunId',
  'forked_from_phase as forkedFromPhase',
  'classification',
  'policy_version as policyVersion',
  'created_at as createdAt',
  'updated_at as updatedAt',
  'completed_at as completedAt',
] as const;

function inPart(runs: RunQuery, part: Part): RunQuery {
  switch (part.kind) {
    case 'all':
      return runs;
    case 'open': {
      const open = runs.where('completed_at', 'is', null);
      return part.statuses.length === OPEN_STATUSES.length ? open : open.where('status', 'in', part.statuses);
    }
    case 'ended':
      return runs.where('completed_at', 'is not', null);
    case 'ended-as':
      return runs.where('completed_at', 'is not', null).where('ended_status', '=', part.status);
  }
}

function isOfEnded({ kind }: Part): boolean {
  return kind === 'ended' || kind === 'ended-as';
}

function withEqual(runs: RunQuery, filter: RunFilter, part: Part): RunQuery {
  let found = runs;
  if (filter.phase !== undefined) {
    found = found.where(isOfEnded(part) ? 'ended_phase' : 'phase', '=', filter.phase);
  }
  if (filter.definition !== undefined) found = found.where('definition', '=', filter.definition);
  if (filter.version !== undefined) found = found.where('definition_version', '=', filter.version);
  if (filter.sessionId !== undefined) found = found.where('session_id', '=', filter.sessionId);
  if (filter.ownerId !== undefined) found = found.where('owner_id', '=', filter.ownerId);
  if (filter.forkedFrom !== undefined) found = found.where('forked_from_run', '=', filter.forkedFrom);
  // As a word and not as a parameter: the planner must see that the index of degraded runs fits.
  if (filter.degraded !== undefined) {
    const column = sql.ref(isOfEnded(part) ? 'ended_degraded' : 'degraded');
    found = found.where(filter.degraded ? sql<boolean>`${column}` : sql<boolean>`not ${column}`);
  }
  return found;
}

/** How far the time in an id may be from `created_at`, which another call of the clock has given. */
const ID_TOLERANCE_MS = 3_600_000;

function inTimes(runs: RunQuery, filter: RunFilter, part: Part): RunQuery {
  const { createdAfter, createdBefore, updatedAfter, updatedBefore, completedAfter, completedBefore } =
    filter;
  let found = startedBetween(runs, createdAfter, earliest(createdBefore, updatedBefore, completedBefore));
  if (createdAfter) found = found.where('created_at', '>', createdAfter);
  if (createdBefore) found = found.where('created_at', '<', createdBefore);
  const touchedAt = isOfEnded(part) ? 'ended_touched_at' : 'updated_at';
  if (updatedAfter) found = found.where(touchedAt, '>', updatedAfter);
  if (updatedBefore) found = found.where(touchedAt, '<', updatedBefore);
  if (completedAfter) found = found.where('completed_at', '>', completedAfter);
  if (completedBefore) found = found.where('completed_at', '<', completedBefore);
  return found;
}

/**
 * Bounds the part of an index that is read: an id begins with the time of the start. A run that ended before a moment
 * has also started before it; the reverse does not hold.
 */
function startedBetween(runs: RunQuery, after: Date | undefined, before: Date | undefined): RunQuery {
  let found = runs;
  if (after) found = found.where('id', '>=', firstIdAt(after.getTime() - ID_TOLERANCE_MS));
  if (before) found = found.where('id', '<=', lastIdAt(before.getTime() + ID_TOLERANCE_MS));
  return found;
}

function earliest(...times: (Date | undefined)[]): Date | undefined {
  const given = times.filter((time) => time !== undefined);
  return given.length === 0 ? undefined : new Date(Math.min(...given.map((time) => time.getTime())));
}

function withAttributes(runs: RunQuery, attributes: Readonly<Record<string, string>>): RunQuery {
  return Object.entries(attributes).reduce(
    (found, [key, value]) =>
      found.where(({ exists, selectFrom }) =>
        exists(
          selectFrom('workflow_attribute')
            .select('workflow_attribute.run_id')
            .whereRef('workflow_attribute.run_id', '=', 'workflow_run.id')
            .where('workflow_attribute.key', '=', key)
            .where('workflow_attribute.value', '=', value),
        ),
      ),
    runs,
  );
}
