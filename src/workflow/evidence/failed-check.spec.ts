import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/harness/clock.fake.js';
import { soundReview } from '../../../test/harness/sound-review.js';
import { buildAuditRecord } from '../../compliance/audit/audit-leaf.js';
import { ComplianceGate } from '../../compliance/gate/compliance-gate.service.js';
import type { Violation } from '../../compliance/state/state-rule.js';
import { newId } from '../../kernel/ids.js';
import { Transitions } from '../engine/transitions.service.js';
import type { Run } from '../runs/run.js';
import { EMPTY_CONTEXT } from '../runs/run-context.js';
import { gateChecksOf } from './gate-checks.js';

describe('a check that fails', () => {
  it('reaches the error handler, the trail and the report, in this order, each from what came before', () => {
    const clock = new FakeClock();
    const none = undefined as never;
    const gate = new ComplianceGate();
    const transitions = new Transitions(gate, none, none, none, none, clock);
    const run = { id: newId(), phase: 'REVIEW', context: EMPTY_CONTEXT } as unknown as Run;
    const review = soundReview('DELIVERY', {
      approval: { status: 'approved', approvedHash: 'a', actualHash: 'b' },
    });

    const decision = gate.decide({ runId: run.id, review, record: () => undefined, scan: () => 0 });
    expect(decision.allowed).toBe(false);
    const violations = 'violations' in decision ? decision.violations : [];
    expect(violations.map(({ rule }: Violation) => rule)).toEqual(['approval.bound']);

    // The error handler: the run ends with the rule as its last error.
    const change = transitions.deny(run, 'DELIVERY', violations);
    const error = change.context?.lastError;
    expect(change.status).toBe('FAILED');
    expect(error).toMatchObject({
      code: 'TRANSITION_DENIED',
      message: expect.stringContaining('approval.bound'),
    });

    // The trail: the records that commit with it name the rule, the denial before the end.
    clock.advance(1);
    expect(change.facts.map(({ type }) => type)).toEqual(['workflow.transition_denied', 'workflow.failed']);
    const [fact] = change.facts;
    if (!fact) throw new Error('nothing is recorded');
    const record = buildAuditRecord(newId(), fact, clock.now(), {
      runId: run.id,
      seq: 7,
      head: Buffer.alloc(32),
      phase: 'REVIEW',
    });
    const leaf = JSON.parse(record.leaf.toString('utf8')) as {
      change: { from: string; to: string };
      detail: { violations: string };
      occurredAt: string;
    };
    expect(leaf).toMatchObject({ code: 'approval.bound', change: { from: 'REVIEW', to: 'DELIVERY' } });

    // The report: made from the record, it shows the rule as failed at this gate.
    clock.advance(1);
    const passage = {
      eventId: record.id,
      occurredAt: record.occurredAt,
      ...leaf.change,
      allowed: false,
      violated: leaf.detail.violations.split(' '),
    };
    const check = gateChecksOf([passage], violations).find(({ entering }) => entering === 'DELIVERY');
    expect(check?.result).toBe('denied');
    expect(check?.rules.filter(({ result }) => result === 'failed')).toMatchObject([
      { rule: 'approval.bound' },
    ]);

    const moments = [error?.timestamp ?? '', leaf.occurredAt, clock.now().toISOString()];
    expect(moments).toEqual(moments.toSorted());
    expect(new Set(moments).size).toBe(3);
  });
});
