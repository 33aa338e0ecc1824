import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ADMIN_KEY, createTrustApp, type TrustApp } from '../../test/harness/trust-app.js';
import { AdminKeyBootstrap } from './admin-key.bootstrap.js';
import { DEFAULT_TENANT_ID } from './default-tenant.js';

describe('AdminKeyBootstrap', () => {
  let trust: TrustApp;
  beforeEach(async () => {
    trust = await createTrustApp({});
  });
  afterEach(() => trust.close());

  const keys = () => trust.database.query<{ id: string; roles: string[] }>('select id, roles from api_key');

  it('makes the configured key the administrator of the default tenant', async () => {
    const { body } = await trust.request('GET', '/v1/me', { key: ADMIN_KEY });
    expect(body).toMatchObject({ tenantId: DEFAULT_TENANT_ID, roles: ['admin'] });
    expect(await trust.auditOf('api_key.created')).toMatchObject([
      { actor: { type: 'system', ref: 'configuration' }, targets: [{ ref: body['id'] }] },
    ]);
  });

  it('changes nothing at the next start, nor when many processes start at once', async () => {
    const before = await keys();
    const bootstrap = trust.app.get(AdminKeyBootstrap);
    await Promise.all(Array.from({ length: 6 }, () => bootstrap.ensure()));
    expect(await keys()).toEqual(before);
    expect(await trust.auditOf('api_key.created')).toHaveLength(1);
  });

  it('agrees with itself when many processes make the first start', async () => {
    await trust.database.query('delete from api_key');
    await trust.database.query('delete from tenant where id = $1', [DEFAULT_TENANT_ID]);
    const bootstrap = trust.app.get(AdminKeyBootstrap);
    await Promise.all(Array.from({ length: 6 }, () => bootstrap.ensure()));
    expect(await keys()).toHaveLength(1);
  });

  it('does not bring a revoked key back', async () => {
    await trust.database.force('update api_key set revoked_at = now()');
    trust.clock.advance(5_000);
    await trust.app.get(AdminKeyBootstrap).ensure();
    expect((await trust.request('GET', '/v1/me', { key: ADMIN_KEY })).status).toBe(401);
  });
});

describe('a key made at the first start', () => {
  it('is told once, and is the one that opens the administration', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countersign-first-start-'));
    const told: string[] = [];
    const stderr = vi
      .spyOn(process.stderr, 'write')
      .mockImplementation((text) => told.push(String(text)) > 0);
    const start = () => createTrustApp({ env: { COUNTERSIGN_API_KEY: '', COUNTERSIGN_DATA_DIR: folder } });
    try {
      const first = await start();
      const key = /cs_test_[A-Za-z0-9_-]{32}/.exec(told.join(''))?.[0];
      expect((await first.request('GET', '/v1/me', { key })).status).toBe(200);
      await first.close();

      told.length = 0;
      await (await start()).close();
      expect(told.join('')).not.toContain('cs_test_');
    } finally {
      stderr.mockRestore();
      rmSync(folder, { recursive: true });
    }
  });
});
