import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { sayableFieldName } from '../../http/field-name.js';
import { AppError, type FieldError } from '../../kernel/app-error.js';

const MAX_FAULTS = 100;

/** Compiles the JSON Schema of an input. @throws Error when the schema itself is not usable. */
export function compileInput(schema: object): ValidateFunction {
  const ajv = new Ajv2020({
    allErrors: true,
    useDefaults: true,
    strict: true,
    strictRequired: false,
    strictTypes: false,
  });
  addFormats.default(ajv);
  return ajv.compile(schema);
}

/**
 * Checks an input and fills in the schema's defaults (in place).
 *
 * @throws AppError VALIDATION_FAILED with a path for each fault; messages never repeat a value.
 */
export function checkInput(validate: ValidateFunction, input: Record<string, unknown>): void {
  check(validate, input, 'input');
}

/** The same for the payload of a signal, by the schema of its wait. @throws AppError VALIDATION_FAILED. */
export function checkPayload(schema: object, payload: Record<string, unknown>): void {
  const validate = payloadValidators.get(schema) ?? compileInput(schema);
  payloadValidators.set(schema, validate);
  check(validate, payload, 'payload');
}

/** By the schema, which belongs to a definition that does not change. */
const payloadValidators = new WeakMap<object, ValidateFunction>();

function check(validate: ValidateFunction, value: Record<string, unknown>, root: string): void {
  if (validate(value)) return;
  const errors = (validate.errors ?? [])
    .filter((error) => error.keyword !== 'if')
    .slice(0, MAX_FAULTS)
    .map((error) => faultOf(error, root));
  throw new AppError('VALIDATION_FAILED', {
    detail: `The ${root} does not fit the workflow definition.`,
    errors,
  });
}

function faultOf(error: ErrorObject, root: string): FieldError {
  const path = [root, ...error.instancePath.split('/').slice(1).map(sayableFieldName)].join('.');
  const params = error.params as Record<string, unknown>;
  switch (error.keyword) {
    case 'required':
      return { path: `${path}.${String(params['missingProperty'])}`, message: 'is required' };
    case 'additionalProperties':
      return {
        path: `${path}.${sayableFieldName(String(params['additionalProperty']))}`,
        message: 'is not a known field',
      };
    case 'enum':
      return { path, message: `must be one of ${(params['allowedValues'] as unknown[]).join(', ')}` };
    case 'pattern':
    case 'propertyNames':
      return { path, message: 'has a character or form that is not allowed' };
    default:
      return { path, message: error.message ?? 'is not valid' };
  }
}
