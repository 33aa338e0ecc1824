// The audit trail and all that surrounds it, against the floors it must keep: one table. What is measured and how:
// docs/performance.md.
import 'reflect-metadata';
import { availableParallelism, cpus } from 'node:os';
import { measureAppends } from './audit/append.mjs';
import { measureCompliance } from './audit/compliance.mjs';
import { measureErasure } from './audit/erasure.mjs';
import { floorsOf, tableOf } from './audit/floors.mjs';
import { measureProofs } from './audit/great-log.mjs';
import { environmentOf, openRooms, startSequencers } from './audit/rooms.mjs';
import { measureExport } from './audit/whole-export.mjs';
import { startCluster } from './engine/cluster.mjs';
import { UsageError } from './usage-error.mjs';

const PARTS = ['appends', 'proofs', 'export', 'compliance', 'erasure'];
const POOL = 40;

export const options = {
  /** Parts, with commas; all when absent. */
  only: { type: 'string', default: PARTS.join(',') },
  /** Seconds of each measurement of changes. */
  seconds: { type: 'string', default: '2' },
  /** Times that each of them is repeated; the table shows medians. */
  rounds: { type: 'string', default: '3' },
  /** Leaves of the log that proofs are made of. */
  leaves: { type: 'string', default: '1000000' },
  /** Events of the log that is exported and verified. */
  exported: { type: 'string', default: '200000' },
  /** Campaigns without latency, one after the other. */
  runs: { type: 'string', default: '60' },
  /** Campaigns with 300 ms a model call. */
  'slow-runs': { type: 'string', default: '10' },
  /** Sealed values of the person who is erased. */
  values: { type: 'string', default: '1000' },
  /** The figures as JSON. */
  json: { type: 'boolean', default: false },
};

export async function main(values) {
  const only = values.only.split(',');
  const unknown = only.find((part) => !PARTS.includes(part));
  if (unknown !== undefined) throw new UsageError(`--only takes ${PARTS.join(',')}, not ${unknown}`);
  const plan = Object.fromEntries(
    ['seconds', 'rounds', 'leaves', 'exported', 'runs', 'slow-runs', 'values'].map((name) => [
      name,
      positive(values, name),
    ]),
  );
  const cluster = await startCluster();
  try {
    const report = await measured(cluster, only, plan);
    const machine = `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${availableParallelism()} cores`;
    const header = `${machine}; Node ${process.versions.node}; Postgres ${cluster.version}, fsync and synchronous_commit on`;
    const floors = floorsOf(report);
    process.stdout.write(
      values.json
        ? `${JSON.stringify({ machine, plan, floors, report }, null, 2)}\n`
        : `\n${header}\n\n${tableOf(floors)}`,
    );
  } finally {
    await cluster.stop();
  }
}

/** As soon as they are known: the whole takes minutes, and may be given up. */
function show(part) {
  process.stderr.write(`${tableOf(floorsOf(part))}\n`);
}

async function measured(cluster, only, plan) {
  const { url } = await cluster.createDatabase();
  const { folder } = cluster;
  const environment = environmentOf({ folder, databaseUrl: url });
  const report = {};
  const rooms = await openRooms({ ...environment, COUNTERSIGN__DATABASE__POOL_SIZE: String(POOL) }, 'api');
  try {
    if (only.includes('appends')) {
      tell('changes with and without their records');
      const sequencers = await startSequencers(environment, 2);
      try {
        report.appends = await measureAppends({ rooms, databaseUrl: url, ...plan });
        show({ appends: report.appends });
      } finally {
        await sequencers.stop();
      }
    }
    if (only.includes('erasure')) {
      tell('erasure');
      report.erasure = { values: plan.values, ...(await measureErasure({ rooms, values: plan.values })) };
      show({ erasure: report.erasure });
    }
    if (only.includes('export')) {
      tell('a log, exported and verified');
      report.exported = await measureExport({ rooms, folder, events: plan.exported });
      show({ exported: report.exported });
    }
    if (only.includes('proofs')) {
      tell(`proofs out of ${plan.leaves} leaves`);
      report.proofs = {
        leaves: plan.leaves,
        ...(await measureProofs({ rooms, databaseUrl: url, leaves: plan.leaves })),
      };
      show({ proofs: report.proofs });
    }
  } finally {
    await rooms.close();
  }
  if (only.includes('compliance')) {
    tell('the compliance path of campaigns');
    report.compliance = await measureCompliance({
      environment: { ...environment, DATABASE_URL: (await cluster.createDatabase()).url },
      runs: plan.runs,
      slowRuns: plan['slow-runs'],
    });
  }
  return report;
}

/** The whole takes minutes. */
function tell(what) {
  process.stderr.write(`${what} …\n`);
}

function positive(values, name) {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`--${name} must be a whole number from 1`);
  return value;
}
