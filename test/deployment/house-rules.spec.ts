import { describe, expect, it } from 'vitest';
import { changed } from './changed.js';
import { OVERLAY_RULES } from './house-rules.js';
import { findInvalidValues } from './invalid-values.js';
import type { Manifest } from './manifest.js';
import { readBase } from './render.js';
import { findUnknownFields } from './unknown-fields.js';

const POD = ['spec', 'template', 'spec'];
const CONTAINER = [...POD, 'containers', 0];

/** A render that keeps to every rule and needs no kubectl: the base as an overlay completes it. */
const sound = completed(readBase());

describe('each rule finds what it is there for', () => {
  it('finds nothing in the sound fixture', () => {
    expect(findingsIn(sound)).toEqual([]);
  });

  it.each<[rule: string, kind: string, path: (string | number)[], value: unknown]>([
    [
      'pods run as an unprivileged user with a number',
      'Deployment',
      [...POD, 'securityContext', 'runAsUser'],
      1000,
    ],
    [
      'pods run as an unprivileged user with a number',
      'Deployment',
      [...POD, 'securityContext', 'runAsGroup'],
      0,
    ],
    [
      'pods run as an unprivileged user with a number',
      'Deployment',
      [...POD, 'securityContext', 'runAsNonRoot'],
      false,
    ],
    [
      'pods run as an unprivileged user with a number',
      'Deployment',
      [...POD, 'securityContext', 'seccompProfile'],
      undefined,
    ],
    [
      'pods run as an unprivileged user with a number',
      'Deployment',
      [...CONTAINER, 'securityContext', 'runAsUser'],
      0,
    ],
    [
      'containers cannot gain privileges or change their own files',
      'Deployment',
      [...CONTAINER, 'securityContext', 'readOnlyRootFilesystem'],
      undefined,
    ],
    [
      'containers cannot gain privileges or change their own files',
      'Deployment',
      [...CONTAINER, 'securityContext', 'allowPrivilegeEscalation'],
      true,
    ],
    [
      'containers cannot gain privileges or change their own files',
      'Deployment',
      [...CONTAINER, 'securityContext', 'capabilities', 'drop'],
      [],
    ],
    [
      'containers cannot gain privileges or change their own files',
      'Deployment',
      [...CONTAINER, 'securityContext', 'capabilities', 'add'],
      ['NET_ADMIN'],
    ],
    [
      'containers cannot gain privileges or change their own files',
      'Deployment',
      [...CONTAINER, 'securityContext', 'privileged'],
      true,
    ],
    ['pods share nothing with their node', 'Deployment', [...POD, 'hostNetwork'], true],
    [
      'pods share nothing with their node',
      'Deployment',
      [...POD, 'volumes', 2],
      { name: 'host', hostPath: { path: '/' } },
    ],
    ['pods share nothing with their node', 'Deployment', [...CONTAINER, 'ports', 0, 'hostPort'], 3000],
    [
      'pods get neither an API token nor the variables of services',
      'Deployment',
      [...POD, 'enableServiceLinks'],
      undefined,
    ],
    [
      'pods get neither an API token nor the variables of services',
      'Deployment',
      [...POD, 'automountServiceAccountToken'],
      undefined,
    ],
    ['writable space is bounded', 'Deployment', [...POD, 'volumes', 0, 'emptyDir'], {}],
    ['writable space is bounded', 'Deployment', [...CONTAINER, 'volumeMounts'], []],
    [
      'memory is reserved in full and CPU is not throttled',
      'Deployment',
      [...CONTAINER, 'resources', 'limits', 'memory'],
      '2Gi',
    ],
    [
      'memory is reserved in full and CPU is not throttled',
      'Deployment',
      [...CONTAINER, 'resources', 'limits', 'cpu'],
      '1',
    ],
    [
      'memory is reserved in full and CPU is not throttled',
      'Deployment',
      [...CONTAINER, 'resources'],
      undefined,
    ],
    ['images are pinned to a release', 'Deployment', [...CONTAINER, 'image'], 'countersign:latest'],
    ['images are pinned to a release', 'Deployment', [...CONTAINER, 'image'], 'countersign'],
    [
      'a rollout starts the successor before it stops a pod',
      'Deployment',
      ['spec', 'strategy', 'rollingUpdate', 'maxUnavailable'],
      1,
    ],
    [
      'a rollout starts the successor before it stops a pod',
      'Deployment',
      ['spec', 'strategy', 'rollingUpdate', 'maxSurge'],
      '25%',
    ],
    [
      'a rollout starts the successor before it stops a pod',
      'Deployment',
      ['spec', 'minReadySeconds'],
      undefined,
    ],
    ['each probe asks the endpoint made for it', 'Deployment', [...CONTAINER, 'startupProbe'], undefined],
    [
      'each probe asks the endpoint made for it',
      'Deployment',
      [...CONTAINER, 'livenessProbe', 'httpGet', 'path'],
      '/health/ready',
    ],
    [
      'each probe asks the endpoint made for it',
      'Deployment',
      [...CONTAINER, 'readinessProbe', 'httpGet', 'port'],
      'web',
    ],
    [
      'each probe asks the endpoint made for it',
      'Deployment',
      [...CONTAINER, 'readinessProbe', 'failureThreshold'],
      1,
    ],
    ['each probe asks the endpoint made for it', 'Deployment', ['spec', 'progressDeadlineSeconds'], 60],
    ['pods get time to drain', 'Deployment', [...CONTAINER, 'lifecycle'], undefined],
    ['pods get time to drain', 'Deployment', [...POD, 'terminationGracePeriodSeconds'], 30],
    [
      'pods spread over zones and nodes',
      'Deployment',
      [...POD, 'topologySpreadConstraints', 1, 'topologyKey'],
      'rack',
    ],
    [
      'pods spread over zones and nodes',
      'Deployment',
      [...POD, 'topologySpreadConstraints', 0, 'labelSelector'],
      {},
    ],
    ['evictions take one pod at a time', 'PodDisruptionBudget', ['spec', 'maxUnavailable'], '50%'],
    [
      'evictions take one pod at a time',
      'PodDisruptionBudget',
      ['spec', 'unhealthyPodEvictionPolicy'],
      undefined,
    ],
    [
      'evictions take one pod at a time',
      'PodDisruptionBudget',
      ['spec', 'selector', 'matchLabels'],
      { app: 'other' },
    ],
    ['only the autoscaler says how many pods there are', 'Deployment', ['spec', 'replicas'], 3],
    [
      'only the autoscaler says how many pods there are',
      'HorizontalPodAutoscaler',
      ['spec', 'scaleTargetRef', 'name'],
      'other',
    ],
    ['every object and pod says which application it belongs to', 'Service', ['metadata', 'labels'], {}],
    ['what pods refer to is there', 'ConfigMap', ['metadata', 'name'], 'other'],
    ['what pods refer to is there', 'ServiceAccount', ['automountServiceAccountToken'], undefined],
    ['services and deployments find their pods', 'Service', ['spec', 'selector'], { app: 'other' }],
    ['services and deployments find their pods', 'Service', ['spec', 'ports', 0, 'targetPort'], 'web'],
    [
      'services and deployments find their pods',
      'Deployment',
      ['spec', 'selector', 'matchLabels'],
      { app: 'other' },
    ],
    [
      'everything stands in a namespace that enforces restricted pods',
      'Service',
      ['metadata', 'namespace'],
      'default',
    ],
    [
      'everything stands in a namespace that enforces restricted pods',
      'Namespace',
      ['metadata', 'labels', 'pod-security.kubernetes.io/enforce'],
      'baseline',
    ],
    [
      'no secret stands in a manifest',
      'Deployment',
      [...CONTAINER, 'env', 1],
      { name: 'DATABASE_URL', value: 'from-elsewhere' },
    ],
    ['no secret stands in a manifest', 'ConfigMap', ['data', 'COUNTERSIGN__LLM__API_KEY'], 'plain'],
    [
      'no secret stands in a manifest',
      'ConfigMap',
      ['data', 'NOTE'],
      'postgresql://user:word@database.example.com/x',
    ],
    ['no secret stands in a manifest', 'ConfigMap', ['data', 'NOTE'], `cs_prod_${'A1'.repeat(12)}`],
    ['no secret stands in a manifest', 'ConfigMap', ['data', 'NOTE'], Buffer.alloc(32, 7).toString('base64')],
  ])('%s: %s %j = %j', (rule, kind, path, value) => {
    const broken = new Set(findingsIn(changed(sound, kind, path, value)));
    expect([...broken]).toEqual([rule]);
  });

  it('finds a Secret among the objects', () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { ...only('Service')[0]?.metadata, name: 'countersign' },
    };
    expect(findingsIn([...sound, secret])).toEqual(['no secret stands in a manifest']);
  });

  it('finds an unprotected pod in a Job and in a CronJob', () => {
    const template = { spec: { containers: [{ name: 'job', image: 'countersign:0.1.0' }] } };
    const job = { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'a' }, spec: { template } };
    const cron = { ...job, kind: 'CronJob', spec: { jobTemplate: { spec: { template } } } };
    for (const manifest of [job, cron]) {
      expect(findingsIn([manifest])).toContain('containers cannot gain privileges or change their own files');
    }
  });
});

