import { randomUUID } from 'node:crypto';
import { SealedValues } from '../../dist/compliance/audit/sealed/sealed-values.service.js';
import { TokenVault } from '../../dist/compliance/pii/token-vault.service.js';
import { Eraser } from '../../dist/compliance/subjects/eraser.service.js';
import { Erasures } from '../../dist/compliance/subjects/erasures.service.js';
import { DEFAULT_TENANT_ID } from '../../dist/auth/default-tenant.js';
import { DatabaseService } from '../../dist/database/database.service.js';

/** From the destroyed key to the recorded end, of a person with so many sealed values in the trail. */
export async function measureErasure({ rooms, values }) {
  const tenantId = DEFAULT_TENANT_ID;
  const database = rooms.get(DatabaseService);
  const sealed = rooms.get(SealedValues);
  const subjectRef = rooms.get(TokenVault).subjectRefOf(tenantId, `person.${randomUUID()}@example.com`);
  for (let done = 0; done < values; done += 10) {
    const fields = Array.from({ length: Math.min(10, values - done) }, (_, at) => {
      return { path: `/subjects/${at}`, subjectRef, value: `value ${done + at}` };
    });
    await database.withTenant(tenantId, (trx) => sealed.append(trx, tenantId, FACT, fields));
  }
  const actor = { tenantId, id: 'bench', requestId: randomUUID() };
  const { id } = await rooms.get(Erasures).request(actor, subjectRef);
  const from = performance.now();
  await rooms.get(Eraser).carryOut(tenantId, id);
  const milliseconds = performance.now() - from;
  const { status, counts } = await rooms.get(Erasures).get(tenantId, id);
  if (status !== 'completed') throw new Error(`the erasure is ${status}`);
  return { milliseconds, counts };
}

const FACT = { type: 'consent.recorded', outcome: 'success', actor: { type: 'apiKey', ref: 'bench' } };
