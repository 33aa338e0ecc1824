// Writes the JSON Schemas that users' editors read, from the code that enforces them.
import { writeFileSync } from 'node:fs';
import { z } from 'zod';
import { definitionSchema } from '../dist/workflow/definitions/definition.schema.js';

const schema = z.toJSONSchema(definitionSchema, { io: 'input' });
writeFileSync('config/workflows/workflow-definition.schema.json', `${JSON.stringify(schema, null, 2)}\n`);