describe('the schema checks find what they are there for', () => {
  it.each<[fault: string, kind: string, path: (string | number)[], value: unknown]>([
    ['a wrong type', 'Deployment', ['spec', 'minReadySeconds'], 'ten'],
    ['a required field that is missing', 'Deployment', [...CONTAINER, 'name'], undefined],
    ['a word outside the enum', 'Deployment', [...CONTAINER, 'imagePullPolicy'], 'Sometimes'],
    ['a kind that does not exist', 'Service', ['kind'], 'Servise'],
  ])('%s', async (_fault, kind, path, value) => {
    expect(await findInvalidValues(changed(sound, kind, path, value))).toHaveLength(1);
  });

  it('finds every misspelt field', { timeout: 30_000 }, async () => {
    const typos: [kind: string, path: (string | number)[]][] = [
      ['Deployment', ['spec', 'replcas']],
      ['Deployment', [...CONTAINER, 'livenessProbe', 'httpGet', 'paht']],
      ['Deployment', [...CONTAINER, 'securityContext', 'readOnlyRootFileSystem']],
      ['PodDisruptionBudget', ['spec', 'maxUnavailble']],
      ['HorizontalPodAutoscaler', ['spec', 'behaviour']],
      ['Service', ['spec', 'ports', 0, 'targetport']],
    ];
    const misspelt = typos.flatMap(([kind, path]) => changed(only(kind), kind, path, 1));

    const findings = await findUnknownFields(misspelt);

    expect(findings).toHaveLength(typos.length);
    for (const [, path] of typos)
      expect(findings).toContainEqual(expect.stringContaining(`"${path.at(-1)}"`));
  });
});

/** Names of the rules that find something, once per finding. */
function findingsIn(manifests: readonly Manifest[]): string[] {
  return OVERLAY_RULES.flatMap(({ name, check }) => check(manifests).map(() => name));
}

function only(kind: string): Manifest[] {
  return sound.filter((manifest) => manifest.kind === kind);
}

function completed(base: readonly Manifest[]): Manifest[] {
  const namespace: Manifest = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: 'fixture',
      labels: { 'app.kubernetes.io/name': 'countersign', 'pod-security.kubernetes.io/enforce': 'restricted' },
    },
  };
  const placed = base.map((manifest) => ({
    ...manifest,
    metadata: { ...manifest.metadata, namespace: 'fixture' },
  }));
  return [namespace, ...changed(placed, 'Deployment', ['spec', 'replicas'], undefined)];
}
