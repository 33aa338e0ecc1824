import type { ReportSection } from '../../../compliance/report/document/report-document.js';
import type { RunConditions, RunSafeMode } from './run-conditions.js';

/** What people read of what held while a run was done. */
export function conditionSections(report: RunConditions): ReportSection[] {
  return [versions(report), held(report)];
}

function versions({ versions: { definition, policy, models } }: RunConditions): ReportSection {
  return {
    title: 'Versions',
    blocks: [
      {
        kind: 'facts',
        rows: [
          ['Definition', `${definition.name} version ${definition.version}`],
          [
            'Policies when it was started',
            policy.pinned === 0
              ? 'version 0, what is built in'
              : `version ${policy.pinned}, activation ${policy.activation}`,
          ],
        ],
      },
      {
        kind: 'table',
        caption: 'Policies that decided',
        columns: [
          { title: 'Version', share: 1.5 },
          { title: 'Engine' },
          { title: 'Decisions', as: 'number' },
          { title: 'First event', as: 'event', share: 2.2 },
        ],
        rows: policy.decided.map((each) => [each.version, each.engine, String(each.decisions), each.eventId]),
        empty: 'no policy was asked',
      },
      {
        kind: 'table',
        caption: 'Models and prompts that answered',
        columns: [
          { title: 'Agent', share: 1.6 },
          { title: 'Provider, model', share: 1.8 },
          { title: 'Prompt', share: 1.2 },
          { title: 'Steps', as: 'number', share: 0.6 },
          { title: 'First event', as: 'event', share: 2.2 },
        ],
        rows: models.map((each) => [
          each.agent,
          [each.provider, each.model, each.modelVersion].filter(Boolean).join(', '),
          each.promptVersion ?? 'not on record',
          String(each.steps),
          each.eventId,
        ]),
        empty: 'no model has answered',
      },
    ],
  };
}

function held({ classification, safeMode, holds, recovery, reveals }: RunConditions): ReportSection {
  return {
    title: 'What held meanwhile',
    blocks: [
      {
        kind: 'facts',
        rows: [
          ['Classification of its data', classification],
          ['Safe mode when it was started', safeMode.atStart ? safeModeWord(safeMode.atStart) : 'never set'],
          ['Safe mode did to it', effectOf(safeMode)],
          [
            'Safe mode as this is written',
            safeMode.now.enabled ? `on (${safeMode.now.causes.join(', ')})` : 'off',
          ],
          [
            'Retries, fallbacks, open breakers',
            `${recovery.retried}, ${recovery.fallbacks}, ${recovery.breakerOpen}`,
          ],
        ],
      },
      {
        kind: 'table',
        caption: 'Safe mode while it was under way',
        columns: [{ title: 'When', share: 1.5 }, { title: 'For' }, { title: 'Turned' }, EVENT],
        rows: safeMode.changes.map(({ occurredAt, scope, to, eventId }) => [occurredAt, scope, to, eventId]),
        empty: 'nothing was changed',
      },
      {
        kind: 'table',
        caption: 'Steps that were retried or answered by a fallback',
        columns: [EVENT],
        rows: recovery.events.map((eventId) => [eventId]),
        empty: 'none',
      },
      {
        kind: 'table',
        caption: 'Values behind its tokens that were shown',
        columns: [
          { title: 'When', share: 1.5 },
          { title: 'To', share: 2.2 },
          { title: 'For' },
          { title: 'Values', as: 'number', share: 0.6 },
          EVENT,
        ],
        rows: reveals.map(({ occurredAt, actor, purpose, revealed, eventId }) => [
          occurredAt,
          actor,
          purpose,
          String(revealed),
          eventId,
        ]),
        empty: 'none',
      },
      {
        kind: 'table',
        caption: 'Legal holds that reach it',
        columns: [
          { title: 'Scope' },
          { title: 'Since', share: 1.5 },
          { title: 'Until', share: 1.5 },
          { title: 'Events', as: 'event', share: 2.2 },
        ],
        rows: holds.map(({ scope, setAt, liftedAt, events }) => [
          scope,
          setAt,
          liftedAt ?? 'it stands',
          events.join(' '),
        ]),
        empty: 'none',
      },
    ],
  };
}

const EVENT = { title: 'Event', as: 'event', share: 2.2 } as const;

function safeModeWord({ to, scope, occurredAt }: NonNullable<RunSafeMode['atStart']>): string {
  return `${to}, for the ${scope}, since ${occurredAt}`;
}

function effectOf({ simulatedSteps, deliveriesHeld }: RunSafeMode): string {
  if (simulatedSteps === 0 && deliveriesHeld.length === 0) return 'nothing';
  return `${simulatedSteps} steps simulated, messages held ${deliveriesHeld.length} times`;
}
