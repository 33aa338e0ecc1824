// Writes the pages and schemas that are made from the code. `node scripts/run.mjs docs` builds first.
import { writeFileSync } from 'node:fs';
import prettier from 'prettier';
import { COMPLIANCE_MATRIX } from '../dist/compliance/state/matrix.js';
import { ALL_RULES } from '../dist/compliance/state/state-validator.js';
import { SHORT_NAMES } from '../dist/config/config-sources.js';
import { AUDIT_EVENT_TYPES } from '../dist/compliance/audit/audit-event-types.js';
import { RETENTION_CLASSES } from '../dist/compliance/audit/retention-class.js';
import { configSchema } from '../dist/config/config.schema.js';
import { ERROR_CATALOGUE } from '../dist/kernel/error-catalogue.js';
import { definitionSchema } from '../dist/workflow/definitions/definition.schema.js';
import { publishedFiles } from './published-files.mjs';
import { findRuleTests } from './rule-tests.mjs';

const files = publishedFiles({
  configSchema,
  shortNames: SHORT_NAMES,
  errorCatalogue: ERROR_CATALOGUE,
  definitionSchema,
  auditEventTypes: AUDIT_EVENT_TYPES,
  retentionClasses: RETENTION_CLASSES,
  compliance: { matrix: COMPLIANCE_MATRIX, rules: ALL_RULES, tests: findRuleTests() },
});
for (const [path, text] of Object.entries(files)) {
  writeFileSync(
    path,
    await prettier.format(text, { ...(await prettier.resolveConfig(path)), filepath: path }),
  );
}
