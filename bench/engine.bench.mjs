// Six-phase runs in Countersign and its peers, side by side in one run: one table. What is measured and how to read it:
// docs/performance.md.
import { availableParallelism, cpus, totalmem } from 'node:os';
import { startCluster } from './engine/cluster.mjs';
import { summarise, summariseLimit } from './engine/figures.mjs';
import { measureLimits } from './engine/limit.mjs';
import { measureSystem } from './engine/measure.mjs';
import { systemsFor } from './engine/systems.mjs';
import { tableOf } from './engine/table.mjs';
import { UsageError } from './usage-error.mjs';

const EXIT_STOPPED = 130;

export const options = {
  /** Runs that each round drives together. */
  runs: { type: 'string', default: '200' },
  /** Runs that each round drives one after the other. */
  lone: { type: 'string', default: '20' },
  /** Rounds; 3 of several systems, 1 of one. */
  rounds: { type: 'string' },
  /** Names of systems, with commas; all when absent. */
  only: { type: 'string' },
  /** Numbers of processes of Countersign, with commas: a row for each. 1 alone, 1 and 2 beside the peers. */
  workers: { type: 'string' },
  /** Most runs unfinished at a time. */
  'in-flight': { type: 'string', default: '200' },
  /** Seconds of load before anything is measured. */
  'warm-up': { type: 'string', default: '2' },
  /** Folder for CPU profiles of the processes of Countersign. */
  profile: { type: 'string' },
  /** The report as JSON, with the figures of each round. */
  json: { type: 'boolean', default: false },
};

export async function main(values) {
  const { systems, absent } = await systemsFor(values);
  const plan = planOf(values, systems.length > 1 ? 3 : 1);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.once(signal, () => stop.abort(signal));
  }
  const cluster = await startCluster();
  try {
    const { rows, limits } = await measureInTurn(systems, cluster, plan, stop.signal);
    const report = {
      machine: machine(),
      node: process.versions.node,
      postgres: cluster.version,
      plan,
      rows,
      limits,
      absent,
    };
    process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : `\n${tableOf(report)}`);
  } catch (error) {
    // What breaks because we were told to stop is no fault.
    if (!stop.signal.aborted) throw error;
    process.stderr.write(`stopped by ${stop.signal.reason}\n`);
    process.exitCode = EXIT_STOPPED;
  } finally {
    await cluster.stop();
  }
}

/** Each round has all systems, and begins with another one, so that whatever the machine does meanwhile meets all. */
async function measureInTurn(systems, cluster, plan, signal) {
  const measured = systems.map(() => []);
  const limits = [];
  for (let round = 0; round < plan.rounds; round++) {
    limits.push(await measureLimits(cluster));
    for (let turn = 0; turn < systems.length; turn++) {
      const index = (turn + round) % systems.length;
      process.stderr.write(`round ${round + 1} of ${plan.rounds}: ${systems[index].label} … `);
      const result = await measureSystem(systems[index], cluster, plan, signal);
      process.stderr.write(`${result.runsPerSecond.toFixed(0)} runs/s\n`);
      measured[index].push(result);
    }
  }
  return {
    rows: systems.map((system, index) => summarise(system, measured[index])),
    limits: limits[0].map((_, index) => summariseLimit(limits.map((each) => each[index]))),
  };
}

function planOf(values, usualRounds) {
  return {
    runs: positive(values, 'runs'),
    lone: positive(values, 'lone'),
    rounds: values.rounds === undefined ? usualRounds : positive(values, 'rounds'),
    inFlight: positive(values, 'in-flight'),
    warmUpSeconds: positive(values, 'warm-up'),
    starts: { rate: 100, seconds: 5 },
  };
}

function positive(values, name) {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`--${name} must be a whole number from 1`);
  return value;
}

function machine() {
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores, ${memory} GB`;
}
