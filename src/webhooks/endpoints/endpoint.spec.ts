import { describe, expect, it } from 'vitest';
import { wants } from './endpoint.js';

describe('an endpoint wants', () => {
  const event = { type: 'workflow.failed', definition: 'email-campaign' };

  it.each([
    [['*'], null, true],
    [['workflow.failed'], null, true],
    [['workflow.failed', 'workflow.completed'], 'email-campaign', true],
    [['workflow.completed'], null, false],
    [['workflow'], null, false],
    [['*'], 'another-one', false],
  ])('of types %j about %j: %j', (eventTypes, definition, expected) => {
    expect(wants({ eventTypes, definition }, event)).toBe(expected);
  });
});
