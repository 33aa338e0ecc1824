import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { AuditLog } from '../../dist/compliance/audit/log/audit-log.service.js';
import { isIncluded } from '../../dist/compliance/audit/merkle/proof-checks.js';
import { RightEdge } from '../../dist/compliance/audit/merkle/right-edge.js';
import { rootOfInclusion } from '../../dist/verifier/merkle.js';

const PAGE = 50_000;
const PROOFS = 500;

/** Proofs out of a log of a size: how long one takes, how large it is, how long checking it takes. */
export async function measureProofs({ rooms, databaseUrl, leaves }) {
  const admin = new pg.Client({ connectionString: databaseUrl });
  await admin.connect();
  const tenantId = randomUUID();
  const startedAt = performance.now();
  await fill(admin, tenantId, leaves);
  const fillSeconds = (performance.now() - startedAt) / 1_000;
  const log = rooms.get(AuditLog);
  await log.seal(tenantId);
  const events = await someEvents(admin, tenantId, leaves);
  await admin.end();
  for (const { event_id: id } of events.slice(0, 20)) await log.inclusion(tenantId, id);
  const timesMs = [];
  const proofs = [];
  for (const { event_id: id } of events) {
    const from = performance.now();
    proofs.push(await log.inclusion(tenantId, id));
    timesMs.push(performance.now() - from);
  }
  return {
    fillSeconds,
    timesMs,
    bytes: Math.max(...proofs.map(({ proof }) => proof.length * 32)),
    checkMs: timeOf(proofs, isProved),
    offlineCheckMs: timeOf(proofs, isProvedOffline),
  };
}

/** Straight into the tables, as the sequencer would have left them: leaves, places, tiles and head, but no queue. */
async function fill(admin, tenantId, leaves) {
  await admin.query('set session_replication_role = replica');
  for (let from = 0; from < leaves; from += PAGE) {
    await admin.query(EVENTS, [tenantId, from, Math.min(from + PAGE, leaves) - 1]);
  }
  const edge = new RightEdge();
  const tiles = [];
  for (let from = 0; from < leaves; from += PAGE) {
    const { rows } = await admin.query(
      'select leaf_hash from audit_index where tenant_id = $1 and index >= $2 and index < $3 order by index',
      [tenantId, from, from + PAGE],
    );
    tiles.push(...edge.add(rows.map(({ leaf_hash: hash }) => hash)));
  }
  tiles.push(...edge.partialTiles());
  await admin.query(
    `insert into audit_tile (tenant_id, level, index, hashes)
     select $1, * from unnest($2::smallint[], $3::bigint[], $4::bytea[])`,
    [
      tenantId,
      tiles.map(({ level }) => level),
      tiles.map(({ index }) => index),
      tiles.map(({ hashes }) => hashes),
    ],
  );
  const logId = randomUUID();
  await admin.query(
    'insert into audit_head (tenant_id, log_id, origin, size, root_hash) values ($1, $2, $3, $4, $5)',
    [tenantId, logId, `bench/audit/${logId}/1`, leaves, edge.root()],
  );
  await admin.query('set session_replication_role = default; analyze audit_event, audit_index, audit_tile');
  await admin.query('checkpoint');
}

const EVENTS = `
  with leaf as (
    select n, gen_random_uuid() as id, now() as at from generate_series($2::int, $3::int) n),
  written as (
    select n, id, at, convert_to('{"actor":{"ref":"engine","type":"system"},"change":{"from":"GENERATION","to":"REVIEW"},"id":"'
      || id || '","log":"' || $1::text || '","nonce":"' || n || '","outcome":"success","sealed":[],"type":"workflow.transition","v":1}',
      'UTF8') as leaf from leaf),
  events as (
    insert into audit_event (id, tenant_id, type, outcome, occurred_at, actor_type, actor_ref, leaf, leaf_hash)
    select id, $1::uuid, 'workflow.transition', 'success', at, 'system', 'engine', leaf, sha256('\\x00'::bytea || leaf) from written)
  insert into audit_index (tenant_id, index, event_id, occurred_at, leaf_hash)
  select $1::uuid, n, id, at, sha256('\\x00'::bytea || leaf) from written`;

async function someEvents(admin, tenantId, leaves) {
  const indexes = Array.from({ length: PROOFS }, () => Math.floor(Math.random() * leaves));
  const { rows } = await admin.query(
    'select event_id from audit_index where tenant_id = $1 and index = any($2::bigint[]) order by random()',
    [tenantId, indexes],
  );
  return rows;
}

function isProved({ index, leafHash, proof, checkpoint: { size, rootHash } }) {
  return isIncluded({ index: BigInt(index), size: BigInt(size), leafHash, proof, root: rootHash });
}

function isProvedOffline({ index, leafHash, proof, checkpoint: { size, rootHash } }) {
  return rootOfInclusion(BigInt(index), BigInt(size), leafHash, proof)?.equals(rootHash) === true;
}

/** Milliseconds for one, on average; each proof must hold. */
function timeOf(proofs, check) {
  const from = performance.now();
  if (!proofs.every(check)) throw new Error('a proof does not hold');
  return (performance.now() - from) / proofs.length;
}
