import { type JSONSchema7, type Schema, jsonSchema } from 'ai';
import { z } from 'zod';

/** A form of answer in the two ways a model is told of it. */
interface AnswerSchema<T> {
  /** For the provider's own structured output; validates by the full schema. */
  readonly wire: Schema<T>;
  /** For the system text, so that models with nothing but a plain JSON mode know the form too. */
  readonly instruction: string;
}

const cache = new WeakMap<z.ZodType, AnswerSchema<unknown>>();

/** Describes a form of answer; the description is made once per schema. */
export function describeAnswer<T>(schema: z.ZodType<T>): AnswerSchema<T> {
  const known = cache.get(schema) as AnswerSchema<T> | undefined;
  if (known) return known;
  const { $schema: _dialect, ...full } = z.toJSONSchema(schema, { target: 'draft-7' });
  const described: AnswerSchema<T> = {
    wire: jsonSchema<T>(withoutLimits(full) as JSONSchema7, {
      validate: (value) => {
        const parsed = schema.safeParse(value);
        return parsed.success
          ? { success: true, value: parsed.data }
          : { success: false, error: parsed.error };
      },
    }),
    instruction: [
      'Answer with exactly one JSON object and nothing else: no sentence before or after it, no code fence.',
      `The object must be valid against this JSON Schema:\n${JSON.stringify(full)}`,
    ].join('\n'),
  };
  cache.set(schema, described);
  return described;
}

/** Keywords that strict structured output of one provider or another refuses with HTTP 400. */
const LIMITS = new Set([
  'minLength',
  'maxLength',
  'pattern',
  'format',
  'minItems',
  'maxItems',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
]);

/** The shape alone. Limits stay in the instruction and in the validation. */
function withoutLimits(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutLimits);
  if (typeof node !== 'object' || node === null) return node;
  const members = Object.entries(node).filter(([key]) => !LIMITS.has(key));
  return Object.fromEntries(
    members.map(([key, value]) => [
      key,
      key === 'properties' ? withoutLimitsOfEach(value) : withoutLimits(value),
    ]),
  );
}

/** Under `properties` the keys are field names: a field called `format` is no keyword. */
function withoutLimitsOfEach(properties: unknown): unknown {
  return Object.fromEntries(
    Object.entries(properties as Record<string, unknown>).map(([name, node]) => [name, withoutLimits(node)]),
  );
}
