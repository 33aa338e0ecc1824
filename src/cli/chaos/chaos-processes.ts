import { setTimeout as wait } from 'node:timers/promises';
import { ServerProcess } from '../server-process.js';
import type { SeededRandom } from './seeded-random.js';

const START_ATTEMPTS = 20;

type Role = 'api' | 'worker';

interface Place {
  readonly role: Role;
  process: ServerProcess | undefined;
  isPaused: boolean;
}

/** The processes of the product. One that was killed is replaced, as an orchestrator would. */
export class ChaosProcesses {
  /** Last lines of processes that ended though nobody had killed them. */
  readonly endedByThemselves: string[] = [];

  /** How often a process found that somebody else had taken its work over, and gave way. */
  yielded = 0;

  private readonly places: Place[];

  private readonly starting = new Set<Promise<void>>();

  private isOver = false;

  constructor(
    private readonly entry: string,
    private readonly environment: Readonly<Record<string, string>>,
    workers: number,
    private readonly signal: AbortSignal,
  ) {
    const roles: Role[] = ['api', ...Array.from({ length: workers }, () => 'worker' as const)];
    this.places = roles.map((role) => ({ role, process: undefined, isPaused: false }));
  }

  /** Starts all of them. The first one alone: it brings the schema up to date. */
  async start(): Promise<void> {
    const [first, ...others] = this.places;
    if (first) await this.fill(first);
    await Promise.all(others.map((place) => this.fill(place)));
  }

  /** Where the API listens; undefined while it is being replaced. */
  get address(): string | undefined {
    return this.places.find(({ role }) => role === 'api')?.process?.address;
  }

  /** Waits until every worker is there and awake; false when that does not come about before it is told to stop. */
  async untilWorkersWhole(stop: AbortSignal): Promise<boolean> {
    const workers = this.places.filter(({ role }) => role === 'worker').length;
    while (!stop.aborted && this.alive('worker').length < workers) await wait(50);
    return !stop.aborted;
  }

  /** Kills one at random and replaces it. False when there is none alive. */
  killOne(role: Role, random: SeededRandom): boolean {
    const alive = this.alive(role);
    if (alive.length === 0) return false;
    this.kill(random.pick(alive));
    return true;
  }

  /** Kills every worker at the same moment. */
  killWorkers(): boolean {
    const alive = this.alive('worker');
    for (const place of alive) this.kill(place);
    return alive.length > 0;
  }

  /** Freezes a worker for longer than its lease, then lets it go on as if nothing had been. */
  async freeze(random: SeededRandom, milliseconds: number): Promise<boolean> {
    const alive = this.alive('worker');
    if (alive.length === 0) return false;
    const place = random.pick(alive);
    const { process } = place;
    place.isPaused = true;
    process?.injure('SIGSTOP');
    await wait(milliseconds, undefined, { signal: this.signal }).catch(() => undefined);
    process?.injure('SIGCONT');
    place.isPaused = false;
    return true;
  }

  /** Ends all of them for good. */
  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.starting);
    await Promise.all(
      this.places.map(async ({ process }) => {
        process?.injure('SIGCONT');
        await process?.stop();
      }),
    );
  }

  private alive(role: Role): Place[] {
    return this.places.filter((place) => place.role === role && place.process && !place.isPaused);
  }

  private kill(place: Place): void {
    const { process } = place;
    place.process = undefined;
    process?.injure('SIGKILL');
    this.replace(place);
  }

  private replace(place: Place): void {
    const started = this.fill(place)
      .catch((error: unknown) => {
        if (!this.isOver) this.endedByThemselves.push(`${place.role} did not start: ${String(error)}`);
      })
      .finally(() => this.starting.delete(started));
    this.starting.add(started);
  }

  /** The database may be away just then: starting is tried again. */
  private async fill(place: Place): Promise<void> {
    for (let attempt = 1; !this.isOver; attempt++) {
      try {
        place.process = await this.launch(place.role);
        break;
      } catch (error) {
        if (attempt === START_ATTEMPTS || this.signal.aborted) throw error;
        await wait(500);
      }
    }
    const { process } = place;
    process?.onLine((line) => {
      if (/"event":"(workflow\.run_changed|jobs\.lost)"/.test(line)) this.yielded++;
    });
    void process?.gone.then(() => {
      if (this.isOver || place.process !== process) return undefined;
      this.endedByThemselves.push(`${place.role}: ${process.lastLines(3).join(' | ')}`);
      place.process = undefined;
      return this.replace(place);
    });
  }

  private launch(role: Role): Promise<ServerProcess> {
    return ServerProcess.start({
      entry: this.entry,
      environment: { ...this.environment, COUNTERSIGN_ROLE: role },
      startTimeoutMs: 90_000,
      stopTimeoutMs: 30_000,
      signal: this.signal,
    });
  }
}
