import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { foreignJson, foreignValue } from '../../../test/harness/foreign-values.js';
import { newId } from '../../kernel/ids.js';
import { newRun } from '../admission/new-run.js';
import { StepLog } from '../engine/step-log.js';
import { presentRun } from '../run.presenter.js';
import { readContext } from './run-context.js';
import { readWaitingFor, signalsAwaited, wakesAt } from './waiting-for.js';

const SETTINGS = { numRuns: 10_000, seed: 20_260_216 };

const run = newRun(
  {
    id: newId(),
    tenantId: newId(),
    definition: 'email-campaign',
    definitionVersion: 1,
    sessionId: newId(),
    ownerId: newId(),
    inputHash: Buffer.alloc(32),
    attributes: {},
    forkedFromRunId: null,
    forkedFromPhase: null,
    classification: 'internal',
    policyVersion: 0,
    policyActivation: 0,
    ownerRoles: [],
  },
  undefined,
  new Date(0),
);

/** A context of the engine's own with one of its parts replaced. */
const damagedContext = fc
  .tuple(fc.constantFrom('agents', 'lastError', 'agent', 'value', 'more'), foreignJson, fc.nat(4))
  .map(([part, value, index]) => contextWith(part, value, index));

function contextWith(part: string, value: unknown, index: number): object {
  const agent: readonly unknown[] = [1, 1, 'healthy', 1, null];
  const sound = { agents: { a: agent } };
  if (part === 'agent') return { agents: { a: value } };
  if (part === 'value') return { agents: { a: agent.with(index, value) } };
  return { ...sound, [part]: value };
}

describe('what a row of a run may hold', () => {
  it('is read as a context of the engine’s own form, or as none', () => {
    fc.assert(
      fc.property(fc.oneof(foreignValue, damagedContext), (stored) => {
        const context = readContext(stored);
        if (context === undefined) return;
        for (const [executionTimeMs, , , extra] of Object.values(context.agents)) {
          expect(executionTimeMs >= 0 && Number.isSafeInteger(extra)).toBe(true);
        }
        expect(Object.getPrototypeOf(context.agents)).toBe(Object.prototype);
      }),
      SETTINGS,
    );
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('is read as a wait of the engine’s own form, or as none', () => {
    fc.assert(
      fc.property(foreignValue, (stored) => {
        const waitingFor = readWaitingFor(stored);
        expect(signalsAwaited(waitingFor).every((name) => typeof name === 'string')).toBe(true);
        const wakes = waitingFor && wakesAt(waitingFor);
        expect(wakes === undefined || !Number.isNaN(wakes.getTime())).toBe(true);
      }),
      SETTINGS,
    );
  });

  it('is shown by the API, with nothing in place of what cannot be read', () => {
    fc.assert(
      fc.property(fc.oneof(foreignJson, damagedContext), foreignJson, (context, waitingFor) => {
        const shown = presentRun({ ...run, context, waitingFor }, context, waitingFor, []);
        expect(shown.contextData.performance).toBeTypeOf('object');
        expect(JSON.stringify(shown)).toContain(run.id);
      }),
      SETTINGS,
    );
  });

  it('is no step that stops the reading of the others', () => {
    const details = fc.oneof(
      foreignJson,
      fc.record({ indexes: foreignJson, failed: foreignJson, retryAt: foreignJson }),
    );
    const key = fc.constantFrom(
      'GENERATION/email_generator/0',
      'GENERATION/email_generator/0/3',
      '',
      '/',
      'x',
    );
    const status = fc.constantFrom('completed', 'failed', 'cancelled', 'retried', 'reopened', 'else');
    const record = fc.record({ key, status, output: foreignJson, detail: details });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 5 }), (records) => {
        const log = new StepLog(records);
        const step = 'GENERATION/email_generator/0';
        log.itemOutputs(step);
        const { made, failed } = log.itemCounts(step);
        expect(Number.isSafeInteger(made) && Number.isSafeInteger(failed)).toBe(true);
        for (const { index, code } of log.failedItems(step)) {
          expect(Number.isSafeInteger(index) && typeof code === 'string').toBe(true);
        }
      }),
      SETTINGS,
    );
  });
});
