/** What a template may refer to. */
export type Scope = Readonly<Record<string, unknown>>;

/**
 * What a reference (`$.input.brief.goal`, `$.outputs.email_generator.0`, `$.input.recipients.length`) stands for;
 * undefined where there is nothing. Only own properties are followed, so no prototype can be reached.
 */
export function resolveReference(reference: string, scope: Scope): unknown {
  let value: unknown = scope;
  for (const key of reference.split('.').slice(1)) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** Fills a template: every text that is a reference is replaced; a member whose reference leads nowhere is left out. */
export function fillTemplate(
  template: Readonly<Record<string, unknown>>,
  scope: Scope,
): Record<string, unknown> {
  return fill(template, scope) as Record<string, unknown>;
}

function fill(value: unknown, scope: Scope): unknown {
  if (typeof value === 'string') return value.startsWith('$.') ? resolveReference(value, scope) : value;
  if (Array.isArray(value)) return value.map((item) => fill(item, scope));
  if (value === null || typeof value !== 'object') return value;
  const filled: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const result = fill(item, scope);
    if (result !== undefined) filled[key] = result;
  }
  return filled;
}
