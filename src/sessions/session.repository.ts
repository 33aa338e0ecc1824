import { Injectable } from '@nestjs/common';
import type { Selectable } from 'kysely';
import type { SessionTable } from '../database/tables.js';
import type { BatchedQuestion } from '../database/batched-read.js';
import type { Trx } from '../database/trx.js';
import type { Session } from './session.js';

/** The table `session`. */
@Injectable()
export class SessionRepository {
  async insert(trx: Trx, session: Session): Promise<void> {
    await trx
      .insertInto('session')
      .values({
        id: session.id,
        tenant_id: session.tenantId,
        owner_id: session.ownerId,
        metadata_sealed: session.sealedMetadata,
        created_at: session.createdAt,
        last_seen_at: session.lastSeenAt,
        idle_expires_at: session.idleExpiresAt,
        expires_at: session.expiresAt,
        revoked_at: session.revokedAt,
      })
      .execute();
  }

  /** A session of this owner; another's is not found, like one that does not exist. */
  async findOwned(trx: Trx, tenantId: string, ownerId: string, id: string): Promise<Session | undefined> {
    const row = await trx
      .selectFrom('session')
      .selectAll()
      .where('id', '=', id)
      .where('tenant_id', '=', tenantId)
      .where('owner_id', '=', ownerId)
      .executeTakeFirst();
    return row && sessionOf(row);
  }

  /** The same for {@link BatchedRead}: sessions asked for by tenant, owner and id. */
  static readonly OWNED: BatchedQuestion<OwnedSession> = {
    name: 'owned-sessions',
    text: `select x.n, s.* from json_to_recordset($1::json) as x(n int, id uuid, tenant_id uuid, owner_id text)
      join session s on s.id = x.id and s.tenant_id = x.tenant_id and s.owner_id = x.owner_id`,
    rowOf: ({ id, tenantId, ownerId }) => ({ id, tenant_id: tenantId, owner_id: ownerId }),
  };

  async findOwner(trx: Trx, id: string): Promise<string | undefined> {
    const row = await trx.selectFrom('session').select('owner_id').where('id', '=', id).executeTakeFirst();
    return row?.owner_id;
  }

  /**
   * Moves the idle end of a session. A row that somebody else is writing is passed over: either it is being moved
   * as far already, or revoked. So uses of one session never wait for each other.
   */
  async slide(trx: Trx, id: string, lastSeenAt: Date, idleExpiresAt: Date): Promise<void> {
    await trx
      .updateTable('session')
      .set({ last_seen_at: lastSeenAt, idle_expires_at: idleExpiresAt })
      .where('id', 'in', (query) =>
        query
          .selectFrom('session')
          .select('id')
          .where('id', '=', id)
          .where('revoked_at', 'is', null)
          .where('idle_expires_at', '<', idleExpiresAt)
          .forNoKeyUpdate()
          .skipLocked(),
      )
      .execute();
  }

  /** Sessions with metadata, by id; `after` is the id of the last one already seen. */
  async withMetadata(trx: Trx, after: string | undefined, limit: number): Promise<Session[]> {
    let rows = trx
      .selectFrom('session')
      .selectAll()
      .where('metadata_sealed', 'is not', null)
      .orderBy('id')
      .limit(limit);
    if (after !== undefined) rows = rows.where('id', '>', after);
    return (await rows.execute()).map(sessionOf);
  }

  async replaceMetadata(trx: Trx, id: string, sealed: Buffer | null): Promise<void> {
    await trx.updateTable('session').set({ metadata_sealed: sealed }).where('id', '=', id).execute();
  }

  /** Whether the session was not revoked before. */
  async revoke(trx: Trx, id: string, at: Date): Promise<boolean> {
    const row = await trx
      .updateTable('session')
      .set({ revoked_at: at })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    return row !== undefined;
  }
}

export type OwnedSessionRow = Selectable<SessionTable> & { readonly n: number };

export interface OwnedSession {
  readonly id: string;
  readonly tenantId: string;
  readonly ownerId: string;
}

export function sessionOf(row: Selectable<SessionTable>): Session {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    ownerId: row.owner_id,
    sealedMetadata: row.metadata_sealed,
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    idleExpiresAt: row.idle_expires_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}
