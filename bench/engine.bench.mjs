// Six-phase runs in Countersign and its peers, side by side in one run: one table. What is measured and how to read it:
// docs/performance.md.
import { availableParallelism, cpus, totalmem } from 'node:os';
import { startCluster } from './engine/cluster.mjs';
import { summarise } from './engine/figures.mjs';
import { measureSystem } from './engine/measure.mjs';
import { systemsFor } from './engine/systems.mjs';
import { tableOf } from './engine/table.mjs';

export const options = {
  /** Runs measured together in each round. */
  runs: { type: 'string', default: '200' },
  /** Runs measured one after the other in each round. */
  lone: { type: 'string', default: '20' },
  rounds: { type: 'string' },
  /** Names of systems, with commas; all when absent. */
  only: { type: 'string' },
  /** Processes of Countersign, a row for each number. */
  workers: { type: 'string' },
  'in-flight': { type: 'string', default: '200' },
  'warm-up': { type: 'string', default: '50' },
  json: { type: 'boolean', default: false },
};

export async function main(values) {
  const { systems, absent } = await systemsFor(values);
  const plan = {
    runs: Number(values.runs),
    lone: Number(values.lone),
    warmUp: Number(values['warm-up']),
    inFlight: Number(values['in-flight']),
    rounds: Number(values.rounds ?? (systems.length > 1 ? 3 : 1)),
    starts: { rate: 100, seconds: 5 },
  };
  const cluster = await startCluster();
  try {
    const measured = await measureInTurn(systems, cluster, plan);
    const report = {
      machine: machine(),
      node: process.versions.node,
      postgres: cluster.version,
      plan,
      rows: systems.map((system) => summarise(system, measured.get(system))),
      limits: [],
      absent,
    };
    process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : `\n${tableOf(report)}`);
  } finally {
    await cluster.stop();
  }
}

/** Each round has all systems, and begins with another one, so that whatever the machine does meanwhile meets all. */
async function measureInTurn(systems, cluster, plan) {
  const measured = new Map(systems.map((system) => [system, []]));
  for (let round = 0; round < plan.rounds; round++) {
    const order = systems.map((_, index) => systems[(index + round) % systems.length]);
    for (const system of order) {
      process.stderr.write(`round ${round + 1} of ${plan.rounds}: ${system.label} … `);
      const result = await measureSystem(system, cluster, plan);
      process.stderr.write(`${result.runsPerSecond.toFixed(0)} runs/s\n`);
      measured.get(system).push(result);
    }
  }
  return measured;
}

function machine() {
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores, ${memory} GB`;
}
