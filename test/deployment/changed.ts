import type { Manifest } from './manifest.js';

/**
 * A copy of the objects with one place of one object changed, for fixtures that break exactly one thing.
 * `undefined` takes the field away.
 */
export function changed(
  manifests: readonly Manifest[],
  kind: string,
  path: readonly (string | number)[],
  value: unknown,
): Manifest[] {
  const copy = structuredClone(manifests) as Manifest[];
  const object = copy.find((manifest) => manifest.kind === kind);
  const last = path.at(-1);
  if (!object || last === undefined) throw new Error(`there is no ${kind} to change`);
  const parent = path.slice(0, -1).reduce<unknown>((place, step) => stepInto(place, step, path), object);
  if (value === undefined) delete (parent as Record<string, unknown>)[String(last)];
  else (parent as Record<string, unknown>)[String(last)] = value;
  return copy;
}

/** A fixture that changes what is not there would prove nothing, so that is a fault of the test. */
function stepInto(place: unknown, step: string | number, path: readonly (string | number)[]): unknown {
  const next = (place as Record<string, unknown>)[String(step)];
  if (next === null || typeof next !== 'object') throw new Error(`nothing at ${path.join('.')}`);
  return next;
}
