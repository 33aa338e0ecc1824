import { expect } from 'vitest';
import { RightEdge } from '../../src/compliance/audit/merkle/right-edge.js';
import type { TestDatabase } from './database.js';

/** Every event has one place, places have no gap, and every checkpoint is a prefix of the tree. */
export async function expectOneLog(database: TestDatabase, tenantId: string): Promise<void> {
  const places = await database.query<{ index: number; event_id: string; leaf_hash: Buffer }>(
    'select index, event_id, leaf_hash from audit_index where tenant_id = $1 order by index',
    [tenantId],
  );
  expect(places.map(({ index }) => index)).toEqual(places.map((_, index) => index));
  const events = await database.query<{ id: string }>('select id from audit_event where tenant_id = $1', [
    tenantId,
  ]);
  expect(places.map(({ event_id }) => event_id).sort()).toEqual(events.map(({ id }) => id).sort());
  const checkpoints = await database.query<{ size: number; root_hash: Buffer }>(
    'select size, root_hash from audit_checkpoint where tenant_id = $1 order by size',
    [tenantId],
  );
  const edge = new RightEdge();
  for (const { size, root_hash } of checkpoints) {
    edge.append(places.slice(edge.size, size).map(({ leaf_hash }) => leaf_hash));
    expect(edge.root().equals(root_hash), `checkpoint ${size}`).toBe(true);
  }
}
