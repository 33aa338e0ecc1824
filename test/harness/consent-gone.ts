import { newId } from '../../src/kernel/ids.js';
import type { Product } from './product.js';

/**
 * Takes the newest consent of a session back past the product, which is told of nothing: a withdrawal that it is told of
 * stops the runs that rest on it at once, and the gate has nothing left to deny.
 */
export async function loseConsent({ database }: Pick<Product, 'database'>, sessionId: string): Promise<void> {
  await database.force(
    `insert into consent (id, tenant_id, session_id, subject_ref, purpose, lawful_basis, granted, recorded_by, recorded_at)
     select $2, tenant_id, session_id, subject_ref, purpose, lawful_basis, false, recorded_by, now()
     from consent where session_id = $1 order by id desc limit 1`,
    [sessionId, newId()],
  );
}
