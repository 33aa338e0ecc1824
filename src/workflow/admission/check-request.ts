import type { Tokenizer } from '../../compliance/pii/operators/tokenizer.js';
import { AppError, type FieldError } from '../../kernel/app-error.js';
import type { JsonValue } from '../../kernel/canonical-json.js';
import { resolveReference } from '../definitions/references.js';

/** One address twice would be two messages to one person. */
export function refuseDuplicates(recipientsPath: string, input: Record<string, unknown>): void {
  const recipients = resolveReference(recipientsPath, { input });
  if (!Array.isArray(recipients)) return;
  const first = new Map<string, number>();
  const errors: FieldError[] = [];
  const path = recipientsPath.slice('$.'.length);
  for (const [index, recipient] of (recipients as { email: string }[]).entries()) {
    const address = recipient.email.trim().toLowerCase().normalize('NFC');
    const earlier = first.get(address);
    if (earlier === undefined) first.set(address, index);
    else
      errors.push({
        path: `${path}.${index}.email`,
        message: `is the same address as ${path}.${earlier}.email`,
      });
  }
  if (errors.length > 0) throw new AppError('VALIDATION_FAILED', { errors: errors.slice(0, 100) });
}

/** Attributes are searched by, so they are stored as they are: they must not be personal, not even one word of a name. */
export function refusePersonal(attributes: Readonly<Record<string, string>>, tokenizer: Tokenizer): void {
  const errors = Object.entries(attributes)
    .filter(([key, value]) => isPersonal({ [key]: value }, tokenizer))
    .map(([key]) => ({
      path: isPersonal(key, tokenizer) ? 'attributes' : `attributes.${key}`,
      message: 'holds personal data; use an opaque reference instead',
    }));
  if (errors.length > 0) throw new AppError('VALIDATION_FAILED', { errors });
}

function isPersonal(value: JsonValue, tokenizer: Tokenizer): boolean {
  return JSON.stringify(tokenizer.tokenizeJson(value, 'model')) !== JSON.stringify(value);
}
