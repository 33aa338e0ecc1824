import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { LoadProcess } from './load-process.mjs';
import { cpuMsOf } from './processes.mjs';
import { STEPS } from './workload.mjs';

/** One round of one system: a fresh database, the same warm-up for all, runs alone, runs together, and the count. */
export async function measureSystem(system, cluster, plan, signal) {
  signal.throwIfAborted();
  const database = await cluster.createDatabase();
  const load = new LoadProcess(signal);
  try {
    const connection = await load.ask('connect', {
      connector: system.connector,
      databaseUrl: database.url,
      folder: mkdtempSync(join(cluster.folder, 'system-')),
      ...system.options,
    });
    await load.ask('warmUp', { seconds: plan.warmUpSeconds, inFlight: plan.inFlight });
    const alone = await load.ask('alone', { count: plan.lone });
    const before = await usageOf(load, connection, cluster);
    const ms = await load.ask('together', { count: plan.runs, inFlight: plan.inFlight });
    const after = await usageOf(load, connection, cluster);
    requireComplete(system, await load.ask('completed'));
    const startMs = system.isOurs ? await load.ask('atRate', plan.starts) : undefined;
    await load.ask('stop');

    const perRun = (key) => (after[key] - before[key]) / plan.runs;
    return {
      runsPerSecond: plan.runs / (ms / 1_000),
      loneMs: alone.durations,
      wentOnAfterMs: alone.wentOnAfterMs,
      startMs,
      writesPerRun: perRun('written'),
      walKbPerRun: perRun('walBytes') / 1_024,
      cpuMsPerRun: { load: perRun('loadCpuMs'), worker: perRun('workerCpuMs'), store: perRun('storeCpuMs') },
    };
  } finally {
    await load.stop();
    await database.drop();
  }
}

/** What processes and database have used by now. A system whose store is no Postgres has no figures of one. */
async function usageOf(load, { pids, observerPid, storePid }, cluster) {
  const counters =
    storePid === undefined ? await cluster.counters(observerPid) : { storeCpuMs: cpuMsOf(storePid) };
  return {
    loadCpuMs: cpuMsOf(load.pid),
    workerCpuMs: pids.reduce((sum, pid) => sum + (cpuMsOf(pid) ?? NaN), 0),
    ...counters,
  };
}

/** A system that has lost a run or an output has not done the work that the others did. */
function requireComplete({ label }, { submitted, runs, outputs }) {
  const expected = submitted * STEPS.length;
  if (runs === submitted && outputs === expected) return;
  throw new Error(
    `${label}: its store holds ${runs} complete runs of ${submitted}, and ${outputs} outputs of ${expected}`,
  );
}
