import { z } from 'zod';
import { sayableFieldName } from '../../http/field-name.js';
import { isIdempotencyKey } from '../../http/idempotency-key.js';
import type { FieldError } from '../../kernel/app-error.js';
import { isStorable } from '../../kernel/storable.js';
import { ATTRIBUTE_KEY, MAX_ATTRIBUTE_LENGTH, MAX_ATTRIBUTES } from '../../workflow/workflow.dto.js';
import type { RowFault } from '../batch.js';

/** Deeper documents are nobody's input, and recursion over them would end the process. */
const MAX_DEPTH = 100;
const MAX_ERRORS = 20;

const ATTRIBUTES_MESSAGE = `must be an object of at most ${MAX_ATTRIBUTES} texts of at most ${MAX_ATTRIBUTE_LENGTH} characters, with keys of letters, digits, _ and -`;

const rowSchema = z.strictObject({
  /** As the definition's JSON Schema asks; checked when the run is started. */
  input: z.custom<Record<string, unknown>>(isObject, { error: 'must be an object' }),
  attributes: z.custom<Record<string, string>>(areAttributes, { error: ATTRIBUTES_MESSAGE }).optional(),
  sessionId: z.guid({ error: 'must be a UUID' }).optional(),
  definition: text(63).optional(),
  version: z
    .int({ error: 'must be a whole number' })
    .min(1, { error: 'must be at least 1' })
    .max(1_000_000, { error: 'must be at most 1000000' })
    .optional(),
  /** As of a single start: another run is not started under a key that has one. */
  idempotencyKey: z
    .custom<string>((value) => typeof value === 'string' && isIdempotencyKey(value), {
      error: 'must be 1 to 255 visible ASCII characters',
    })
    .optional(),
});

/** One row of an upload: what to start one run with. */
export type StartRow = z.output<typeof rowSchema>;

/** What a row may leave out because the batch says it. */
export interface RowDefaults {
  readonly sessionId: string | null;
  readonly definition: string | null;
}

/** Checks everything of a row that needs no database. Messages never repeat a value. */
export function checkRow(
  value: unknown,
  defaults: RowDefaults,
): { readonly row: StartRow } | { readonly fault: RowFault } {
  if (!isObject(value)) return invalid([{ path: '', message: 'must be an object' }]);
  const message = faultOfShape(value);
  if (message !== undefined) return invalid([{ path: '', message }]);
  if (!isStorable(value)) {
    return invalid([{ path: '', message: 'contains U+0000 or text that is not well-formed Unicode' }]);
  }
  const { success, data, error } = rowSchema.safeParse(value);
  const errors = [...(success ? [] : error.issues.flatMap(errorsOf)), ...missingOf(value, defaults)];
  return success && errors.length === 0 ? { row: data } : invalid(errors.slice(0, MAX_ERRORS));
}

function missingOf(row: Record<string, unknown>, defaults: RowDefaults): FieldError[] {
  return (['definition', 'sessionId'] as const)
    .filter((field) => row[field] === undefined && defaults[field] === null)
    .map((path) => ({ path, message: 'is required, here or for the whole batch' }));
}

function errorsOf(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: sayableFieldName(key), message: 'is not a known field' }));
  }
  return [{ path: issue.path.map((key) => sayableFieldName(String(key))).join('.'), message: issue.message }];
}

function invalid(errors: readonly FieldError[]): { fault: RowFault } {
  return { fault: { code: 'VALIDATION_FAILED', errors } };
}

function text(longest: number) {
  const error = `must be a text of 1 to ${longest} characters`;
  return z.string({ error }).min(1, { error }).max(longest, { error });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function areAttributes(value: unknown): boolean {
  if (!isObject(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= MAX_ATTRIBUTES &&
    entries.every(
      ([key, text]) =>
        ATTRIBUTE_KEY.test(key) && typeof text === 'string' && text.length <= MAX_ATTRIBUTE_LENGTH,
    )
  );
}

/** Goes level by level, without recursion. */
function faultOfShape(value: object): string | undefined {
  let level: object[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth >= MAX_DEPTH) return 'is nested too deeply';
    // It would become the prototype of a copy.
    if (level.some((object) => Object.hasOwn(object, '__proto__')))
      return 'has a member with a forbidden name';
    level = level.flatMap((object) => Object.values(object).filter((member) => isBranch(member)));
  }
  return undefined;
}

function isBranch(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
