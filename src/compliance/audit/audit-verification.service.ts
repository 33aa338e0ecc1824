import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../../database/database.service.js';
import type { Trx } from '../../database/trx.js';
import { type AuditFault, AuditVerifier } from './audit-verifier.js';
import { AuditRepository, type AuditRow, type PendingRow, type SealedRow } from './audit.repository.js';
import { LogAnchors } from './log/log-anchors.service.js';
import { parseLogOrigin } from './log/log-origin.js';
import { LogRepository } from './log/log.repository.js';
import { StoredTree } from './log/stored-tree.js';
import type { RetiredPlaces } from './retired-places.js';
import { Retirements } from './retirements.service.js';

/** What a check of the trail found. */
export interface VerificationResult {
  readonly valid: boolean;
  /** Events sealed in the log. */
  readonly treeSize: number;
  /** RFC 6962 root over the sealed events, recomputed; base64. */
  readonly rootHash: string;
  /** Events looked at, those that wait for their place included. */
  readonly checkedEvents: number;
  /** At most 100; the first stands first. */
  readonly faults: readonly AuditFault[];
}

const PAGE = 2_000;
const MAX_FAULTS = 100;

/** Checks a tenant's whole trail: every leaf, hash and projection, every chain, and the tree up to what was signed. */
@Injectable()
export class AuditVerification {
  constructor(
    private readonly database: DatabaseService,
    private readonly repository: AuditRepository,
    private readonly logs: LogRepository,
    private readonly retirements: Retirements,
    private readonly anchors: LogAnchors,
  ) {}

  /** One snapshot is checked, so that events appended meanwhile do not look like faults. */
  verify(tenantId: string): Promise<VerificationResult> {
    return this.verifyFrom(tenantId, 0);
  }

  /** The same for what was sealed from an index on; what is before it is taken from the stored tiles. */
  async verifyFrom(tenantId: string, from: number): Promise<VerificationResult> {
    // Read first: what is anchored meanwhile may be ahead of the snapshot.
    const anchored = await this.anchors.latest(tenantId);
    return this.database.withTenant(
      tenantId,
      async (trx) => {
        const head = await this.logs.head(trx, tenantId);
        const { places, differing } = await this.retirements.read(trx, tenantId);
        const verifier = new AuditVerifier(places);
        for (const eventId of differing) {
          const message = 'what is said to have been removed in order is not what was recorded';
          verifier.report('retirement_differs', eventId, null, message);
        }
        const name = anchored && parseLogOrigin(anchored.origin);
        const isOfThisLog = name?.logId === head?.logId && name?.epoch === head?.epoch;
        const tree = new StoredTree(trx, tenantId, this.logs, verifier, isOfThisLog ? anchored : undefined);
        await tree.begin(from);
        await this.checkSealed(trx, tenantId, verifier, tree);
        await tree.finish(head);
        await this.checkPending(trx, tenantId, verifier);
        await this.checkRest(trx, tenantId, verifier, places);
        return {
          valid: verifier.faults.length === 0,
          treeSize: tree.size,
          rootHash: tree.root().toString('base64'),
          checkedEvents: verifier.checkedEvents,
          faults: verifier.faults,
        };
      },
      { snapshot: true },
    );
  }

  private async checkSealed(
    trx: Trx,
    tenantId: string,
    verifier: AuditVerifier,
    tree: StoredTree,
  ): Promise<void> {
    let next = this.repository.sealedPage(trx, tenantId, tree.next, PAGE);
    for (;;) {
      const page = await next;
      const last = page.at(-1);
      if (!last) return;
      // The next page is on its way while this one is checked.
      next = this.repository.sealedPage(trx, tenantId, last.index + 1, PAGE);
      const rows = page.map(rowOf);
      await this.learnChains(trx, verifier, rows);
      for (const [at, { event_id, index, sealed_hash }] of page.entries()) {
        verifier.check({ eventId: event_id, index, sealedHash: sealed_hash }, tenantId, rows[at]);
      }
      await tree.append(page);
    }
  }

  private async checkPending(trx: Trx, tenantId: string, verifier: AuditVerifier): Promise<void> {
    for (let after = 0; ;) {
      const page = await this.repository.pendingPage(trx, tenantId, after, PAGE);
      const rows = page.map(rowOf);
      await this.learnChains(trx, verifier, rows);
      for (const [at, { event_id }] of page.entries()) {
        verifier.check({ eventId: event_id }, tenantId, rows[at]);
      }
      const last = page.at(-1);
      if (!last) return;
      after = last.seq;
    }
  }

  private async learnChains(
    trx: Trx,
    { chains }: AuditVerifier,
    rows: readonly (AuditRow | undefined)[],
  ): Promise<void> {
    const unknown = chains.unknown(rows);
    for (const link of await this.repository.chainLinks(trx, unknown)) chains.learn(link, link.leafHash);
  }

  private async checkRest(
    trx: Trx,
    tenantId: string,
    verifier: AuditVerifier,
    retired: RetiredPlaces,
  ): Promise<void> {
    for (const run of await this.repository.cutRuns(trx, tenantId, MAX_FAULTS)) {
      const message = `the run remembers ${run.remembered} events, the trail holds ${run.found}`;
      verifier.report('chain_cut', null, run.id, message);
    }
    for (const { id } of await this.repository.foreignEvents(trx, tenantId, MAX_FAULTS)) {
      verifier.report('event_not_logged', id, null, 'the event never went through the log');
    }
    if (verifier.checkedEvents === 0 && retired.isEmpty) {
      verifier.report('trail_empty', null, null, 'there is nothing to verify');
    }
  }
}

function rowOf(row: SealedRow | PendingRow): AuditRow | undefined {
  return row.id === null ? undefined : (row as unknown as AuditRow);
}
