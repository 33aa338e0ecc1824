import { parseDocument } from 'yaml';
import { AppError, type FieldError } from '../../kernel/app-error.js';
import { type WorkflowDefinition, definitionSchema } from './definition.schema.js';
import { compileInput } from './input-validator.js';

/**
 * Reads a workflow definition from YAML (JSON is YAML too) and checks it, its input schema included.
 *
 * @throws AppError DEFINITION_INVALID with every fault found.
 */
export function parseDefinition(source: string | object): WorkflowDefinition {
  const document = typeof source === 'string' ? parseYaml(source) : source;
  const parsed = definitionSchema.safeParse(document);
  if (!parsed.success) {
    throw invalid(
      parsed.error.issues.map((issue) => ({ path: issue.path.map(String).join('.'), message: issue.message })),
    );
  }
  try {
    compileInput(parsed.data.input);
  } catch (error) {
    throw invalid([{ path: 'input', message: `is not a usable JSON Schema: ${(error as Error).message}` }]);
  }
  return parsed.data;
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

function invalid(errors: readonly FieldError[]): AppError {
  return new AppError('DEFINITION_INVALID', { errors });
}
