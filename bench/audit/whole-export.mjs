import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AuditTrail } from '../../dist/compliance/audit/audit-trail.service.js';
import { AuditExporter } from '../../dist/compliance/audit/export/audit-exporter.service.js';
import { AuditLog } from '../../dist/compliance/audit/log/audit-log.service.js';
import { DatabaseService } from '../../dist/database/database.service.js';

/** Runs that the events belong to, and events of each that are recorded together. */
const EVENTS_OF_RUN = 20;
const RUNS_AT_ONCE = 100;

/** A log as the product records it, exported whole and checked by the program that others check it with. */
export async function measureExport({ rooms, folder, events }) {
  const tenantId = randomUUID();
  const log = rooms.get(AuditLog);
  await record(rooms, tenantId, events);
  await log.seal(tenantId);
  const { vkeys } = await log.info(tenantId);
  const file = join(folder, 'log.ndjson');
  const caller = { tenantId, actorRef: 'bench', requestId: randomUUID() };
  const exportedFrom = performance.now();
  const { lines } = await rooms.get(AuditExporter).export(caller, { filters: {} });
  await pipeline(Readable.from(lines()), createWriteStream(file));
  const exportSeconds = (performance.now() - exportedFrom) / 1_000;
  const runs = [];
  for (let round = 0; round < 3; round++) runs.push(await verify(file, vkeys[0]));
  const best = runs.toSorted((left, right) => left.seconds - right.seconds)[1];
  return { events: best.events, exportSeconds, verifySeconds: best.seconds };
}

/** The events of many runs mixed, as concurrent work leaves them. */
async function record(rooms, tenantId, events) {
  const database = rooms.get(DatabaseService);
  const trail = rooms.get(AuditTrail);
  for (let done = 0; done < events; done += RUNS_AT_ONCE * EVENTS_OF_RUN) {
    let chains = Array.from({ length: RUNS_AT_ONCE }, () => {
      return { runId: randomUUID(), seq: 0, head: null, phase: 'GENERATION' };
    });
    for (let event = 0; event < EVENTS_OF_RUN; event++) {
      const prepared = chains.map((chain) => trail.prepare(tenantId, [factOf(event)], chain));
      const records = prepared.flatMap((each) => each.records);
      await database.withTenant(tenantId, (trx) => trail.write(trx, { records, chain: undefined }));
      chains = prepared.map(({ chain }) => chain);
    }
    await rooms.get(AuditLog).seal(tenantId);
  }
}

function factOf(event) {
  const actor = { type: 'system', ref: 'engine' };
  if (event % 2 === 0) {
    const decision = {
      engine: 'cedar',
      policyVersion: '0.5f0c9a12b3d4',
      digest: 'a'.repeat(64),
      result: 'allow',
    };
    return {
      type: 'workflow.transition',
      outcome: 'success',
      actor,
      change: { from: 'GENERATION', to: 'REVIEW' },
      decision,
    };
  }
  const model = {
    provider: 'simulation',
    name: 'simulation-1',
    inputTokens: 412,
    outputTokens: 180,
    costUsd: '0',
  };
  return {
    type: 'workflow.step_completed',
    outcome: 'success',
    actor: { type: 'agent', ref: 'planner' },
    model,
  };
}

/** The start of the process counts too: that is how it is used. */
async function verify(file, key) {
  const from = performance.now();
  const child = spawn(process.execPath, [resolve('dist/verify.mjs'), file, '--key', key, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece) => (text += piece));
  const [code] = await once(child, 'close');
  const seconds = (performance.now() - from) / 1_000;
  if (code !== 0) throw new Error(`the export does not verify: ${text}`);
  return { seconds, events: JSON.parse(text).counts.events };
}
