import { setTimeout as wait } from 'node:timers/promises';
import type { EmbeddedPostgres } from '../../database/embedded/embedded-postgres.js';
import type { ChaosDatabase } from './chaos-database.js';
import type { ChaosProcesses } from './chaos-processes.js';
import type { SeededRandom } from './seeded-random.js';
import type { TakeOverWatch } from './take-over-watch.js';

/** The shortest lease is 10 s; a process frozen for this long has lost what it held. */
const FREEZE_MS = 15_000;
/** How long a step boundary is waited for before it is left to the next turn. */
const BOUNDARY_TIMEOUT_MS = 10_000;

/** The events after which a worker is killed at once: every boundary between two commits of a run. */
const BOUNDARIES = [
  'workflow.started',
  'phase.entered',
  'agent.started',
  'agent.progress',
  'agent.completed',
  'approval.requested',
  'approval.recorded',
  'delivery.started',
  'delivery.progress',
  'workflow.completed',
] as const;

/** Events in the middle of work: a worker frozen right after one has something to lose. */
const BUSY = ['agent.started', 'agent.progress', 'delivery.progress'] as const;

const KINDS = ['freeze', 'worker', 'api', 'all_workers', 'freeze'] as const;

type Injury =
  | { readonly kind: 'boundary'; readonly event: string }
  | { readonly kind: (typeof KINDS)[number] | 'postgres' };

/** Injures the product in an order that the seed decides, and counts what it did. */
export class ChaosInjuries {
  /** Injuries by kind; a boundary as `boundary:<event>`. */
  readonly counts: Record<string, number> = {};

  /** From the kill of Postgres to the next commit of a run. */
  readonly recoveriesMs: number[] = [];

  private readonly underWay = new Set<Promise<unknown>>();

  constructor(
    private readonly processes: ChaosProcesses,
    private readonly database: ChaosDatabase,
    /** Absent when the database is not ours to kill. */
    private readonly postgres: EmbeddedPostgres | undefined,
    private readonly watch: TakeOverWatch,
    private readonly random: SeededRandom,
    private readonly say: (line: string) => void,
  ) {}

  /** Goes through all kinds in a random order, again and again, until it is told to stop; then heals what is under way. */
  async go(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      for (const injury of this.order()) {
        await wait(this.random.between(200, 2_000), undefined, { signal: stop }).catch(() => undefined);
        if (stop.aborted) break;
        await this.inflict(injury, stop);
      }
    }
    await Promise.all(this.underWay);
  }

  /** The kinds and the boundaries in turn, so that a short trial has seen some of each. */
  private order(): Injury[] {
    const all: readonly Exclude<Injury['kind'], 'boundary'>[] = this.postgres
      ? [...KINDS, 'postgres']
      : KINDS;
    const kinds = all.map((kind) => ({ kind }));
    const boundaries = BOUNDARIES.map((event) => ({ kind: 'boundary' as const, event }));
    const [first, second] = [this.random.shuffled(kinds), this.random.shuffled(boundaries)];
    return second.flatMap((boundary, at): Injury[] => {
      const kind = first[at];
      return kind ? [kind, boundary] : [boundary];
    });
  }

  private async inflict(injury: Injury, stop: AbortSignal): Promise<void> {
    const name = injury.kind === 'boundary' ? `boundary:${injury.event}` : injury.kind;
    if (!(await this.carryOut(injury, stop))) return;
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    this.say(`injured: ${name}`);
  }

  private async carryOut(injury: Injury, stop: AbortSignal): Promise<boolean> {
    switch (injury.kind) {
      case 'boundary':
        return (await this.untilEvent(injury.event, stop)) && this.killWorker();
      case 'worker':
        return (await this.processes.untilWorkersWhole(stop)) && this.killWorker();
      case 'all_workers':
        // Nobody is there to take over until one has started again: that time is not measured.
        this.watch.disturbed();
        return this.processes.killWorkers();
      case 'api':
        return this.processes.killOne('api', this.random);
      case 'freeze':
        return (await this.untilEvent(this.random.pick(BUSY), stop)) && this.freeze();
      case 'postgres':
        return this.killPostgres();
    }
  }

  private async killWorker(): Promise<boolean> {
    const isDone = this.processes.killOne('worker', this.random);
    if (isDone) await this.watch.injured();
    return isDone;
  }

  /** The other injuries go on meanwhile. */
  private async freeze(): Promise<boolean> {
    const frozen = this.processes.freeze(this.random, FREEZE_MS);
    const done = frozen.finally(() => this.underWay.delete(done));
    this.underWay.add(done);
    await this.watch.injured();
    return true;
  }

  private async killPostgres(): Promise<boolean> {
    if (!this.postgres) return false;
    const before = await this.commits();
    const since = Date.now();
    await this.postgres.kill();
    this.watch.disturbed();
    await wait(this.random.between(0, 3_000));
    await this.postgres.restart();
    this.watch.disturbed();
    const deadline = Date.now() + 60_000;
    while ((await this.commits()) <= before) {
      if (Date.now() > deadline || (await this.isIdle())) return true;
      await wait(50);
    }
    this.recoveriesMs.push(Date.now() - since);
    return true;
  }

  /** Waits until nothing is injured any more and an event of a type is committed; false when none came. */
  private async untilEvent(type: string, stop: AbortSignal): Promise<boolean> {
    if (!(await this.processes.untilWorkersWhole(stop))) return false;
    const before = await this.eventsOf(type);
    const deadline = Date.now() + BOUNDARY_TIMEOUT_MS;
    while ((await this.eventsOf(type)) <= before) {
      if (stop.aborted || Date.now() > deadline) return false;
      await wait(5);
    }
    return true;
  }

  private async eventsOf(type: string): Promise<number> {
    const [row] = await this.database.query<{ count: number }>(
      'select count(*)::int as count from workflow_event where type = $1',
      [type],
    );
    return row?.count ?? 0;
  }

  /** How far all runs have come, counted in commits. */
  private async commits(): Promise<number> {
    const [row] = await this.database.query<{ commits: number }>(
      'select coalesce(sum(version), 0)::int as commits from workflow_run',
    );
    return row?.commits ?? 0;
  }

  private async isIdle(): Promise<boolean> {
    const [row] = await this.database.query<{ idle: boolean }>(
      'select not exists (select from workflow_run where completed_at is null) as idle',
    );
    return row?.idle ?? false;
  }
}
