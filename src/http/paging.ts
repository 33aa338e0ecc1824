import { createHash } from 'node:crypto';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';
import { AppError } from '../kernel/app-error.js';
import { isId } from '../kernel/ids.js';

/** Query parameters of every list. */
export class PageQuery {
  /** Items of a page. */
  @ApiPropertyOptional({ type: 'integer', minimum: 1, maximum: 200, default: 50 })
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(200)
  limit: number = 50;

  /** `nextCursor` of the page before. */
  @ApiPropertyOptional()
  @IsOptional()
  @IsString()
  @MaxLength(2_048)
  cursor?: string;
}

/** One page of a list; `nextCursor` is null on the last. */
export interface Page<T> {
  readonly items: T[];
  readonly nextCursor: string | null;
}

/**
 * Makes a page of rows that were read with `limit + 1`: the surplus row only tells that there is more.
 *
 * @param cursorOf the sort key of a row, in the order the list is sorted by.
 */
export function pageOf<T>(
  rows: readonly T[],
  limit: number,
  cursorOf: (row: T) => readonly string[],
): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return { items, nextCursor: more ? encodeCursor(cursorOf(last)) : null };
}

/** An opaque cursor from the sort key of the last item shown. */
export function encodeCursor(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/**
 * The sort key a cursor holds.
 *
 * @param length how many parts this list's cursors have; any number when absent.
 * @throws AppError `INVALID_CURSOR` for anything {@link encodeCursor} did not make.
 */
export function decodeCursor(cursor: string, length?: number): string[] {
  const parts = parse(cursor);
  if (!isTextList(parts) || parts.length === 0 || (length !== undefined && parts.length !== length)) {
    throw new AppError('INVALID_CURSOR');
  }
  return parts;
}

/** The id a cursor holds, checked before it gets near a query. @throws AppError `INVALID_CURSOR`. */
export function lastIdOf(cursor: string): string {
  const [id = ''] = decodeCursor(cursor, 1);
  if (!isId(id)) throw new AppError('INVALID_CURSOR');
  return id;
}

/**
 * What ties a cursor to the question it belongs to: the same members with the same values give the same text. For
 * lists with filters, as a further part of the cursor.
 */
export function listKeyOf(question: Readonly<Record<string, unknown>>): string {
  const asked = Object.entries(question)
    .filter(([, value]) => value !== undefined)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(asked)).digest('base64url').slice(0, 16);
}

/**
 * The id that a cursor of exactly this list holds.
 *
 * @param listKey {@link listKeyOf} the list.
 * @throws AppError `INVALID_CURSOR`, also when the cursor comes from a list with another filter or order.
 */
export function lastIdInList(cursor: string, listKey: string): string {
  const [id = '', key] = decodeCursor(cursor, 2);
  if (!isId(id)) throw new AppError('INVALID_CURSOR');
  if (key !== listKey) {
    throw new AppError('INVALID_CURSOR', {
      detail: 'The cursor comes from a list with other filters or another order.',
    });
  }
  return id;
}

/** The position a cursor holds. @throws AppError `INVALID_CURSOR` unless it is one that a column can hold. */
export function lastPositionOf(cursor: string): number {
  const [text = ''] = decodeCursor(cursor, 1);
  const position = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(position <= MAX_POSITION)) throw new AppError('INVALID_CURSOR');
  return position;
}

/** Largest value of the database's integers. */
const MAX_POSITION = 2_147_483_647;

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

function isTextList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
