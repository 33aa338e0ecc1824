import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { PostgresBinaries } from './postgres-binaries.js';
import { isRunning, isUncollected } from './processes.js';
import { asDatabaseUser, isRoot, NOBODY } from './unprivileged.js';

const SETTINGS = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  // The server's own log must hold neither statements nor the rows they failed on.
  'log_error_verbosity=terse',
  'log_min_error_statement=panic',
];

const COLLECT_TIMEOUT_MS = 10_000;

/** The main process of a cluster, ours or one that somebody else has started. */
export interface Postmaster {
  readonly port: number;
  /** Whether it has ended, on its own or because somebody stopped it. */
  hasEnded(): Promise<boolean>;
}

/** The postmaster that runs on a cluster folder, if any. */
export async function findPostmaster(folder: string): Promise<(Postmaster & { pid: number }) | undefined> {
  const { pid, port } = await readPidFile(folder);
  if (!(pid > 0) || !(port > 0) || !(await isPostmasterOf(pid, folder))) return undefined;
  return { pid, port, hasEnded: async () => !(await isPostmasterOf(pid, folder)) };
}

/**
 * Waits until a postmaster that was killed is off the list of processes: until then another one takes its lock file
 * for that of a living process and refuses to start. Gives up after a while; the refusal then tells the rest.
 */
export async function untilCollected(folder: string): Promise<void> {
  const { pid } = await readPidFile(folder);
  const deadline = Date.now() + COLLECT_TIMEOUT_MS;
  if (!(pid > 0)) return;
  while (Date.now() < deadline && (await isUncollected(pid))) await wait(25);
}

/**
 * Starts a postmaster in a process group of its own; it is not ready yet.
 *
 * @param wantedPort where it was before, for those who look for it there; else any.
 */
export async function launchPostmaster(
  binaries: PostgresBinaries,
  folder: string,
  wantedPort?: number,
): Promise<Postmaster> {
  const port = wantedPort ?? (await freePort());
  const log = await open(join(folder, 'server.log'), 'a', 0o600);
  if (isRoot()) await chown(join(folder, 'server.log'), NOBODY, NOBODY);
  const child = spawn(
    binaries.postgres,
    ['-D', folder, '-p', String(port), ...SETTINGS.flatMap((setting) => ['-c', setting])],
    { ...asDatabaseUser(), detached: true, stdio: ['ignore', log.fd, log.fd] },
  );
  child.unref();
  await once(child, 'spawn');
  await log.close();
  return { port, hasEnded: async () => child.exitCode !== null || child.signalCode !== null };
}

/** The first line of the lock file is the process id, the fourth the port. */
async function readPidFile(folder: string): Promise<{ pid: number; port: number }> {
  const lines = (await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  return { pid: Number(lines[0]), port: Number(lines[3]) };
}

/** After a crash or a reboot the id may belong to another program, another cluster's postmaster included. */
async function isPostmasterOf(pid: number, folder: string): Promise<boolean> {
  if (!(await isRunning(pid))) return false;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  return command === undefined || command.split('\0').includes(folder);
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
