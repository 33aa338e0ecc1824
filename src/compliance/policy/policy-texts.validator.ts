import { ValidateBy } from 'class-validator';

/** Most policies of one version. */
export const MAX_POLICIES = 100;
const MAX_CHARACTERS = 262_144;
/** No dot: ids with one are built in. */
const ID = /^[a-z][a-z0-9-]{0,62}$/;

/** Accepts policies by their ids. What stands in them is the business of the policy engine. */
export function IsPolicyTexts(): PropertyDecorator {
  return ValidateBy({
    name: 'isPolicyTexts',
    validator: {
      validate: (value: unknown) => policyTextsFault(value) === undefined,
      defaultMessage: (context) => policyTextsFault(context?.value) ?? '',
    },
  });
}

/** Why the product would not take these policies, whatever they say; undefined when it would. */
export function policyTextsFault(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'must be an object with texts of policies by their ids';
  }
  const entries = Object.entries(value);
  if (entries.length > MAX_POLICIES) return `must not hold more than ${MAX_POLICIES} policies`;
  if (!entries.every(([id]) => ID.test(id))) {
    return 'must have ids of lower-case letters, digits and hyphens that begin with a letter, at most 63 characters long';
  }
  if (!entries.every(([, text]) => typeof text === 'string' && text.isWellFormed())) {
    return 'must hold texts only';
  }
  const characters = entries.reduce((sum, [, text]) => sum + String(text).length, 0);
  return characters > MAX_CHARACTERS
    ? `must not be longer than ${MAX_CHARACTERS} characters together`
    : undefined;
}
