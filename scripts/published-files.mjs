// What the repository publishes from its code: each text is made here and nowhere else, so that a test can compare.
import { z } from 'zod';
import { compliancePage } from './compliance-page.mjs';
import { GENERATED, table } from './page-parts.mjs';

/** @typedef {import('../src/compliance/audit/audit-event-kind.js').AuditEventKind} AuditEventKind */
/** @typedef {import('./compliance-page.mjs').Compliance} Compliance */

/**
 * @param {object} code
 * @param {z.ZodType} code.configSchema
 * @param {Readonly<Record<string, readonly [section: string, key: string]>>} code.shortNames
 * @param {Readonly<Record<string, { status: number, title: string }>>} code.errorCatalogue
 * @param {z.ZodType} code.definitionSchema
 * @param {Readonly<Record<string, AuditEventKind>>} code.auditEventTypes
 * @param {Readonly<Record<string, { floorDays: number, defaultDays: number, meaning: string }>>} code.retentionClasses
 * @param {Compliance} code.compliance
 * @returns {Record<string, string>} text by path
 */
export function publishedFiles({
  configSchema,
  shortNames,
  errorCatalogue,
  definitionSchema,
  auditEventTypes,
  retentionClasses,
  compliance,
}) {
  return {
    'docs/configuration.md': configurationPage(configSchema, shortNames),
    'docs/errors.md': errorsPage(errorCatalogue),
    'docs/compliance-matrix.md': compliancePage(compliance),
    'docs/audit-events.md': auditEventsPage(auditEventTypes, retentionClasses),
    'config/workflows/workflow-definition.schema.json': jsonSchema(definitionSchema),
  };
}

/** @param {z.ZodType} schema @param {Readonly<Record<string, readonly [string, string]>>} shortNames */
function configurationPage(schema, shortNames) {
  // The input form knows the types, the output form the defaults.
  const sections = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }).properties;
  const resolved = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }).properties;
  const parts = Object.entries(sections).map(([section, { properties }]) => {
    const rows = Object.entries(properties).map(([key, setting]) => [
      `\`${snakeCase(key)}\``,
      environmentNames(section, key, shortNames),
      rangeOf(setting),
      defaultOf(resolved[section].properties[key].default),
      setting.description ?? '',
    ]);
    const head = ['Key', 'Environment', 'Value', 'Default', 'Meaning'];
    return `## [${snakeCase(section)}]\n\n${table(head, rows)}`;
  });
  return `${CONFIGURATION_INTRODUCTION}\n${parts.join('\n\n')}\n`;
}

const CONFIGURATION_INTRODUCTION = `# Configuration

${GENERATED}

Settings come from \`config/<environment>.toml\`, then from the environment, which wins. Everything is read and checked
once, at the start: a process with a fault in its configuration prints every fault and ends with exit code 78.

- \`COUNTERSIGN_ENV\` is \`development\` (the default), \`staging\`, \`production\` or \`test\`, and picks the file.
- \`COUNTERSIGN_CONFIG_DIR\` is the folder of these files, \`COUNTERSIGN_DATA_DIR\` (\`./.countersign\`) the one an instance writes to.
- Every key has the name \`COUNTERSIGN__<SECTION>__<KEY>\`; some have a short name besides, given below.
- \`<NAME>_FILE\` reads the value from a file, for each of these names: that is how secrets are mounted.
- A text in a TOML file may hold \`\${NAME}\` or \`\${NAME:-default}\`, replaced from the environment.
- A name that begins with \`COUNTERSIGN_\` and is not known is a fault, and so is an unknown key.
- In production \`vault.kek\`, \`audit.signing_key\` and \`auth.api_key\` must be set; elsewhere they are created under the data directory.
`;

