import { Injectable, type OnModuleInit } from '@nestjs/common';
import { isNamedIn, partsNaming, withoutNamed } from '../compliance/pii/named-in.js';
import {
  type DataSubject,
  type ErasedPart,
  type HeldPage,
  type PersonalStore,
  PersonalStores,
} from '../compliance/subjects/personal-stores.js';
import type { Trx } from '../database/trx.js';
import { type SessionMetadata, SessionMetadataSeal } from './session-metadata.js';
import { SessionRepository } from './session.repository.js';
import type { Session } from './session.js';

const PAGE = 1_000;

/** What clients keep with their sessions, where it names a person. */
@Injectable()
export class SessionStore implements PersonalStore, OnModuleInit {
  readonly name = 'sessions';
  readonly tables = ['session'];

  constructor(
    private readonly stores: PersonalStores,
    private readonly sessions: SessionRepository,
    private readonly seal: SessionMetadataSeal,
  ) {}

  onModuleInit(): void {
    this.stores.register(this);
  }

  async held(trx: Trx, subject: DataSubject, after: string | undefined): Promise<HeldPage> {
    const sessions = await this.sessions.withMetadata(trx, after, PAGE);
    const records = sessions
      .map((session) => ({ session, parts: partsNaming(this.seal.open(session), subject.isNamedIn) }))
      .filter(({ parts }) => parts.length > 0)
      .map(({ session: { id }, parts }) => ({ kind: 'sessionMetadata', sessionId: id, metadata: parts }));
    return { records, next: nextOf(sessions) };
  }

  async erase(trx: Trx, subject: DataSubject, after: string | undefined): Promise<ErasedPart> {
    const sessions = await this.sessions.withMetadata(trx, after, PAGE);
    let count = 0;
    for (const session of sessions) {
      const metadata = this.seal.open(session);
      if (!isNamedIn(metadata, subject.isNamedIn)) continue;
      const kept = withoutNamed(metadata, subject.isNamedIn) as SessionMetadata | undefined;
      const sealed = kept ? this.seal.seal(session.tenantId, session.id, kept) : null;
      await this.sessions.replaceMetadata(trx, session.id, sealed);
      count += 1;
    }
    return { counts: { sessions: count }, next: nextOf(sessions) };
  }
}

function nextOf(sessions: readonly Session[]): string | undefined {
  return sessions.length < PAGE ? undefined : sessions.at(-1)?.id;
}
