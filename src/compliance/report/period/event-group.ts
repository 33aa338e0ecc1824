/** Events of one kind, counted: of a day as stored, or of a whole period. */
export interface EventGroup {
  readonly type: string;
  readonly outcome: string;
  /** What tells groups of a type apart, see `KEYS` in the repository; empty for most types. */
  readonly key: readonly (string | null)[];
  readonly events: number;
  /** Model calls and what they took; 0 where the type has none. */
  readonly calls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Decimal text. */
  readonly costUsd: string;
  /** Consents granted and withdrawn, runs removed; 0 where the type has none. */
  readonly granted: number;
  readonly withdrawn: number;
  readonly removedRuns: number;
  /** Leaf hash (64 hexadecimal digits) and id of the event with the smallest leaf hash. */
  readonly sample: string;
}

/** What a stretch of time amounts to. */
export interface PeriodFigures {
  readonly events: number;
  readonly groups: readonly EventGroup[];
  /** Tokens made for personal data by runs that were started in it, by entity. */
  readonly findings: Readonly<Record<string, number>>;
}

const SAMPLES = 5;

/** Adds up figures, a day at a time, without holding the days. */
export class FigureSum {
  private readonly groups = new Map<string, EventGroup>();
  private readonly samples = new Map<string, string[]>();
  private readonly findings = new Map<string, number>();
  private events = 0;

  add(figures: PeriodFigures): void {
    this.events += figures.events;
    for (const group of figures.groups) this.addGroup(group);
    for (const [entity, tokens] of Object.entries(figures.findings)) {
      this.findings.set(entity, (this.findings.get(entity) ?? 0) + tokens);
    }
  }

  get total(): PeriodFigures {
    return {
      events: this.events,
      groups: [...this.groups.values()],
      findings: Object.fromEntries([...this.findings].toSorted(([one], [other]) => (one < other ? -1 : 1))),
    };
  }

  /**
   * Ids of sample events of a type and outcome: of each day and group the one with the smallest leaf hash, and of
   * those the smallest.
   */
  samplesOf(type: string, outcome: string): string[] {
    return (this.samples.get(`${type} ${outcome}`) ?? []).map((sample) => sample.slice(64));
  }

  private addGroup(group: EventGroup): void {
    const name = JSON.stringify([group.type, group.outcome, group.key]);
    const before = this.groups.get(name);
    this.groups.set(name, before ? sumOf(before, group) : group);
    const kind = `${group.type} ${group.outcome}`;
    const samples = [...(this.samples.get(kind) ?? []), group.sample].toSorted().slice(0, SAMPLES);
    this.samples.set(kind, samples);
  }
}

function sumOf(one: EventGroup, other: EventGroup): EventGroup {
  return {
    type: one.type,
    outcome: one.outcome,
    key: one.key,
    events: one.events + other.events,
    calls: one.calls + other.calls,
    inputTokens: one.inputTokens + other.inputTokens,
    outputTokens: one.outputTokens + other.outputTokens,
    costUsd: addUsd(one.costUsd, other.costUsd),
    granted: one.granted + other.granted,
    withdrawn: one.withdrawn + other.withdrawn,
    removedRuns: one.removedRuns + other.removedRuns,
    sample: one.sample < other.sample ? one.sample : other.sample,
  };
}

const MICROS = 1_000_000;

/** Adds decimal texts with six places exactly. */
export function addUsd(one: string, other: string): string {
  const micros = (text: string) => BigInt(Math.round(Number(text) * MICROS));
  const sum = micros(one) + micros(other);
  return `${sum / BigInt(MICROS)}.${String(sum % BigInt(MICROS)).padStart(6, '0')}`;
}
