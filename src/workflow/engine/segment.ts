import type { AuditFact, AuditRecord } from '../../compliance/audit/audit-leaf.js';
import type { PreparedAudit } from '../../compliance/audit/audit-trail.service.js';
import { isEnded, type Phase } from '../../compliance/state/phases.js';
import { type AgentStep, stepNameOf } from '../definitions/step.schema.js';
import { dueOfWake } from '../review/approval-times.js';
import { deadlineJobOf, type Run } from '../runs/run.js';
import { changeOf, joinChanges, NO_CHANGE, type RunChange } from '../runs/run-change.js';
import { readWaitingFor, wakesAt } from '../runs/waiting-for.js';
import type { LoadedRun } from './loaded-run.js';

/** A run that waited in the queue goes on: a change of its state like any other. */
const TAKEN_UP: AuditFact = {
  type: 'workflow.taken_up',
  outcome: 'success',
  actor: { type: 'system', ref: 'engine' },
};

/** What was done with a run since its last commit, and the run as it will stand after the next. */
export class Segment {
  /** The run as committed. */
  committed: Run;
  private pending: RunChange = NO_CHANGE;
  private records: AuditRecord[] = [];
  private readonly announced = new Set<string>();
  /** The job under which the run is driven; it must not be ended while there is something left to drive. */
  claimId: string | undefined;

  /**
   * @param phaseSince when the present phase was entered, as far as known.
   * @param record builds the records of a change.
   */
  constructor(
    readonly loaded: LoadedRun,
    private phaseSince: Date,
    private readonly record: (run: Run, change: RunChange) => PreparedAudit,
  ) {
    this.committed = loaded.run;
  }

  /** The run as it stands with the pending change. */
  get run(): Run {
    return this.loaded.run;
  }

  add(change: RunChange): void {
    const audit = change.audit ?? this.record(this.loaded.run, change);
    this.records.push(...audit.records);
    this.pending = joinChanges(this.pending, change);
    const status = change.status ?? this.loaded.run.status;
    this.loaded.advance({
      ...this.loaded.run,
      // The chain goes on with what is not committed yet.
      auditSeq: audit.chain?.seq ?? this.loaded.run.auditSeq,
      auditHead: audit.chain?.head ?? this.loaded.run.auditHead,
      status,
      completedAt: isEnded(status) ? this.loaded.run.completedAt : null,
      attempt: change.attempt ?? this.loaded.run.attempt,
      classification: change.classification ?? this.loaded.run.classification,
      phase: change.phase ?? this.loaded.run.phase,
      round: change.round ?? this.loaded.run.round,
      context: change.context ?? this.loaded.run.context,
      deadlineAt: change.deadlineAt ?? this.loaded.run.deadlineAt,
      waitingFor: change.waitingFor === undefined ? this.loaded.run.waitingFor : change.waitingFor,
    });
  }

  /** Says that an agent starts; once for all batches of a fan-out. */
  announce(step: AgentStep): void {
    const phase: Phase = this.run.phase;
    const key = `${this.loaded.keyOf(step, this.run)}/${this.run.round}`;
    if (this.announced.has(key)) return;
    this.announced.add(key);
    const total = step.forEach ? { items: this.loaded.items(step).length } : {};
    this.add(
      changeOf({
        ...this.takenUp(),
        events: [{ type: 'agent.started', data: { agent: step.agent, ...namedAs(step), phase, ...total } }],
      }),
    );
  }

  /** What the first thing done with a run says besides: it runs. */
  takenUp(): Pick<RunChange, 'status' | 'facts'> {
    return { status: 'RUNNING', facts: this.run.status === 'QUEUED' ? [TAKEN_UP] : [] };
  }

  /** When the phase being left was entered; the next one starts now. */
  enterPhase(now: Date): Date {
    const since = this.phaseSince;
    this.phaseSince = now;
    return since;
  }

  /** The time as it is to be taken: the job that wakes a run says that its time has come, whatever this clock says. */
  now(clock: Date): Date {
    const due = this.dueOfClaim();
    return due && due > clock ? due : clock;
  }

  /** Whether there is something to be committed. */
  get isPending(): boolean {
    return this.pending !== NO_CHANGE;
  }

  /** What is to be committed, with its records. */
  take(): { readonly change: RunChange; readonly audit: PreparedAudit } {
    const { run } = this;
    const chain = { runId: run.id, seq: run.auditSeq, head: run.auditHead, phase: run.phase };
    return { change: this.pending, audit: { records: this.records, chain } };
  }

  /** To be called when what was taken is committed. */
  settle(run: Run): void {
    this.pending = NO_CHANGE;
    this.records = [];
    this.committed = run;
    this.loaded.stored = run;
    this.loaded.advance(run);
  }

  private dueOfClaim(): Date | null | undefined {
    if (this.claimId === undefined) return undefined;
    if (this.claimId === deadlineJobOf(this.committed)) return this.committed.deadlineAt;
    const approval = dueOfWake(this.loaded.approval, this.claimId);
    if (approval) return approval;
    const waitingFor = readWaitingFor(this.committed.waitingFor);
    return waitingFor?.jobId === this.claimId ? wakesAt(waitingFor) : undefined;
  }
}

/** Tells a step from its agent where the two have different names. */
export function namedAs(step: AgentStep): { readonly step?: string } {
  return step.as === undefined ? {} : { step: stepNameOf(step) };
}
