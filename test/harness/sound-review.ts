import { followingPhase, PHASES, type Phase } from '../../src/compliance/state/phases.js';
import type { StateReview } from '../../src/compliance/state/state-rule.js';

/** A review that every rule accepts for entering a phase or the end, changed as asked. */
export function soundReview(
  to: Phase | 'COMPLETED',
  changes: { readonly [Fact in keyof StateReview]?: unknown } = {},
): StateReview {
  const from =
    to === 'INITIALIZATION' ? null : (PHASES.find((phase) => followingPhase(phase) === to) ?? null);
  const review: StateReview = {
    from,
    to,
    run: { status: 'RUNNING', version: 3, context: {} },
    actorId: 'p1',
    ownerId: 'p1',
    session: { ownerId: 'p1', usable: true },
    consent: { covered: true, missing: 0, purpose: 'email-campaign' },
    outputs: { required: ['a'], present: ['a'] },
    items: { expected: 2, made: 2 },
    strategy: { malformed: [] },
    drafts: { placeholders: 0, againstBrief: 0, incomplete: 0 },
    templates: { unresolved: 0, unknownTokens: 0 },
    unsafeTexts: 0,
    auditChain: { expected: 7, stored: 7, unbroken: true },
    alteredContents: 0,
    misaddressed: 0,
    approval: { status: 'approved', approvedHash: 'h', actualHash: 'h' },
    oversight: { required: 2, approvals: 2, invalid: 0 },
    outgoing: { expected: 2, messages: 2, malformed: 0, strangers: 0, repeated: 0 },
    delivery: { total: 2, settled: 2, sent: 1, failed: 1, approved: 2 },
    classification: {
      settled: 'confidential',
      before: 'confidential',
      declared: 'internal',
      found: 'confidential',
    },
    policy: { result: 'allow', policies: ['countersign.default-permit'] },
    recordable: true,
    residualFindings: 0,
  };
  return { ...review, ...changes } as StateReview;
}
