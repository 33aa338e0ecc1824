import { ValidateBy } from 'class-validator';
import { redactText } from '../compliance/privacy/redaction.js';

/** For texts that are stored and shown as they are: refuses what a recogniser knows as personal data. */
export function Impersonal(): PropertyDecorator {
  return ValidateBy({
    name: 'impersonal',
    validator: {
      validate: (value: unknown) => typeof value !== 'string' || redactText(value) === value,
      defaultMessage: () => '$property must not hold personal data',
    },
  });
}
