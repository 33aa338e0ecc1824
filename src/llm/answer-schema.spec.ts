import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { describeAnswer } from './answer-schema.js';

const schema = z.strictObject({
  subject: z.string().min(1).max(150).describe('One line'),
  format: z.array(z.string()).max(3),
});

describe('describeAnswer', () => {
  it('tells the provider the shape without limits, and keeps fields named like keywords', async () => {
    expect(await describeAnswer(schema).wire.jsonSchema).toEqual({
      type: 'object',
      properties: {
        subject: { type: 'string', description: 'One line' },
        format: { type: 'array', items: { type: 'string' } },
      },
      required: ['subject', 'format'],
      additionalProperties: false,
    });
  });

  it('tells the model the limits in the instruction', () => {
    expect(describeAnswer(schema).instruction).toContain('"maxLength":150');
    expect(describeAnswer(schema).instruction).toContain('"maxItems":3');
  });

  it('validates by the limits although the wire does not carry them', async () => {
    const { wire } = describeAnswer(schema);
    expect(await wire.validate?.({ subject: 'x'.repeat(151), format: [] })).toMatchObject({ success: false });
    expect(await wire.validate?.({ subject: 'x', format: [] })).toMatchObject({ success: true });
  });
});
