import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional } from 'class-validator';
import { IsInstant } from '../../../http/is-instant.js';
import { AppError } from '../../../kernel/app-error.js';
import { DAY_MS } from './period-figures.service.js';

const DEFAULT_DAYS = 30;
const MAX_DAYS = 400;

/** The period of a report. */
export class PeriodQuery {
  /** Beginning, inclusive (ISO 8601); thirty days before the end when absent. */
  @ApiPropertyOptional({ format: 'date-time' })
  @IsOptional()
  @IsInstant()
  from?: string;

  /** End, exclusive (ISO 8601); now when absent. At most 400 days after the beginning. */
  @ApiPropertyOptional({ format: 'date-time' })
  @IsOptional()
  @IsInstant()
  to?: string;
}

export interface Period {
  readonly from: Date;
  readonly to: Date;
}

/** @throws AppError VALIDATION_FAILED when the end does not come after the beginning, or too long after it. */
export function periodOf(query: PeriodQuery, now: Date): Period {
  const to = query.to === undefined ? now : new Date(query.to);
  const from =
    query.from === undefined ? new Date(to.getTime() - DEFAULT_DAYS * DAY_MS) : new Date(query.from);
  const fault =
    from >= to
      ? 'must be before the end'
      : to.getTime() - from.getTime() > MAX_DAYS * DAY_MS
        ? `must be at most ${MAX_DAYS} days before the end`
        : undefined;
  if (fault) throw new AppError('VALIDATION_FAILED', { errors: [{ path: 'from', message: fault }] });
  return { from, to };
}
