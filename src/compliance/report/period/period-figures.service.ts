import { Inject, Injectable } from '@nestjs/common';
import { DatabaseService } from '../../../database/database.service.js';
import { AppError } from '../../../kernel/app-error.js';
import { CLOCK, type Clock } from '../../../kernel/clock.js';
import { FigureSum } from './event-group.js';
import { dayOf, ReportDayRepository, type StoredDay } from './report-day.repository.js';

export const DAY_MS = 86_400_000;
/** A day is over when no process can be about to commit an event of it any more, whatever its clock says. */
const SETTLED_AFTER_MS = 3_600_000;
/** Counting days that nobody has counted yet may take a request so long; what was counted stays. */
const PATIENCE_MS = 15_000;

/** Adds up what happened in a period from days that are counted once, and counts the rest. */
@Injectable()
export class PeriodFiguresService {
  constructor(
    private readonly database: DatabaseService,
    private readonly days: ReportDayRepository,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * The figures from a moment (inclusive) to another (exclusive).
   *
   * @throws AppError REPORT_NOT_READY when too many days are not counted yet; asking again goes on from there.
   */
  async of(tenantId: string, from: Date, to: Date): Promise<FigureSum> {
    const sum = new FigureSum();
    const until = performance.now() + PATIENCE_MS;
    const stored = new Map(
      (await this.stored(tenantId, from, to)).map((figures) => [figures.day, figures] as const),
    );
    for (const piece of piecesOf(from, to)) {
      const isWholeDay = piece.to.getTime() - piece.from.getTime() === DAY_MS;
      const known = isWholeDay ? stored.get(dayOf(piece.from)) : undefined;
      if (known) {
        sum.add(known);
        continue;
      }
      if (performance.now() > until) throw new AppError('REPORT_NOT_READY');
      sum.add(
        isWholeDay && this.isOver(piece.to)
          ? await this.close(tenantId, piece.from)
          : await this.count(tenantId, piece),
      );
    }
    return sum;
  }

  /** Counts a day that is over and stores it. */
  close(tenantId: string, day: Date) {
    return this.database.withTenant(tenantId, async (trx) => {
      const figures = await this.days.count(trx, day, new Date(day.getTime() + DAY_MS));
      await this.days.store(trx, tenantId, day, figures);
      return figures;
    });
  }

  /** Days before now that are over and not counted, the newest first, of so many. */
  async openDays(tenantId: string, count: number): Promise<Date[]> {
    const today = startOfDay(new Date(this.clock.now().getTime() - SETTLED_AFTER_MS));
    const days = Array.from(
      { length: count },
      (_, index) => new Date(today.getTime() - (index + 1) * DAY_MS),
    );
    const oldest = days.at(-1);
    if (!oldest) return [];
    const stored = new Set((await this.stored(tenantId, oldest, today)).map(({ day }) => day));
    return days.filter((day) => !stored.has(dayOf(day)));
  }

  private count(tenantId: string, { from, to }: Piece) {
    return this.database.withTenant(tenantId, (trx) => this.days.count(trx, from, to), { snapshot: true });
  }

  private stored(tenantId: string, from: Date, to: Date): Promise<StoredDay[]> {
    return this.database.withTenant(tenantId, (trx) => this.days.stored(trx, from, to), { snapshot: true });
  }

  private isOver(end: Date): boolean {
    return end.getTime() + SETTLED_AFTER_MS <= this.clock.now().getTime();
  }
}

interface Piece {
  readonly from: Date;
  readonly to: Date;
}

/** A period cut at each midnight in UTC. */
function* piecesOf(from: Date, to: Date): Generator<Piece> {
  for (let start = from; start < to;) {
    const midnight = startOfDay(start).getTime() + DAY_MS;
    const end = new Date(Math.min(midnight, to.getTime()));
    yield { from: start, to: end };
    start = end;
  }
}

function startOfDay(moment: Date): Date {
  return new Date(Math.floor(moment.getTime() / DAY_MS) * DAY_MS);
}
