import { isISO8601, ValidateBy } from 'class-validator';

/** A day, or a time with its offset from UTC: week dates, and times without an offset, mean nothing certain. */
const INSTANT = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** Accepts what names one moment (ISO 8601), and `new Date` reads as that moment. */
export function IsInstant(): PropertyDecorator {
  return ValidateBy({
    name: 'isInstant',
    validator: {
      validate: (value: unknown) =>
        typeof value === 'string' &&
        INSTANT.test(value) &&
        isISO8601(value, { strict: true }) &&
        !Number.isNaN(Date.parse(value)),
      defaultMessage: () => 'must be an ISO 8601 date, or date and time with its offset from UTC',
    },
  });
}
