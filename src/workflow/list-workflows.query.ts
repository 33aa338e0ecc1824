import { applyDecorators } from '@nestjs/common';
import { ApiQuery } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUUID,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { PHASES, type Phase, RUN_STATUSES, type RunStatus } from '../compliance/state/phases.js';
import { IsInstant } from '../http/is-instant.js';
import { PageQuery } from '../http/paging.js';

/** Filters of `GET /v1/workflows`; `attribute.<key>=<value>` is read beside them. */
export class ListWorkflowsQuery extends PageQuery {
  /** Any of these; given several times, or once with commas. */
  @IsOptional()
  @Transform(({ value }) => distinctTexts(value))
  @ArrayMinSize(1)
  @ArrayMaxSize(RUN_STATUSES.length)
  @IsIn(RUN_STATUSES, { each: true })
  status?: RunStatus[];

  @IsOptional()
  @IsIn(PHASES)
  phase?: Phase;

  @IsOptional()
  @IsString()
  @MaxLength(63)
  definition?: string;

  /** Version of the definition; only together with `definition`. */
  @IsOptional()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  version?: number;

  @IsOptional()
  @IsUUID()
  sessionId?: string;

  /** Only forks of this run. */
  @IsOptional()
  @IsUUID()
  forkedFrom?: string;

  @IsOptional()
  @IsString()
  @MaxLength(200)
  ownerId?: string;

  /** Whether a fallback has answered in place of the model. */
  @IsOptional()
  @Transform(({ value }) => (value === 'true' ? true : value === 'false' ? false : (value as unknown)))
  @IsBoolean()
  degraded?: boolean;

  @IsOptional()
  @IsInstant()
  createdAfter?: string;

  @IsOptional()
  @IsInstant()
  createdBefore?: string;

  @IsOptional()
  @IsInstant()
  updatedAfter?: string;

  @IsOptional()
  @IsInstant()
  updatedBefore?: string;

  /** Open runs have not completed and stand in no such list. */
  @IsOptional()
  @IsInstant()
  completedAfter?: string;

  @IsOptional()
  @IsInstant()
  completedBefore?: string;

  /** By the time of the start: the newest first, or the oldest. */
  @IsIn(['asc', 'desc'])
  order: 'asc' | 'desc' = 'desc';
}

/** Documents the query: the type of the parameter, which the documentation is otherwise made of, is what came of it. */
export function ApiRunFilters(): MethodDecorator {
  const time = { type: 'string', format: 'date-time' };
  return applyDecorators(
    optional('limit', { type: 'integer', minimum: 1, maximum: 200, default: 50 }),
    optional('cursor', { type: 'string' }),
    optional('order', { type: 'string', enum: ['asc', 'desc'], default: 'desc' }),
    optional('status', { type: 'array', items: { type: 'string', enum: [...RUN_STATUSES] } }),
    optional('phase', { type: 'string', enum: [...PHASES] }),
    optional('definition', { type: 'string' }),
    optional('version', {
      type: 'integer',
      minimum: 1,
      description: 'Of the definition, which must be named',
    }),
    optional('sessionId', { type: 'string', format: 'uuid' }),
    optional('forkedFrom', { type: 'string', format: 'uuid', description: 'Only forks of this run' }),
    optional('ownerId', { type: 'string' }),
    optional('degraded', { type: 'boolean' }),
    ...['created', 'updated', 'completed'].flatMap((what) => [
      optional(`${what}After`, time),
      optional(`${what}Before`, time),
    ]),
  );
}

function optional(name: string, schema: object): MethodDecorator {
  return ApiQuery({ name, required: false, schema });
}

/** A list of texts, whichever way it was written. What is neither is left for the validator to refuse. */
function distinctTexts(value: unknown): unknown {
  const given: unknown[] = Array.isArray(value) ? value : [value];
  if (!given.every((item) => typeof item === 'string')) return [value];
  return [...new Set(given.flatMap((item) => item.split(',')))].toSorted();
}
