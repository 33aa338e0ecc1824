import { Injectable, type OnModuleInit } from '@nestjs/common';
import {
  type DataSubject,
  type ErasedPart,
  type HeldPage,
  type HeldRecord,
  type PersonalStore,
  PersonalStores,
} from '../../compliance/subjects/personal-stores.js';
import { isNamedIn } from '../../compliance/pii/named-in.js';
import { restoreText } from '../../compliance/pii/operators/tokenizer.js';
import type { Trx } from '../../database/trx.js';
import type { LoadedRun } from '../engine/loaded-run.js';
import { RunLoader } from '../engine/run-loader.service.js';
import { SignalSeal } from '../signals/signal-seal.js';
import { RunStoreRepository } from './run-store.repository.js';

const PAGE = 20;
const BATCH = 500;
const FIRST = '00000000-0000-0000-0000-000000000000';

/**
 * Runs that concern a person: that they ran, what was written to the person, what people decided on it. Texts hold
 * tokens; what is said of the person is restored for them, and of nobody else.
 */
@Injectable()
export class RunStore implements PersonalStore, OnModuleInit {
  readonly name = 'runs';
  readonly tables = [
    'workflow_run',
    'workflow_step',
    'workflow_event',
    'workflow_signal',
    'workflow_attribute',
    'artifact',
    'content',
    'content_orphan',
    'approval',
    'approval_decision',
    'approval_delegation',
  ];

  constructor(
    private readonly stores: PersonalStores,
    private readonly runs: RunStoreRepository,
    private readonly loader: RunLoader,
    private readonly seals: SignalSeal,
  ) {}

  onModuleInit(): void {
    this.stores.register(this);
  }

  async held(trx: Trx, subject: DataSubject, after: string | undefined): Promise<HeldPage> {
    const ids = await this.runs.concerning(trx, subject.tenantId, subject.subjectRef, after, PAGE);
    const records: HeldRecord[] = [];
    for (const id of ids) {
      const loaded = await this.loader.loadWithin(trx, subject.tenantId, id);
      if (loaded) records.push(...(await this.recordsOf(trx, loaded, subject)));
    }
    return { records, next: ids.length < PAGE ? undefined : ids.at(-1) };
  }

  /**
   * Payloads of signals that name the person and that no run has taken up; and what a run that was for the person
   * alone has found without knowing whose it is.
   */
  async erase(trx: Trx, subject: DataSubject, after: string | undefined): Promise<ErasedPart> {
    const { tenantId, subjectRef } = subject;
    const own = await this.runs.removeUnknown(trx, tenantId, subjectRef, BATCH);
    if (own === BATCH) return { counts: { runs: own }, next: after ?? FIRST };
    const sealed = await this.runs.sealedSignals(trx, tenantId, after ?? FIRST, BATCH);
    const named = sealed.filter(({ id, payload }) => this.names(subject, id, payload));
    const emptied = await this.runs.emptySignals(
      trx,
      named.map(({ id }) => id),
    );
    return {
      counts: { runs: own + emptied },
      next: sealed.length < BATCH ? undefined : sealed.at(-1)?.id,
    };
  }

  private async recordsOf(trx: Trx, loaded: LoadedRun, { subjectRef }: DataSubject): Promise<HeldRecord[]> {
    const { run, definition } = loaded;
    const restore = restorer(loaded, subjectRef);
    const places = loaded.recipientRefs().flatMap((ref, index) => (ref === subjectRef ? [index] : []));
    const roles = [
      ...(places.length > 0 ? ['recipient'] : []),
      ...(loaded.senderRef() === subjectRef ? ['sender'] : []),
    ];
    const messages = emailsOf(loaded.artifact?.content).filter(
      ({ to }) => loaded.entryOf(String(to))?.subjectRef === subjectRef,
    );
    return [
      {
        kind: 'run',
        runId: run.id,
        definition: run.definition,
        version: run.definitionVersion,
        purpose: definition.purpose,
        status: run.status,
        roles,
        createdAt: run.createdAt.toISOString(),
        completedAt: run.completedAt?.toISOString() ?? null,
      },
      ...messages.map((message) => ({
        kind: 'message',
        runId: run.id,
        subject: restore(String(message.subject)),
        body: restore(String(message.body)),
      })),
      ...(await this.runs.decisions(trx, run.id)).map((decision) => ({
        kind: 'review',
        runId: run.id,
        decision: decision.decision,
        comment: decision.comment === null ? null : restore(decision.comment),
        decidedAt: decision.decidedAt.toISOString(),
      })),
    ];
  }

  private names(subject: DataSubject, signalId: string, payload: Buffer): boolean {
    return isNamedIn(this.seals.open(subject.tenantId, signalId, payload), subject.isNamedIn);
  }
}

/** Puts values back that are the person's own or meant for everybody; tokens of others stay. */
function restorer(loaded: LoadedRun, subjectRef: string): (text: string) => string {
  const allowed = new Set([subjectRef, loaded.senderRef(), loaded.runRef]);
  return (text) =>
    restoreText(text, (token) => {
      const entry = loaded.entryOf(token);
      return entry && (entry.shared || allowed.has(entry.subjectRef)) ? entry.value : token;
    });
}

interface Email {
  readonly to?: unknown;
  readonly subject?: unknown;
  readonly body?: unknown;
}

function emailsOf(content: unknown): readonly Email[] {
  const { emails } = (content ?? {}) as { emails?: unknown };
  return Array.isArray(emails) ? (emails as Email[]) : [];
}
