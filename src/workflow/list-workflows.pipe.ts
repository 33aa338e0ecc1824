import { Injectable, type PipeTransform } from '@nestjs/common';
import { sayableFieldName } from '../http/field-name.js';
import { lastIdInList, listKeyOf } from '../http/paging.js';
import { dtoValidationPipe } from '../http/validation.pipe.js';
import { AppError } from '../kernel/app-error.js';
import { ListWorkflowsQuery } from './list-workflows.query.js';
import type { RunFilter, RunListPage } from './runs/run-list.repository.js';
import { ATTRIBUTE_KEY, MAX_ATTRIBUTE_LENGTH } from './workflow.dto.js';

/** What `GET /v1/workflows` is asked for. */
export interface RunListRequest {
  readonly filter: RunFilter;
  readonly page: RunListPage;
  /** Part of every cursor of this list, so that it fits no other. */
  readonly listKey: string;
}

const PREFIX = 'attribute.';
const MAX_ATTRIBUTE_FILTERS = 10;

/**
 * Reads the query of the list of runs. `attribute.<key>=<value>` is set aside before the other fields are checked: a
 * DTO refuses fields that it does not know, and these are named by the caller.
 */
@Injectable()
export class ListWorkflowsPipe implements PipeTransform<Record<string, unknown>, Promise<RunListRequest>> {
  private readonly fields = dtoValidationPipe();

  async transform(query: Record<string, unknown>): Promise<RunListRequest> {
    const members = Object.entries(query);
    const attributes = attributesOf(members.filter(([name]) => name.startsWith(PREFIX)));
    const others = Object.fromEntries(members.filter(([name]) => !name.startsWith(PREFIX)));
    const { limit, cursor, order, ...asked } = (await this.fields.transform(others, {
      type: 'query',
      metatype: ListWorkflowsQuery,
    })) as ListWorkflowsQuery;
    if (asked.version !== undefined && asked.definition === undefined) {
      throw refused('version', 'needs a definition: versions are counted for each');
    }
    const filter = filterOf(asked, attributes);
    const listKey = listKeyOf({ ...filter, order });
    const after = cursor === undefined ? undefined : lastIdInList(cursor, listKey);
    return { filter, page: { limit, order, after }, listKey };
  }
}

function filterOf(
  asked: Omit<ListWorkflowsQuery, 'limit' | 'cursor' | 'order'>,
  attributes: RunFilter['attributes'],
): RunFilter {
  const { status, createdAfter, createdBefore, updatedAfter, updatedBefore, ...others } = asked;
  const { completedAfter, completedBefore, ...equal } = others;
  return {
    ...equal,
    statuses: status,
    attributes,
    createdAfter: instantOf(createdAfter),
    createdBefore: instantOf(createdBefore),
    updatedAfter: instantOf(updatedAfter),
    updatedBefore: instantOf(updatedBefore),
    completedAfter: instantOf(completedAfter),
    completedBefore: instantOf(completedBefore),
  };
}

function instantOf(text: string | undefined): Date | undefined {
  return text === undefined ? undefined : new Date(text);
}

/** In the order of their keys, so that the same question has the same cursors. */
function attributesOf(members: readonly [string, unknown][]): RunFilter['attributes'] {
  if (members.length === 0) return undefined;
  if (members.length > MAX_ATTRIBUTE_FILTERS) {
    throw refused(members[0]?.[0] ?? '', `at most ${MAX_ATTRIBUTE_FILTERS} attributes can be asked for`);
  }
  return Object.fromEntries(members.map(attributeOf).toSorted(([one], [other]) => (one < other ? -1 : 1)));
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
