import { isEmail, ValidateBy } from 'class-validator';

const REFERENCE = /^sub_[0-9a-f]{64}$/;

/** Whether a text names a person: by e-mail address, or by the reference that stands for it. */
export function isSubject(value: unknown): value is string {
  return typeof value === 'string' && (isReference(value) || isEmail(value));
}

/** Whether a text is a reference already. */
export function isReference(subject: string): boolean {
  return REFERENCE.test(subject);
}

/** For fields that name a person. */
export function IsSubject(): PropertyDecorator {
  return ValidateBy({
    name: 'isSubject',
    validator: {
      validate: isSubject,
      defaultMessage: () => '$property must be an e-mail address or a reference',
    },
  });
}
