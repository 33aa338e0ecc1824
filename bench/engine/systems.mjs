import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { UsageError } from '../usage-error.mjs';
import { installPeers } from './install-peers.mjs';
import { redisVersion } from './redis.mjs';

const BENCH = join(import.meta.dirname, '..');
const PEERS = join(BENCH, 'peers');
const HOST = join(BENCH, 'engine/host-connect.mjs');

/** The peers: how each is called, whose version it is, and what it needs besides its packages. */
const PEER_SYSTEMS = [
  { name: 'pg-boss', label: 'pg-boss, a job a step', adapter: 'pg-boss.mjs', packages: ['pg-boss'] },
  { name: 'dbos', label: 'DBOS Transact', adapter: 'dbos.mjs', packages: ['@dbos-inc/dbos-sdk'] },
  {
    name: 'langgraph',
    label: 'LangGraph.js + Postgres',
    adapter: 'langgraph.mjs',
    packages: ['@langchain/langgraph', '@langchain/langgraph-checkpoint-postgres'],
  },
  {
    name: 'mastra',
    label: 'Mastra + Postgres',
    adapter: 'mastra.mjs',
    packages: ['@mastra/core', '@mastra/pg'],
  },
  {
    name: 'bullmq-always',
    label: 'BullMQ on Redis, synced each write',
    adapter: 'bullmq.mjs',
    packages: ['bullmq'],
    redis: { appendfsync: 'always' },
  },
  {
    name: 'bullmq-second',
    label: 'BullMQ on Redis, synced each second',
    adapter: 'bullmq.mjs',
    packages: ['bullmq'],
    redis: { appendfsync: 'everysec' },
  },
];

/** Names that `--only` knows. */
const SYSTEM_NAMES = ['countersign', ...PEER_SYSTEMS.map(({ name }) => name)];

/** What the options ask to be measured, and what of it cannot be. */
export async function systemsFor({ only, workers, profile }) {
  const wanted = only?.split(',') ?? SYSTEM_NAMES;
  const unknown = wanted.find((name) => !SYSTEM_NAMES.includes(name));
  if (unknown) throw new UsageError(`There is no system "${unknown}". Systems: ${SYSTEM_NAMES.join(', ')}`);
  const counts = (workers ?? (only === 'countersign' ? '1' : '1,2')).split(',').map(processCount);
  const ours = wanted.includes('countersign') ? counts.map((count) => countersign(count, profile)) : [];
  const asked = PEER_SYSTEMS.filter(({ name }) => wanted.includes(name));
  const reasons = await reasonsToLeaveOut(asked);
  return {
    systems: [...ours, ...asked.filter(({ name }) => !reasons.has(name)).map(peer)],
    absent: asked
      .filter(({ name }) => reasons.has(name))
      .map(({ name, label }) => ({ name, label, reason: reasons.get(name) })),
  };
}

function processCount(text) {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    throw new UsageError('--workers must be whole numbers from 1, with commas');
  return count;
}

function countersign(workers, profile) {
  return {
    name: 'countersign',
    label: `Countersign, ${workers} process${workers === 1 ? '' : 'es'}`,
    isOurs: true,
    connector: join(BENCH, 'countersign/connect.mjs'),
    options: { workers, profileFolder: profile && resolve(profile) },
  };
}

function peer({ name, label, adapter, packages, redis }) {
  const versions = packages.map(versionOf).join(' + ');
  return {
    name,
    label: redis ? `${label} ${redisVersion()}, ${versions}` : `${label} ${versions}`,
    connector: HOST,
    options: { adapter: join(PEERS, adapter), redis },
  };
}

/** Why a system cannot be measured here, by its name. */
async function reasonsToLeaveOut(asked) {
  const reasons = new Map();
  const foreign = asked.filter(({ name }) => name !== 'pg-boss');
  const fault = foreign.length > 0 ? await installPeers(PEERS) : undefined;
  for (const { name, redis } of foreign) {
    if (fault) reasons.set(name, fault);
    else if (redis && redisVersion() === undefined) reasons.set(name, 'there is no redis-server on PATH');
  }
  return reasons;
}

function versionOf(name) {
  const folders = createRequire(join(PEERS, 'package.json')).resolve.paths(name);
  for (const folder of folders) {
    try {
      return JSON.parse(readFileSync(join(folder, name, 'package.json'), 'utf8')).version;
    } catch {
      // Not installed here: the next folder up may have it.
    }
  }
  throw new Error(`${name} is not installed`);
}
