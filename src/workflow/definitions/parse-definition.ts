import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { sayableFieldName } from '../../http/field-name.js';
import { AppError, type FieldError } from '../../kernel/app-error.js';
import { type WorkflowDefinition, definitionSchema } from './definition.schema.js';
import { signalsOf } from './definition-checks.js';
import { compileInput } from './input-validator.js';
import type { WaitSignal } from './wait.schema.js';

/** No definition comes near it, and below it everything that walks one recursively is safe. */
const MAX_DEPTH = 64;

/**
 * Reads a workflow definition from YAML (JSON is YAML too) and checks it, its input schema included.
 *
 * @throws AppError DEFINITION_INVALID with every fault found.
 */
export function parseDefinition(source: string | object): WorkflowDefinition {
  const document = typeof source === 'string' ? readYaml(source) : source;
  if (isDeep(document))
    throw invalid([{ path: '', message: `is nested more than ${MAX_DEPTH} levels deep` }]);
  const parsed = definitionSchema.safeParse(document);
  if (!parsed.success) {
    throw invalid(parsed.error.issues.flatMap(faultsOf));
  }
  try {
    compileInput(parsed.data.input);
  } catch (error) {
    throw invalid([{ path: 'input', message: `is not a usable JSON Schema: ${(error as Error).message}` }]);
  }
  const faults = signalsOf(parsed.data).flatMap(({ signal, path }) => schemaFaults(signal, path));
  if (faults.length > 0) throw invalid(faults);
  return parsed.data;
}

function schemaFaults({ schema }: WaitSignal, path: readonly PropertyKey[]): FieldError[] {
  try {
    if (schema) compileInput(schema);
    return [];
  } catch (error) {
    const place = [...path, 'schema'].map(String).join('.');
    return [{ path: place, message: `is not a usable JSON Schema: ${(error as Error).message}` }];
  }
}

function faultsOf(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'invalid_union' && issue.errors.length > 0) return faultsOfUnion(issue);
  const path = issue.path.map((part) => sayableFieldName(String(part)));
  if (issue.code !== 'unrecognized_keys') return [{ path: path.join('.'), message: issue.message }];
  return issue.keys.map((key) => ({
    path: [...path, sayableFieldName(key)].join('.'),
    message: 'is not a known field',
  }));
}

/** Of what something could have been, what it comes closest to says what is wrong with it. */
function faultsOfUnion({ path, errors }: z.core.$ZodIssueInvalidUnion): FieldError[] {
  const forms = errors.map((issues) =>
    issues.flatMap((issue) => faultsOf({ ...issue, path: [...path, ...issue.path] })),
  );
  return forms.reduce((best, form) => (form.length < best.length ? form : best));
}

function readYaml(text: string): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    if (error instanceof AppError) throw error;
    // The parser recurses, and unfolding aliases has its bound: both throw instead of reporting.
    throw invalid([{ path: '', message: 'cannot be unfolded' }]);
  }
}

function parseYaml(text: string): unknown {
  // Merge keys (<<) let two schemas share their members; aliases are bounded against "billion laughs".
  const document = parseDocument(text, { merge: true });
  if (document.errors.length > 0) {
    throw invalid(
      document.errors.map((error) => ({
        path: error.linePos ? `line ${error.linePos[0].line}, column ${error.linePos[0].col}` : '',
        message: error.message.split('\n', 1)[0] ?? 'is not YAML',
      })),
    );
  }
  return document.toJS({ maxAliasCount: 100 });
}

/** Level by level, so that the depth of the document is nobody's stack. */
function isDeep(document: unknown): boolean {
  let level: unknown[] = [document];
  for (let depth = 0; depth <= MAX_DEPTH && level.length > 0; depth++) {
    level = level.flatMap((value) =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    );
  }
  return level.length > 0;
}

function invalid(errors: readonly FieldError[]): AppError {
  return new AppError('DEFINITION_INVALID', { errors });
}
