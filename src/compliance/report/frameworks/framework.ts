import type { AuditEventType } from '../../audit/audit-event-types.js';
import type { PeriodFacts } from '../period/period-report.js';

/** A set of controls that somebody outside asks about. */
export interface Framework {
  readonly id: string;
  readonly title: string;
  readonly controls: readonly Control[];
}

/**
 * One thing asked for, and what this product can show about it. It says what the records prove, not that a law or a
 * standard is fulfilled: that is for whoever uses the product to say.
 */
export interface Control {
  readonly id: string;
  readonly title: string;
  /** What the product shows. */
  readonly shows: string;
  /** The events that are the population. */
  readonly events: readonly AuditEventType[];
  /** Where more stands, beside the events themselves. */
  readonly links: readonly string[];
  /** Figures that say more than a count of events. */
  readonly figures?: (facts: PeriodFacts) => Readonly<Record<string, number | null>>;
}
