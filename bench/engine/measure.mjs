import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { LoadProcess } from './load-process.mjs';
import { cpuMsOf } from './processes.mjs';
import { STEPS } from './workload.mjs';

/** One round of one system: a fresh database, the same warm-up for all, runs alone, runs together, and the count. */
export async function measureSystem(system, cluster, plan) {
  const database = await cluster.createDatabase();
  const load = new LoadProcess();
  try {
    const { pids, observerPid, storePid } = await load.ask('connect', {
      connector: system.connector,
      databaseUrl: database.url,
      folder: mkdtempSync(join(cluster.folder, 'system-')),
      ...system.options,
    });
    await load.ask('together', { count: plan.warmUp, inFlight: plan.inFlight });
    const alone = await load.ask('alone', { count: plan.lone });

    const usage = async () => ({
      load: cpuMsOf(load.pid),
      worker: pids.reduce((sum, pid) => sum + (cpuMsOf(pid) ?? NaN), 0),
      ...(await cluster.counters(observerPid)),
      ...(storePid && { storeCpuMs: cpuMsOf(storePid), written: undefined, walBytes: undefined }),
    });
    const before = await usage();
    const ms = await load.ask('together', { count: plan.runs, inFlight: plan.inFlight });
    const after = await usage();

    const { completed, submitted } = await load.ask('completed');
    const expected = { runs: submitted, outputs: submitted * STEPS.length };
    if (completed.runs !== expected.runs || completed.outputs !== expected.outputs) {
      const found = `its store holds ${JSON.stringify(completed)} instead of ${JSON.stringify(expected)}`;
      throw new Error(`${system.label} is not done: ${found}`);
    }
    const startMs = system.isOurs ? await load.ask('atRate', plan.starts) : undefined;
    const perRun = (key) => (after[key] - before[key]) / plan.runs;
    return {
      runsPerSecond: plan.runs / (ms / 1_000),
      loneMs: alone.durations,
      wentOnAfterMs: alone.wentOnAfterMs,
      startMs,
      writesPerRun: perRun('written'),
      walKbPerRun: perRun('walBytes') / 1_024,
      cpuMsPerRun: { load: perRun('load'), worker: perRun('worker'), store: perRun('storeCpuMs') },
    };
  } finally {
    await load.stop();
    await database.drop();
  }
}
