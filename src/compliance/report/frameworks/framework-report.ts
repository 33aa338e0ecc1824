import { EVENT_LINKS } from '../event-links.js';
import type { FigureSum } from '../period/event-group.js';
import { periodFactsOf } from '../period/period-report.js';
import type { Period } from '../period/period-report.query.js';
import type { Control, Framework } from './framework.js';

/** What the trail shows about the controls of a framework in a period. */
export interface FrameworkReport {
  readonly kind: 'framework';
  readonly framework: string;
  readonly title: string;
  readonly period: { readonly from: string; readonly to: string };
  readonly claim: string;
  /** How each sample is shown and proven. */
  readonly links: typeof EVENT_LINKS;
  readonly controls: readonly ControlEvidence[];
}

export interface ControlEvidence {
  readonly id: string;
  readonly title: string;
  readonly shows: string;
  /** Events of the period that speak of it. */
  readonly population: number;
  readonly events: readonly { readonly type: string; readonly outcome: string; readonly events: number }[];
  readonly figures: Readonly<Record<string, number | null>>;
  readonly samples: readonly ControlSample[];
  readonly links: readonly string[];
}

export interface ControlSample {
  readonly eventId: string;
  readonly type: string;
  readonly outcome: string;
}

const CLAIM =
  'It claims the integrity of the records it counts. It does not claim that a law or standard demands them, or is fulfilled.';
const SAMPLES_OF_CONTROL = 10;

export function frameworkReportOf(
  framework: Framework,
  { from, to }: Period,
  sum: FigureSum,
): FrameworkReport {
  const facts = periodFactsOf(sum);
  const period = { from: from.toISOString(), to: to.toISOString() };
  return {
    kind: 'framework',
    framework: framework.id,
    title: framework.title,
    period,
    claim: CLAIM,
    links: EVENT_LINKS,
    controls: framework.controls.map((control) => {
      const own = facts.populations.filter(({ type }) =>
        (control.events as readonly string[]).includes(type),
      );
      return {
        id: control.id,
        title: control.title,
        shows: control.shows,
        population: own.reduce((total, { events }) => total + events, 0),
        events: own.map(({ type, outcome, events }) => ({ type, outcome, events })),
        figures: control.figures?.(facts) ?? {},
        samples: samplesOf(own),
        links: linksOf(control, period),
      };
    }),
  };
}

/** One of each kind of event first, then the second of each, as far as there is room. */
function samplesOf(populations: ReturnType<typeof periodFactsOf>['populations']): ControlSample[] {
  const depth = Math.max(0, ...populations.map(({ samples }) => samples.length));
  return Array.from({ length: depth }, (_, index) =>
    populations.flatMap(({ type, outcome, samples }) => {
      const eventId = samples[index];
      return eventId === undefined ? [] : [{ eventId, type, outcome }];
    }),
  )
    .flat()
    .slice(0, SAMPLES_OF_CONTROL);
}

function linksOf({ events, links }: Control, { from, to }: FrameworkReport['period']): string[] {
  const period = `from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`;
  return [...links, ...events.map((type) => `/v1/audit/events?type=${type}&${period}`)];
}
