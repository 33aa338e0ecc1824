import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, openSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../engine/free-port.mjs';

const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;

/**
 * The product in so many processes over one database, each serving HTTP and driving runs, with the settings it is
 * shipped with. Their logs go to files, at the level they have by default, and CPU profiles to `profileFolder`.
 */
export async function startServers({ folder, databaseUrl, count, profileFolder, onMessage }) {
  const key = `cs_test_${randomBytes(24).toString('base64url')}`;
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const environment = {
    PATH: process.env.PATH ?? '',
    DATABASE_URL: databaseUrl,
    COUNTERSIGN_ENV: 'test',
    COUNTERSIGN_DATA_DIR: folder,
    COUNTERSIGN_API_KEY: key,
    COUNTERSIGN__VAULT__KEK: randomBytes(32).toString('base64'),
    COUNTERSIGN__WORKFLOW__FOUR_EYES: 'true',
    COUNTERSIGN_LOG_LEVEL: 'info',
    COUNTERSIGN__LOGGING__PRETTY: 'false',
  };
  const nodeOptions = profileFolder ? ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`] : [];
  const servers = [];
  // One after the other: the first one makes the tables.
  for (let index = 0; index < count; index++) {
    servers.push(await startServer(environment, nodeOptions, join(folder, `server-${index}.log`), onMessage));
  }
  return {
    key,
    servers,
    lastFaults: () => servers.map(({ logFile }) => faultsIn(logFile)).join('\n'),
    stop: () => Promise.all(servers.map(({ child }) => stopServer(child))),
  };
}

/** The newest lines of a log that are warnings or worse. */
function faultsIn(logFile) {
  const lines = readFileSync(logFile, 'utf8').trim().split('\n');
  return lines
    .filter((line) => !/"level":(10|20|30|"(trace|debug|info)")/.test(line))
    .slice(-5)
    .join('\n');
}

async function startServer(environment, nodeOptions, logFile, onMessage) {
  const port = await freePort();
  const log = openSync(logFile, 'a');
  const child = spawn(process.execPath, [...nodeOptions, resolve(import.meta.dirname, 'server.mjs')], {
    env: { ...environment, PORT: String(port) },
    stdio: ['ignore', log, log, 'ipc'],
  });
  child.on('message', onMessage);
  process.once('exit', () => child.kill('SIGKILL'));
  const address = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await isReady(address))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      throw new Error(`Countersign did not start:\n${faultsIn(logFile)}`);
    }
    await wait(50);
  }
  return { child, address, logFile };
}

async function isReady(address) {
  try {
    return (await fetch(`${address}/health/ready`)).ok;
  } catch {
    return false;
  }
}

async function stopServer(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await ended;
  clearTimeout(late);
}