/** @param {Readonly<Record<string, { status: number, title: string }>>} catalogue */
function errorsPage(catalogue) {
  const rows = Object.entries(catalogue).map(([code, { status, title }]) => [
    `\`${code}\``,
    String(status),
    title,
  ]);
  return `# Errors

${GENERATED}

Every error is answered as \`application/problem+json\` (RFC 9457). \`code\` is stable: codes are added, never renamed.

${table(['Code', 'Status', 'Title'], rows)}
`;
}

/**
 * @param {Readonly<Record<string, AuditEventKind>>} types
 * @param {Readonly<Record<string, { floorDays: number, defaultDays: number, meaning: string }>>} classes
 */
function auditEventsPage(types, classes) {
  const typeRows = Object.entries(types).map(([type, kind]) => [
    `\`${type}\``,
    kind.stage,
    kind.class,
    kind.meaning,
    (kind.members ?? []).map((member) => `\`${member}\``).join(', '),
    Object.entries(kind.detail ?? {})
      .map(([field, of]) => `\`${field}\` ${of}`)
      .join(', '),
  ]);
  const classRows = Object.entries(classes).map(([name, { floorDays, defaultDays, meaning }]) => [
    `\`${name}\``,
    String(floorDays),
    String(defaultDays),
    meaning,
  ]);
  return `# Audit events

${GENERATED}

${AUDIT_EVENTS_INTRODUCTION}
## Types

${table(['Type', 'Stage', 'Class', 'Meaning', 'Members', 'Detail'], typeRows)}

## Retention classes

How many days the records of a class are kept, and the fewest that any policy may set ([retention](retention.md#the-trail)).
What stands in the chain of a run counts as \`ai-high-risk\` at least, so that a chain goes whole.

${table(['Class', 'At least', 'By default', 'What for'], classRows)}
`;
}

const AUDIT_EVENTS_INTRODUCTION = `Every type of record in the [audit trail](audit.md), with all that it may carry. The list is closed: a type, member or field that is not
here does not compile, and is refused when a record is built; the change is then refused with it (\`AUDIT_UNAVAILABLE\`).

Every record may carry \`code\`, \`targets\`, \`session\` and \`context\`, and \`run\` where it belongs to one. \`Members\` are what it may carry besides.
The values of \`detail\` are of one kind each: \`id\` (UUID), \`hash\` (SHA-256, hexadecimal), \`count\` (safe integer from 0), \`flag\`, \`time\` (ISO 8601, UTC)
or \`text\`: short and written by the product, never what a person has typed.
`;

/** @param {z.ZodType} schema */
function jsonSchema(schema) {
  return `${JSON.stringify(z.toJSONSchema(schema, { io: 'input' }), null, 2)}\n`;
}

function environmentNames(section, key, shortNames) {
  const long = `COUNTERSIGN__${snakeCase(section)}__${snakeCase(key)}`.toUpperCase();
  const short = Object.keys(shortNames).filter((name) => shortNames[name].join() === `${section},${key}`);
  return [...short, long].map((name) => `\`${name}\``).join(', ');
}

function rangeOf(setting) {
  if (setting.enum) return setting.enum.map((value) => `\`${value}\``).join(', ');
  if (setting.type === 'boolean') return '`true`, `false`';
  if (setting.type === 'array') {
    const of =
      setting.items?.type === 'integer'
        ? `whole numbers, each ${rangeOf(setting.items).replace('whole number, ', '')}`
        : 'texts';
    return `list of ${of} (with commas in the environment)`;
  }
  if (setting.type === 'integer' || setting.type === 'number') {
    const kind = setting.type === 'integer' ? 'whole number' : 'number';
    return `${kind}, ${setting.minimum} to ${setting.maximum}`;
  }
  return setting.maxLength ? `text, at most ${setting.maxLength} characters` : 'text';
}

function defaultOf(value) {
  if (value === undefined) return 'none';
  return Array.isArray(value) && value.length === 0 ? 'empty' : `\`${value}\``;
}

function snakeCase(camel) {
  return camel.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
