import { describe, expect, it } from 'vitest';
import { sayableFieldName } from './field-name.js';

describe('the name of a field in an error', () => {
  it.each(['recipients', 'dateOfBirth', 'x-note', 'plan.name', '$ref', '0', '9999'])(
    'is said: %s',
    (name) => {
      expect(sayableFieldName(name)).toBe(name);
    },
  );

  it.each(['Ada Example', 'ada@example.com', '+1 202-555-0147', '', 'x'.repeat(65), '20255501470'])(
    'is not said: %j',
    (name) => {
      expect(sayableFieldName(name)).toBe('[field]');
    },
  );
});
