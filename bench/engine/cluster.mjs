import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '../../dist/database/embedded/embedded-postgres.js';
import { cpuMsOfFamily, parentOf } from './processes.mjs';

/** One Postgres for all systems, as the product brings it: fsync and synchronous_commit on, defaults otherwise. */
export async function startCluster() {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bench-'));
  // The database user of a root session must get there.
  chmodSync(folder, 0o755);
  const postgres = await EmbeddedPostgres.start(folder);
  const admin = new pg.Client({ connectionString: postgres.url });
  await admin.connect();
  const { rows } = await admin.query(
    `select pg_backend_pid() as pid, current_setting('server_version') as version, current_setting('fsync') as fsync,
            current_setting('synchronous_commit') as synchronous_commit`,
  );
  const [{ pid, version, fsync, synchronous_commit: synchronousCommit }] = rows;
  if (fsync !== 'on' || synchronousCommit !== 'on')
    throw new Error('this Postgres may lose what it has acknowledged');
  const postmaster = parentOf(pid);
  let databases = 0;
  return {
    folder,
    version,
    /** A database that nobody has used, for one system in one round; `drop` removes it. A copy of `template`, if given. */
    async createDatabase(template) {
      const name = `bench_${++databases}`;
      await admin.query(
        `create database ${name}${template ? ` template ${template} strategy file_copy` : ''}`,
      );
      // So that no system pays for what the one before it has written.
      await admin.query('checkpoint');
      const url = new URL(postgres.url);
      url.pathname = `/${name}`;
      return { name, url: url.href, drop: () => admin.query(`drop database ${name} with (force)`) };
    },
    /** What the cluster has done by now: writing transactions, bytes of log, CPU ms without the observer's connection. */
    async counters(observerPid) {
      const { rows: counted } = await admin.query(
        `select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as written,
                pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint as wal`,
      );
      return {
        written: Number(counted[0].written),
        walBytes: Number(counted[0].wal),
        storeCpuMs: cpuMsOfFamily(postmaster, observerPid),
      };
    },
    async stop() {
      await admin.end();
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
