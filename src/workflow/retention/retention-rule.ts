/** Stands for every definition that has no policy of its own. */
export const EVERY_OTHER = '*';

/** How long the ended runs of a definition are kept. */
export interface RetentionPolicy {
  /** Name of the definition, or {@link EVERY_OTHER}. */
  readonly definition: string;
  /** 0 = for ever. */
  readonly retentionDays: number;
}

/** Which runs are due: those of some definitions that ended before a moment. */
export interface RetentionRule extends RetentionPolicy {
  /** Definitions that have rules of their own; empty for the rule of one definition. */
  readonly except: readonly string[];
  /** A run that ended before is due. */
  readonly endedBefore: Date;
}

const DAY_MS = 86_400_000;

/**
 * The rules that follow from a tenant's policies; what is kept for ever has none.
 *
 * @param defaultDays what holds where the tenant has not said anything.
 */
export function rulesOf(
  policies: readonly RetentionPolicy[],
  defaultDays: number,
  now: Date,
): RetentionRule[] {
  const own = policies.filter((policy) => policy.definition !== EVERY_OTHER);
  const other = policies.find((policy) => policy.definition === EVERY_OTHER);
  const all = [...own, { definition: EVERY_OTHER, retentionDays: other?.retentionDays ?? defaultDays }];
  return all
    .filter((policy) => policy.retentionDays > 0)
    .map(({ definition, retentionDays }) => ({
      definition,
      retentionDays,
      except: definition === EVERY_OTHER ? own.map((policy) => policy.definition) : [],
      endedBefore: new Date(now.getTime() - retentionDays * DAY_MS),
    }));
}
