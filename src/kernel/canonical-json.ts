import { createHash } from 'node:crypto';

/** What canonical JSON can carry: anything else is refused, never silently dropped or rewritten. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/**
 * The canonical text of a value by RFC 8785 (JCS): keys in UTF-16 order, ECMAScript numbers, no white space.
 *
 * Strict by design: `undefined`, functions, symbols, bigints, NaN, infinities, lone surrogates, sparse arrays,
 * class instances (Date, Map, …) and `toJSON` are refused with a TypeError that names the path, because a
 * canonicaliser that rewrites them would hash something other than what was given.
 */
export function canonicalJson(value: unknown): string {
  try {
    return write(value, undefined);
  } catch {
    // Only a fault has to be told where it stands: the second time each member knows its path.
    return write(value, '$');
  }
}

/** SHA-256 of the canonical text, lower-case hexadecimal. */
export function canonicalHash(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value), 'utf8').digest('hex');
}

function write(value: unknown, path: string | undefined): string {
  switch (typeof value) {
    case 'string':
      return writeString(value, path);
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${path}: ${value} has no JSON form`);
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      return Array.isArray(value) ? writeArray(value, path) : writeObject(value, path);
    default:
      throw new TypeError(`${path}: ${typeof value} has no JSON form`);
  }
}

function writeString(text: string, path: string | undefined): string {
  if (!text.isWellFormed()) throw new TypeError(`${path}: lone surrogate`);
  return JSON.stringify(text);
}

function writeArray(items: readonly unknown[], path: string | undefined): string {
  let out = '[';
  for (let index = 0; index < items.length; index++) {
    if (!(index in items)) throw new TypeError(`${path}[${index}]: hole in an array`);
    if (index > 0) out += ',';
    out += write(items[index], path && `${path}[${index}]`);
  }
  return `${out}]`;
}

function writeObject(object: object, path: string | undefined): string {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError(`${path}: only plain objects have a canonical form`);
  }
  if (Object.getOwnPropertySymbols(object).length > 0) throw new TypeError(`${path}: symbol key`);
  const fields = object as Record<string, unknown>;
  if (typeof fields['toJSON'] === 'function') throw new TypeError(`${path}: toJSON`);
  // The default comparison of sort() is by UTF-16 code unit, as RFC 8785 §3.2.3 asks.
  const keys = Object.keys(fields).sort();
  let out = '{';
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] as string;
    if (index > 0) out += ',';
    out += `${writeString(key, path)}:${write(fields[key], path && `${path}.${key}`)}`;
  }
  return `${out}}`;
}
