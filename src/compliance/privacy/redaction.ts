import { detect } from '../pii/recognizers/detector.js';
import type { Finding } from '../pii/recognizers/finding.js';
import { passesLuhn } from '../pii/recognizers/luhn.js';
import { ruleOfKey } from './sensitive-keys.js';
import { isSuspicious } from './suspicion.js';

const MIN_SCORE = 0.6;
const MAX_DEPTH = 16;
const SMALLEST_CARD = 1_000_000_000_000;

/** Masks personal data and secrets in a text: `[EMAIL]`. What names nobody (ids, instants, digests) stays. */
export function redactText(text: string): string {
  if (!isSuspicious(text) || HARMLESS.test(text)) return text;
  const findings = detect(text, { minScore: MIN_SCORE }).filter((finding) => !isOwnAddress(text, finding));
  return findings.length === 0 ? text : masked(text, findings);
}

/**
 * Masks personal data and secrets in a value for a log: in every text and key, by what stands there and by the
 * name of its field. What needs no mask is returned as it is, without a copy.
 *
 * @param isKept which of the outermost fields stay as they are.
 */
export function redactJson(value: unknown, isKept?: (key: string, value: unknown) => boolean): unknown {
  if (isKept && isPlainObject(value)) return redactFields(value, [value], isKept);
  return redactValue(value, []);
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** Texts that are one identifier, instant or digest altogether: the commonest values of a log line. */
const HARMLESS =
  /^(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z|(?:(?:sub|run)_)?[0-9a-f]{32,128}|[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})$/;

const IDENTIFIER_VALUE = /^[0-9a-f-]{8,64}$/i;
const TOKENS_ONLY = /^(?:\u27e6[A-Z_]{1,41}_\d{1,7}\u27e7\s?)+$/;
const SERVER_URL = /^https?:\/\/[^\s/?#]+\/?$/;
const OWN_ADDRESS = /^(?:127\.\d{1,3}\.\d{1,3}\.\d{1,3}|0\.0\.0\.0|::1?)$/;

/** The address of this machine to itself is in every start-up line and names nobody. */
function isOwnAddress(text: string, { entity, start, end }: Finding): boolean {
  return entity === 'IP_ADDRESS' && OWN_ADDRESS.test(text.slice(start, end));
}

function masked(text: string, findings: readonly Finding[]): string {
  let result = '';
  let position = 0;
  for (const { entity, start, end } of findings) {
    result += `${text.slice(position, start)}[${entity}]`;
    position = end;
  }
  return result + text.slice(position);
}

function redactValue(value: unknown, path: readonly object[]): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'number') return redactNumber(value);
  if (typeof value !== 'object' || value === null || value instanceof Date || ArrayBuffer.isView(value))
    return value;
  if (path.includes(value)) return '[CIRCULAR]';
  if (path.length >= MAX_DEPTH) return '[TOO DEEP]';
  const deeper = [...path, value];
  if (Array.isArray(value)) return redactList(value, deeper);
  return value instanceof Error ? redactError(value, deeper) : redactFields(value, deeper);
}

function redactList(items: readonly unknown[], path: readonly object[]): unknown {
  const redacted = items.map((item) => redactValue(item, path));
  return redacted.some((item, index) => item !== items[index]) ? redacted : items;
}

function redactFields(
  object: object,
  path: readonly object[],
  isKept?: (key: string, value: unknown) => boolean,
): unknown {
  let copy: Record<string, unknown> | undefined;
  for (const [key, value] of Object.entries(object)) {
    if (isKept?.(key, value)) continue;
    const redacted = redactField(key, value, path);
    const name = isSuspicious(key) ? redactText(key) : key;
    if (redacted === value && name === key) continue;
    copy ??= { ...object };
    if (name !== key) delete copy[key];
    copy[name] = redacted;
  }
  return copy ?? object;
}

function redactField(key: string, value: unknown, path: readonly object[]): unknown {
  const rule = ruleOfKey(key);
  if (rule.mask !== undefined) return redactNamed(rule.mask, value, path);
  if (rule.identifier && typeof value === 'string' && IDENTIFIER_VALUE.test(value)) return value;
  return redactValue(value, path);
}

/** A field that is personal or secret by its name. Absent values, flags and tokens give nothing away. */
function redactNamed(label: string, value: unknown, path: readonly object[]): unknown {
  if (value === null || value === undefined || value === '' || typeof value === 'boolean') return value;
  if (typeof value === 'string' && TOKENS_ONLY.test(value)) return value;
  // `address` is also where a socket is bound or a server listens.
  if (label === 'ADDRESS' && typeof value === 'string' && OWN_ADDRESS.test(value)) return value;
  if (label === 'ADDRESS' && typeof value === 'string' && SERVER_URL.test(value)) return redactText(value);
  if (label !== 'SECRET' && typeof value === 'object') return redactValue(value, path);
  return `[${label}]`;
}

/** Of numbers only those that could be a card are looked at: durations, ports, counts and instants never are. */
function redactNumber(value: number): unknown {
  if (value < SMALLEST_CARD || !Number.isInteger(value)) return value;
  const text = String(value);
  if (!passesLuhn(text)) return value;
  const redacted = redactText(text);
  return redacted === text ? value : redacted;
}

/** Name, message and stack of an error are not enumerable, so they would be lost with the rest. */
function redactError(error: Error, path: readonly object[]): unknown {
  const { name, message, stack, cause } = error;
  const members = {
    ...Object.fromEntries(Object.entries(error)),
    name,
    message,
    ...(stack && { stack }),
    ...(cause !== undefined && { cause }),
  };
  return redactFields(members, path);
}
