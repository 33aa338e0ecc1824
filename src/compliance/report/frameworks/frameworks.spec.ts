import { describe, expect, it } from 'vitest';
import { AUDIT_EVENT_TYPES } from '../../audit/audit-event-types.js';
import { FRAMEWORKS } from './frameworks.js';

describe.each(FRAMEWORKS)('the controls of $id', ({ controls }) => {
  it('have ids of their own, a population and a place where more stands', () => {
    expect(new Set(controls.map(({ id }) => id)).size).toBe(controls.length);
    for (const { events, links, shows } of controls) {
      expect(events.length).toBeGreaterThan(0);
      expect(links.length).toBeGreaterThan(0);
      expect(shows).toMatch(/\.$/);
    }
  });

  it('count each type of event once', () => {
    for (const { events } of controls) {
      expect(new Set(events).size).toBe(events.length);
      for (const type of events) expect(Object.keys(AUDIT_EVENT_TYPES)).toContain(type);
    }
  });
});
