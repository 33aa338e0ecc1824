const REFERENCE = /⟦[^⟦⟧]*⟧/g;

/** Every ⟦…⟧ reference in the texts of a value. */
export function referencesIn(value: unknown): Set<string> {
  return new Set(JSON.stringify(value ?? null).match(REFERENCE));
}

/** Whether the output has a reference that the input did not give: an invented or altered one. */
export function hasForeignReference(input: unknown, output: unknown): boolean {
  const given = referencesIn(input);
  return [...referencesIn(output)].some((reference) => !given.has(reference)) || hasBrokenBracket(output);
}

/** A bracket outside a whole reference: a reference that was cut or rewritten. */
function hasBrokenBracket(output: unknown): boolean {
  return /[⟦⟧]/.test(JSON.stringify(output ?? null).replaceAll(REFERENCE, ''));
}

/** A text without its references: what remains is the writer's own words. */
export function withoutReferences(text: string): string {
  return text.replaceAll(REFERENCE, '');
}
