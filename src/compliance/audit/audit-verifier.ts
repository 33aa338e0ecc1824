import { canonicalJson } from '../../kernel/canonical-json.js';
import { hashLeaf } from './audit-leaf.js';
import type { AuditRow } from './audit.repository.js';
import { ChainFollower } from './chain-follower.js';
import type { RetiredPlaces } from './retired-places.js';

/** A place where the trail is not what it must be. */
export interface AuditFault {
  readonly eventId: string | null;
  readonly runId: string | null;
  readonly reason:
    | 'event_missing'
    | 'event_not_logged'
    | 'index_missing'
    | 'sealed_hash_differs'
    | 'leaf_hash_differs'
    | 'leaf_not_canonical'
    | 'projection_differs'
    | 'chain_broken'
    | 'chain_cut'
    | 'retirement_differs'
    | 'tile_differs'
    | 'head_differs'
    | 'checkpoint_differs'
    | 'anchor_differs'
    | 'trail_empty';
  readonly message: string;
}

const MAX_FAULTS = 100;

/** Checks events in log order, one at a time; what it holds does not grow with the trail. */
export class AuditVerifier {
  readonly faults: AuditFault[] = [];
  readonly chains: ChainFollower;
  private checked = 0;

  constructor(private readonly retired: RetiredPlaces) {
    this.chains = new ChainFollower(retired);
  }

  /** Events that were there to be checked. */
  get checkedEvents(): number {
    return this.checked;
  }

  /**
   * An event as the log names it.
   *
   * @param sealedHash the leaf hash at its place in the log; undefined while it waits for one.
   * @param row undefined where the event is gone.
   */
  check({ eventId, index, sealedHash }: NamedEvent, tenantId: string, row: AuditRow | undefined): void {
    if (!row) {
      if (index !== undefined && this.retired.has(index)) return;
      this.report('event_missing', eventId, null, 'the log names an event that is not there');
      return;
    }
    this.checked += 1;
    if (!hashLeaf(row.leaf).equals(row.leaf_hash)) {
      this.report('leaf_hash_differs', row.id, row.run_id, 'the leaf was changed after it was hashed');
      return;
    }
    if (sealedHash && !sealedHash.equals(row.leaf_hash)) {
      this.report('sealed_hash_differs', row.id, row.run_id, 'the event was rewritten after it was sealed');
    }
    const leaf = this.parse(row);
    if (!leaf) return;
    const difference = differingProjection(row, tenantId, leaf);
    if (difference)
      this.report('projection_differs', row.id, row.run_id, `column ${difference} is not what the leaf says`);
    const gap = this.chains.follow(row, index);
    if (gap) this.report('chain_broken', row.id, row.run_id, gap);
  }

  report(reason: AuditFault['reason'], eventId: string | null, runId: string | null, message: string): void {
    if (this.faults.length < MAX_FAULTS) this.faults.push({ eventId, runId, reason, message });
  }

  private parse(row: AuditRow): Record<string, unknown> | undefined {
    const text = row.leaf.toString('utf8');
    try {
      const leaf = JSON.parse(text) as Record<string, unknown> | null;
      if (leaf !== null && typeof leaf === 'object' && canonicalJson(leaf) === text) return leaf;
    } catch {
      // Reported below, as what is not canonical.
    }
    this.report(
      'leaf_not_canonical',
      row.id,
      row.run_id,
      'the leaf is not an object in canonical JSON (RFC 8785)',
    );
    return undefined;
  }
}

/** How the log, or its queue, names an event. */
export interface NamedEvent {
  readonly eventId: string;
  readonly index?: number;
  readonly sealedHash?: Buffer;
}

/** The first column that is not what the leaf says, if any. */
function differingProjection(
  row: AuditRow,
  tenantId: string,
  leaf: Record<string, unknown>,
): string | undefined {
  const actor = leaf['actor'] as { type?: unknown; ref?: unknown } | undefined;
  const run = leaf['run'] as { id?: unknown; seq?: unknown; prev?: unknown } | undefined;
  const pairs: [string, unknown, unknown][] = [
    ['id', row.id, leaf['id']],
    ['tenant_id', tenantId, leaf['log']],
    ['type', row.type, leaf['type']],
    ['outcome', row.outcome, leaf['outcome']],
    ['occurred_at', row.occurred_at.toISOString(), leaf['occurredAt']],
    ['actor_type', row.actor_type, actor?.type],
    ['actor_ref', row.actor_ref, actor?.ref],
    ['session_id', row.session_id, leaf['session'] ?? null],
    ['run_id', row.run_id, run?.id ?? null],
    ['run_seq', row.run_seq, run?.seq ?? null],
    ['run_prev', row.run_prev?.toString('hex') ?? null, run?.prev ?? null],
  ];
  return pairs.find(([, column, value]) => column !== value)?.[0];
}
