import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LobbyController, RoomsController } from '../../test/harness/guarded-routes.js';
import { ADMIN_KEY, createTrustApp, type TrustApp } from '../../test/harness/trust-app.js';
import { newApiKey } from './api-key-secret.js';
import { RejectionRecorder } from './rejection-recorder.js';

describe('AuthGuard', () => {
  let trust: TrustApp;
  beforeAll(async () => {
    trust = await createTrustApp({ controllers: [RoomsController, LobbyController] });
  });
  afterAll(() => trust.close());

  it('asks whoever brings no key for one', async () => {
    const answer = await trust.request('GET', '/rooms/decide/1');
    expect(answer.status).toBe(401);
    expect(answer.body.code).toBe('UNAUTHENTICATED');
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="countersign"');
  });

  it('refuses every credential that is not a known key, and says no more than that', async () => {
    const credentials = [
      `Bearer ${newApiKey('test')}`,
      `Bearer ${ADMIN_KEY}x`,
      `Bearer ${ADMIN_KEY} ${ADMIN_KEY}`,
      'Bearer',
      'Bearer not-a-key',
      ADMIN_KEY,
      `Basic ${Buffer.from(`admin:${ADMIN_KEY}`).toString('base64')}`,
    ];
    for (const authorization of credentials) {
      const answer = await trust.request('GET', '/rooms/decide/1', { headers: { authorization } });
      expect(answer.status).toBe(401);
      expect(answer.body.code).toBe('UNAUTHENTICATED');
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="countersign", error="invalid_token"');
      expect(answer.text).not.toContain(ADMIN_KEY);
    }
  });

  it('does not take a key from the query', async () => {
    expect((await trust.request('GET', `/rooms/decide/1?access_token=${ADMIN_KEY}`)).status).toBe(401);
  });

  it('reads the scheme in any case', async () => {
    const headers = { authorization: `bearer ${ADMIN_KEY}` };
    expect((await trust.request('GET', '/rooms/decide/1', { headers })).status).toBe(200);
  });

  it('lets anybody into what is marked public', async () => {
    expect((await trust.request('GET', '/rooms/open')).status).toBe(200);
    expect((await trust.request('GET', '/lobby')).status).toBe(200);
  });

  it('denies a route that says nothing, even to the administrator', async () => {
    for (const url of ['/rooms/undeclared', '/rooms/not-public']) {
      expect((await trust.request('GET', url)).status).toBe(401);
      const answer = await trust.request('GET', url, { key: ADMIN_KEY });
      expect(answer.status).toBe(403);
      expect(answer.body.code).toBe('FORBIDDEN');
    }
  });

  it('holds a permission of a route against its public class', async () => {
    expect((await trust.request('GET', '/lobby/safe')).status).toBe(401);
    expect((await trust.request('GET', '/lobby/safe', { key: ADMIN_KEY })).status).toBe(200);
  });

  it('hands no principal to a public route', async () => {
    expect((await trust.request('GET', '/rooms/careless', { key: ADMIN_KEY })).status).toBe(401);
  });

  it('lets a role do what it may and records what it may not', async () => {
    const reviewer = await trust.makeKey('reviewer');
    const operator = await trust.makeKey('operator');
    expect((await trust.request('GET', '/rooms/decide/1', { key: reviewer.key })).body).toEqual({
      id: reviewer.id,
    });

    const denied = await trust.request('GET', '/rooms/decide/jane.doe', { key: operator.key });
    expect(denied.status).toBe(403);
    expect(denied.body.code).toBe('FORBIDDEN');
    const leaves = (await trust.auditOf('auth.denied')).filter(
      (leaf) => (leaf['actor'] as { ref: string }).ref === operator.id,
    );
    expect(leaves).toHaveLength(1);
    expect(leaves[0]).toMatchObject({
      outcome: 'denied',
      code: 'FORBIDDEN',
      targets: [{ type: 'permission', ref: 'approvals.decide' }],
      detail: { method: 'GET', route: '/rooms/decide/:id' },
    });
  });

  it('writes nothing into the trail for who presents no key', async () => {
    const count = async () =>
      Number((await trust.database.query('select count(*) from audit_event'))[0]?.['count']);
    const before = await count();
    await trust.request('GET', '/rooms/decide/1');
    expect(await count()).toBe(before);
  });

  it('records the first key that opens nothing at once, and those after it together', async () => {
    const recorder = trust.app.get(RejectionRecorder);
    await recorder.flush();
    const rejected = async () => trust.auditOf('auth.rejected');
    const before = (await rejected()).length;
    for (let tries = 0; tries < 5; tries++) {
      expect((await trust.request('GET', '/rooms/decide/1', { key: newApiKey('test') })).status).toBe(401);
    }
    const one = (await rejected()).slice(before);
    expect(one).toMatchObject([
      {
        outcome: 'denied',
        actor: { type: 'apiKey', ref: 'unknown' },
        detail: { reason: 'unknown', count: 1 },
      },
    ]);
    await recorder.flush();
    expect((await rejected()).slice(before)).toMatchObject([{}, { detail: { reason: 'unknown', count: 4 } }]);
    await recorder.flush();
    expect(await rejected()).toHaveLength(before + 2);
  });

  it('names the key that was revoked or has expired, in the trail of its tenant', async () => {
    await trust.app.get(RejectionRecorder).flush();
    const [revoked, expired] = [await trust.makeKey('reviewer'), await trust.makeKey('reviewer')];
    await trust.database.force('update api_key set revoked_at = now() where id = $1', [revoked.id]);
    await trust.database.force('update api_key set expires_at = to_timestamp(0) where id = $1', [expired.id]);
    for (const { key } of [revoked, expired, revoked]) {
      expect((await trust.request('GET', '/rooms/decide/1', { key })).status).toBe(401);
    }
    const leaves = (await trust.auditOf('auth.rejected')).filter(({ targets }) => targets !== undefined);
    expect(leaves.slice(-2)).toMatchObject([
      { targets: [{ type: 'api_key', ref: revoked.id }], detail: { reason: 'revoked', count: 1 } },
      { targets: [{ type: 'api_key', ref: expired.id }], detail: { reason: 'expired', count: 1 } },
    ]);
  });

  it('refuses a stranger also when the refusal cannot be recorded', async () => {
    await trust.app.get(RejectionRecorder).flush();
    await trust.database.query('alter table audit_event rename to audit_event_away');
    try {
      expect((await trust.request('GET', '/rooms/decide/1', { key: newApiKey('test') })).status).toBe(401);
    } finally {
      await trust.database.query('alter table audit_event_away rename to audit_event');
    }
  });

  it('denies also when the denial cannot be recorded', async () => {
    const operator = await trust.makeKey('operator');
    await trust.database.query('alter table audit_event rename to audit_event_away');
    try {
      expect((await trust.request('GET', '/rooms/decide/1', { key: operator.key })).status).toBe(403);
    } finally {
      await trust.database.query('alter table audit_event_away rename to audit_event');
    }
  });
});
