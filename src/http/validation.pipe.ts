import { type ArgumentMetadata, StandardSchemaValidationPipe, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { AppError, type FieldError } from '../kernel/app-error.js';
import { sayableFieldName } from './field-name.js';

/** A client that got a hundred fields wrong has learned enough; ten thousand would be a reply of megabytes. */
const MAX_FIELD_ERRORS = 100;

type SchemaIssue = Parameters<
  NonNullable<NonNullable<ConstructorParameters<typeof StandardSchemaValidationPipe>[0]>['exceptionFactory']>
>[0][number];

/** Checks everything typed as a DTO class: unknown fields are refused, nothing is converted unasked. */
export function dtoValidationPipe(): ValidationPipe {
  return new DtoValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    transform: true,
    validationError: { target: false, value: true },
    exceptionFactory: (errors) => validationFailed(errors.flatMap((error) => fieldErrorsOf(error, ''))),
  });
}

class DtoValidationPipe extends ValidationPipe {
  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    try {
      return (await super.transform(value, metadata)) as unknown;
    } catch (error) {
      // class-transformer walks a document recursively, and some 1,500 levels are the end of its stack.
      if (error instanceof RangeError)
        throw validationFailed([{ path: '', message: 'is nested too deeply' }]);
      throw error;
    }
  }
}

/** Checks everything bound with a schema: `@Body({ schema })`. */
export function schemaValidationPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({
    exceptionFactory: (issues) => validationFailed(issues.map(fieldErrorOf)),
  });
}

function validationFailed(errors: readonly FieldError[]): AppError {
  return new AppError('VALIDATION_FAILED', { errors: errors.slice(0, MAX_FIELD_ERRORS) });
}

function fieldErrorsOf(error: ValidationError, parent: string): FieldError[] {
  const name = sayableFieldName(error.property);
  const path = [parent, name].filter(Boolean).join('.');
  const own = Object.values(error.constraints ?? {}).map((message) => ({
    path,
    message: withoutValue(
      message.replace(error.property, () => name),
      error.value,
    ),
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => fieldErrorsOf(child, path))];
}

function fieldErrorOf(issue: SchemaIssue): FieldError {
  const keys = (issue.path ?? []).map((part) =>
    sayableFieldName(String(typeof part === 'object' ? part.key : part)),
  );
  return { path: keys.join('.'), message: issue.message };
}

/** A message template may name `$value`, and the value may be somebody's address. */
function withoutValue(message: string, value: unknown): string {
  return typeof value === 'string' && value.length > 3 && message.includes(value) ? 'is not valid' : message;
}
