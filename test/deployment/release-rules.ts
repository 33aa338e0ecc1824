import { Deployment, type IDeployment } from 'kubernetes-models/apps/v1/Deployment';
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IProbe } from 'kubernetes-models/v1/Probe';
import { faults, type HouseRule } from './house-rule.js';
import { type Manifest, ofKind, selects } from './manifest.js';

/** What keeps a service answering through releases, drained nodes and changes of scale. */
export const RELEASE_RULES: readonly HouseRule[] = [
  { name: 'a rollout starts the successor before it stops a pod', check: forEachDeployment(rolloutFaults) },
  { name: 'each probe asks the endpoint made for it', check: forEachDeployment(probeFaults) },
  { name: 'pods get time to drain', check: forEachDeployment(drainFaults) },
  { name: 'pods spread over zones and nodes', check: forEachDeployment(spreadFaults) },
  { name: 'evictions take one pod at a time', check: evictionFaults },
];

/** The autoscaler's rule holds for what is applied, not for the base, which an overlay completes. */
export const AUTOSCALER_RULE: HouseRule = {
  name: 'only the autoscaler says how many pods there are',
  check: (manifests) =>
    ofKind(manifests, HorizontalPodAutoscaler.is).flatMap(({ metadata, spec }) => {
      const target = manifests.find(
        ({ kind, metadata: { name } }) =>
          kind === spec?.scaleTargetRef.kind && name === spec.scaleTargetRef.name,
      );
      return faults(`HorizontalPodAutoscaler/${metadata.name}`, {
        'its target is not there': target === undefined,
        'its target sets replicas':
          (target?.spec as { replicas?: number } | undefined)?.replicas !== undefined,
      });
    }),
};

function forEachDeployment(check: (owner: string, deployment: IDeployment) => string[]): HouseRule['check'] {
  return (manifests) =>
    ofKind(manifests, Deployment.is).flatMap((deployment) =>
      check(`Deployment/${deployment.metadata.name}`, deployment),
    );
}

function rolloutFaults(owner: string, { spec }: IDeployment): string[] {
  const { type, rollingUpdate } = spec?.strategy ?? {};
  return faults(owner, {
    'strategy is not RollingUpdate': type !== 'RollingUpdate',
    'maxSurge is not 1': rollingUpdate?.maxSurge !== 1,
    'maxUnavailable is not 0': rollingUpdate?.maxUnavailable !== 0,
    'minReadySeconds is below 5': (spec?.minReadySeconds ?? 0) < 5,
    'progressDeadlineSeconds is not set': spec?.progressDeadlineSeconds === undefined,
    'revisionHistoryLimit is not 5': spec?.revisionHistoryLimit !== 5,
  });
}

function probeFaults(owner: string, deployment: IDeployment): string[] {
  return containersOf(deployment).flatMap(
    ({ name, ports = [], startupProbe, livenessProbe, readinessProbe }) => {
      const probes = [startupProbe, livenessProbe, readinessProbe];
      const portNames = new Set(ports.map((port) => port.name));
      return faults(`${owner}: ${name}`, {
        'startup does not ask /health/startup': startupProbe?.httpGet?.path !== '/health/startup',
        'liveness does not ask /health/live': livenessProbe?.httpGet?.path !== '/health/live',
        'readiness does not ask /health/ready': readinessProbe?.httpGet?.path !== '/health/ready',
        'a probe asks a port that is not declared': probes.some(
          (probe) => !portNames.has(String(probe?.httpGet?.port)),
        ),
        'readiness flips in less than 30 seconds': patienceSeconds(readinessProbe) < 30,
        'startup may outlast the rollout deadline':
          patienceSeconds(startupProbe) >= (deployment.spec?.progressDeadlineSeconds ?? 0),
      });
    },
  );
}

function drainFaults(owner: string, deployment: IDeployment): string[] {
  return faults(owner, {
    'a container does not sleep 10 s before it stops': containersOf(deployment).some(
      ({ lifecycle }) => (lifecycle?.preStop?.sleep?.seconds ?? 0) < 10,
    ),
    'terminationGracePeriodSeconds is below 60':
      (deployment.spec?.template.spec?.terminationGracePeriodSeconds ?? 0) < 60,
  });
}

function spreadFaults(owner: string, { spec }: IDeployment): string[] {
  const { metadata, spec: pod } = spec?.template ?? {};
  const keys = new Set(
    (pod?.topologySpreadConstraints ?? [])
      .filter(({ labelSelector }) => selects(labelSelector?.matchLabels, metadata?.labels ?? {}))
      .map(({ topologyKey }) => topologyKey),
  );
  return faults(owner, {
    'does not spread over zones': !keys.has('topology.kubernetes.io/zone'),
    'does not spread over nodes': !keys.has('kubernetes.io/hostname'),
  });
}

function evictionFaults(manifests: readonly Manifest[]): string[] {
  const budgets = ofKind(manifests, PodDisruptionBudget.is);
  return forEachDeployment((owner, { spec }) => {
    const budget = budgets.find((item) =>
      selects(item.spec?.selector?.matchLabels, spec?.template.metadata?.labels ?? {}),
    );
    return faults(owner, {
      'has no disruption budget': budget === undefined,
      'its budget is not one pod at a time': budget !== undefined && budget.spec?.maxUnavailable !== 1,
      'its budget protects pods that are not ready':
        budget !== undefined && budget.spec?.unhealthyPodEvictionPolicy !== 'AlwaysAllow',
    });
  })(manifests);
}

function patienceSeconds(probe: IProbe | undefined): number {
  return (probe?.periodSeconds ?? 10) * (probe?.failureThreshold ?? 3);
}

function containersOf({ spec }: IDeployment): readonly IContainer[] {
  return spec?.template.spec?.containers ?? [];
}
