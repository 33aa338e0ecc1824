import { ValidateBy } from 'class-validator';
import { findCronFault, isTimeZone } from './timing/cron-times.js';

/** Accepts a cron expression of five fields, or a short form such as `@daily`; the message says which field is wrong. */
export function IsCron(): PropertyDecorator {
  return ValidateBy({
    name: 'isCron',
    validator: {
      validate: (value: unknown) => typeof value === 'string' && findCronFault(value) === undefined,
      defaultMessage: (context) => {
        const value: unknown = context?.value;
        return typeof value === 'string' ? (findCronFault(value) ?? '') : 'must be a text';
      },
    },
  });
}

/** Accepts the name of a zone of the IANA database. */
export function IsTimeZoneName(): PropertyDecorator {
  return ValidateBy({
    name: 'isTimeZoneName',
    validator: {
      validate: (value: unknown) => typeof value === 'string' && isTimeZone(value),
      defaultMessage: () => 'must be a time zone of the IANA database, such as Europe/Berlin',
    },
  });
}
