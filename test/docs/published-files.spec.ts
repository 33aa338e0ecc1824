import { readFile } from 'node:fs/promises';
import prettier from 'prettier';
import { describe, expect, it } from 'vitest';
import { publishedFiles } from '../../scripts/published-files.mjs';
import { AUDIT_EVENT_TYPES } from '../../src/compliance/audit/audit-event-types.js';
import { RETENTION_CLASSES } from '../../src/compliance/audit/retention-class.js';
import { findRuleTests } from '../../scripts/rule-tests.mjs';
import { COMPLIANCE_MATRIX } from '../../src/compliance/state/matrix.js';
import { ALL_RULES } from '../../src/compliance/state/state-validator.js';
import { SHORT_NAMES } from '../../src/config/config-sources.js';
import { configSchema } from '../../src/config/config.schema.js';
import { ERROR_CATALOGUE } from '../../src/kernel/error-catalogue.js';
import { definitionSchema } from '../../src/workflow/definitions/definition.schema.js';

const files = publishedFiles({
  configSchema,
  shortNames: SHORT_NAMES,
  errorCatalogue: ERROR_CATALOGUE,
  definitionSchema,
  auditEventTypes: AUDIT_EVENT_TYPES,
  retentionClasses: RETENTION_CLASSES,
  compliance: { matrix: COMPLIANCE_MATRIX, rules: ALL_RULES, tests: findRuleTests() },
});

describe('what is published from the code', () => {
  it.each(Object.entries(files))('%s is what the code says now', async (path, text) => {
    const options = await prettier.resolveConfig(path);
    expect(await readFile(path, 'utf8')).toBe(await prettier.format(text, { ...options, filepath: path }));
  });

  it('explains every setting', () => {
    const page = files['docs/configuration.md'] ?? '';
    const rows = page.split('\n').filter((line) => line.startsWith('| `'));
    expect(rows.length).toBeGreaterThan(50);
    expect(rows.filter((row) => row.endsWith('|  |'))).toEqual([]);
  });
});
