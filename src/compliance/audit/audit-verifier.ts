import { canonicalJson } from '../../kernel/canonical-json.js';
import { hashLeaf } from './audit-leaf.js';
import type { AuditRow } from './audit.repository.js';
import { MerkleRoot } from './merkle-root.js';

/** A place where the trail is not what it must be. */
export interface AuditFault {
  readonly eventId: string | null;
  readonly runId: string | null;
  readonly reason:
    | 'event_missing'
    | 'event_not_logged'
    | 'leaf_hash_differs'
    | 'leaf_not_canonical'
    | 'projection_differs'
    | 'chain_broken'
    | 'chain_cut'
    | 'trail_empty';
  readonly message: string;
}

const MAX_FAULTS = 100;

/** Checks events in log order, one at a time; holds the end of every run's chain, not the events. */
export class AuditVerifier {
  readonly faults: AuditFault[] = [];
  private readonly tree = new MerkleRoot();
  private readonly chains = new Map<string, { seq: number; hash: string }>();

  get checkedEvents(): number {
    return this.tree.leafCount;
  }

  get rootHash(): Buffer {
    return this.tree.root();
  }

  /** The next event of the log; `row` is undefined where the log names an event that is gone. */
  check(eventId: string, tenantId: string, row: AuditRow | undefined): void {
    if (!row) {
      this.report('event_missing', eventId, null, 'the log names an event that is not there');
      return;
    }
    this.tree.add(row.leaf_hash);
    if (!hashLeaf(row.leaf).equals(row.leaf_hash)) {
      this.report('leaf_hash_differs', row.id, row.run_id, 'the leaf was changed after it was hashed');
      return;
    }
    const leaf = this.parse(row);
    if (!leaf) return;
    const difference = differingProjection(row, tenantId, leaf);
    if (difference)
      this.report('projection_differs', row.id, row.run_id, `column ${difference} is not what the leaf says`);
    this.checkChain(row);
  }

  /** Compares the end of a run's chain with what the run itself remembers. */
  checkHead(runId: string, seq: number, head: Buffer | null): void {
    const found = this.chains.get(runId) ?? { seq: 0, hash: '' };
    if (found.seq !== seq || found.hash !== (head?.toString('hex') ?? '')) {
      this.report('chain_cut', null, runId, `the run remembers ${seq} events, the trail holds ${found.seq}`);
    }
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

  private checkChain(row: AuditRow): void {
    if (row.run_id === null) return;
    const previous = this.chains.get(row.run_id) ?? { seq: 0, hash: '' };
    const prev = row.run_prev?.toString('hex') ?? '';
    if (row.run_seq !== previous.seq + 1 || prev !== previous.hash) {
      this.report(
        'chain_broken',
        row.id,
        row.run_id,
        `event ${row.run_seq} does not follow event ${previous.seq} of its run`,
      );
    }
    this.chains.set(row.run_id, { seq: row.run_seq ?? 0, hash: row.leaf_hash.toString('hex') });
  }
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
