import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.js';
import { loadConfig } from '../../src/config/load-config.js';
import { environmentOf, secretKeysOf, settingsOf } from './container-settings.js';
import { BASE_RULES, OVERLAY_RULES } from './house-rules.js';
import { findInvalidValues } from './invalid-values.js';
import { ofKind } from './manifest.js';
import { kubectlIsThere, overlayNames, readBase, readOverlay, REPOSITORY, renderOverlay } from './render.js';
import { findUnknownFields } from './unknown-fields.js';

const rendered = kubectlIsThere()
  ? overlayNames().map((name) => ({
      source: `overlay ${name}, rendered`,
      manifests: renderOverlay(name),
      rules: OVERLAY_RULES,
    }))
  : [];
if (rendered.length === 0) {
  console.warn('kubectl is not on PATH: overlays are not rendered, only the files of k8s/base are checked.');
}
const sources = [{ source: 'base, as written', manifests: readBase(), rules: BASE_RULES }, ...rendered];

describe.each(sources)('$source', ({ manifests, rules }) => {
  const deployment = ofKind(manifests, Deployment.is)[0];
  const pod = deployment?.spec?.template.spec;
  const container = pod?.containers[0];
  if (!pod || !container) throw new Error('there is no Deployment with a container');

  it('holds the objects of a deployment', () => {
    expect(manifests.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining([
        'ConfigMap',
        'Deployment',
        'HorizontalPodAutoscaler',
        'PodDisruptionBudget',
        'Service',
        'ServiceAccount',
      ]),
    );
  });

  it('has values the Kubernetes schemas accept', async () => {
    expect(await findInvalidValues(manifests)).toEqual([]);
  });

  it('has no field that Kubernetes does not know', { timeout: 30_000 }, async () => {
    expect(await findUnknownFields(manifests)).toEqual([]);
  });

  it.each(rules)('$name', ({ check }) => {
    expect(check(manifests)).toEqual([]);
  });

  it('scales from 3 to 20 pods at 70 % of CPU and 80 % of memory', () => {
    const {
      minReplicas,
      maxReplicas,
      metrics = [],
    } = ofKind(manifests, HorizontalPodAutoscaler.is)[0]?.spec ?? {};
    expect({ minReplicas, maxReplicas }).toEqual({ minReplicas: 3, maxReplicas: 20 });
    expect(metrics.map(({ resource }) => [resource?.name, resource?.target.averageUtilization])).toEqual([
      ['cpu', 70],
      ['memory', 80],
    ]);
  });

  it('gives the program settings it accepts, each Secret key included', () => {
    const config = settingsOf(container, manifests);
    expect(config.instance.environment).toBe('production');
    expect(config.database.tier).toBe('server');
    expect(config.redis.url).toBeDefined();
    expect(container.ports?.map(({ containerPort }) => containerPort)).toContain(config.server.port);
    expect(config.server.host).not.toBe('127.0.0.1');
    expect(container.volumeMounts?.map(({ mountPath }) => mountPath)).toContain(config.instance.dataDir);
  });

  it('waits longer for a pod to stop than the program takes to drain', () => {
    const preStopSeconds = container.lifecycle?.preStop?.sleep?.seconds ?? 0;
    const drainSeconds = settingsOf(container, manifests).server.drainTimeoutMs / 1_000;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(preStopSeconds + drainSeconds);
  });

  it('would not start with the variables that service links add', () => {
    const linked = { ...environmentOf(container, manifests), COUNTERSIGN_PORT: 'tcp://192.0.2.1:80' };
    expect(() => loadConfig(linked)).toThrow(ConfigError);
  });

  it('does not start without what its pods must share', () => {
    const required = secretKeysOf(container).filter(({ optional }) => !optional);
    expect(required.map(({ key }) => key).sort()).toEqual([
      'COUNTERSIGN_API_KEY',
      'COUNTERSIGN__AUDIT__SIGNING_KEY',
      'COUNTERSIGN__VAULT__KEK',
      'DATABASE_URL',
      'REDIS_URL',
    ]);
  });

  it('reads no Secret key that the documentation leaves out', () => {
    const documentation = readFileSync(join(REPOSITORY, 'docs/deployment.md'), 'utf8');
    const missing = secretKeysOf(container).filter(({ key }) => !documentation.includes(`\`${key}\``));
    expect(missing).toEqual([]);
  });
});

it.each(overlayNames())('the overlay %s leaves the number of pods to the autoscaler', (name) => {
  const patch = readOverlay(name).patches?.find(({ target }) => target?.kind === 'Deployment')?.patch;
  expect(patch).toMatch(/op: remove\s+path: \/spec\/replicas/);
});
