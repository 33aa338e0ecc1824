import { applyDecorators, Injectable, type PipeTransform } from '@nestjs/common';
import { ApiQuery } from '@nestjs/swagger';
import { PHASES, RUN_STATUSES } from '../compliance/state/phases.js';
import { sayableFieldName } from '../http/field-name.js';
import { lastIdOf } from '../http/paging.js';
import { dtoValidationPipe } from '../http/validation.pipe.js';
import { AppError } from '../kernel/app-error.js';
import type { RunFilter } from './runs/run.repository.js';
import { ATTRIBUTE_KEY, ListWorkflowsQuery, MAX_ATTRIBUTE_LENGTH } from './workflow.dto.js';

/** What `GET /v1/workflows` is asked for. */
export interface RunListRequest {
  readonly filter: RunFilter;
  readonly limit: number;
  /** Id of the last run already seen. */
  readonly before: string | undefined;
}

const PREFIX = 'attribute.';

/**
 * Reads the query of the list of runs. `attribute.<key>=<value>` is set aside before the other fields are checked: a
 * DTO refuses fields that it does not know, and these are named by the caller.
 */
@Injectable()
export class ListWorkflowsPipe implements PipeTransform<Record<string, unknown>, Promise<RunListRequest>> {
  private readonly fields = dtoValidationPipe();

  async transform(query: Record<string, unknown>): Promise<RunListRequest> {
    const members = Object.entries(query);
    const attributes = members.filter(([name]) => name.startsWith(PREFIX)).map(attributeOf);
    const others = Object.fromEntries(members.filter(([name]) => !name.startsWith(PREFIX)));
    const { limit, cursor, createdAfter, createdBefore, ...equal } = (await this.fields.transform(others, {
      type: 'query',
      metatype: ListWorkflowsQuery,
    })) as ListWorkflowsQuery;
    return {
      filter: {
        ...equal,
        attributes: Object.fromEntries(attributes),
        createdAfter: createdAfter ? new Date(createdAfter) : undefined,
        createdBefore: createdBefore ? new Date(createdBefore) : undefined,
      },
      limit,
      before: cursor ? lastIdOf(cursor) : undefined,
    };
  }
}

/** Documents the query: the type of the parameter, which the documentation is otherwise made of, is what came of it. */
export function ApiRunFilters(): MethodDecorator {
  return applyDecorators(
    optional('limit', { type: 'integer', minimum: 1, maximum: 200, default: 50 }),
    optional('cursor', { type: 'string' }),
    optional('status', { type: 'string', enum: [...RUN_STATUSES] }),
    optional('phase', { type: 'string', enum: [...PHASES] }),
    optional('definition', { type: 'string' }),
    optional('ownerId', { type: 'string' }),
    optional('createdAfter', { type: 'string', format: 'date-time' }),
    optional('createdBefore', { type: 'string', format: 'date-time' }),
  );
}

function optional(name: string, schema: object): MethodDecorator {
  return ApiQuery({ name, required: false, schema });
}

function attributeOf([name, value]: [string, unknown]): [string, string] {
  const key = name.slice(PREFIX.length);
  if (!ATTRIBUTE_KEY.test(key)) throw refused(name, 'is not a possible attribute');
  if (typeof value !== 'string') throw refused(name, 'must be given once');
  if (value.length > MAX_ATTRIBUTE_LENGTH) {
    throw refused(name, `must not be longer than ${MAX_ATTRIBUTE_LENGTH} characters`);
  }
  return [key, value];
}

function refused(name: string, message: string): AppError {
  return new AppError('VALIDATION_FAILED', { errors: [{ path: sayableFieldName(name), message }] });
}
