import type { IContainer } from 'kubernetes-models/v1/Container';
import { faults, type HouseRule } from './house-rule.js';
import { type Pod, podsOf } from './manifest.js';

/** What every pod has to keep to, whichever object makes it. */
export const POD_RULES: readonly HouseRule[] = [
  { name: 'pods run as an unprivileged user with a number', check: forEachPod(identityFaults) },
  { name: 'containers cannot gain privileges or change their own files', check: forEachPod(privilegeFaults) },
  { name: 'pods share nothing with their node', check: forEachPod(hostFaults) },
  { name: 'pods get neither an API token nor the variables of services', check: forEachPod(injectionFaults) },
  { name: 'writable space is bounded', check: forEachPod(volumeFaults) },
  { name: 'memory is reserved in full and CPU is not throttled', check: forEachPod(resourceFaults) },
  { name: 'images are pinned to a release', check: forEachPod(imageFaults) },
];

/** Ids below this belong to users a base image or a node may know. */
const LEAST_ID = 10_000;

function forEachPod(check: (pod: Pod) => string[]): HouseRule['check'] {
  return (manifests) => podsOf(manifests).flatMap(check);
}

function identityFaults({ owner, spec }: Pod): string[] {
  const context = spec.securityContext ?? {};
  const overriding = containersOf(spec).filter(
    ({ securityContext: own = {} }) =>
      own.runAsNonRoot === false ||
      Math.min(own.runAsUser ?? LEAST_ID, own.runAsGroup ?? LEAST_ID) < LEAST_ID,
  );
  return faults(owner, {
    'runAsNonRoot is not set': context.runAsNonRoot !== true,
    'runAsUser is below 10000': (context.runAsUser ?? 0) < LEAST_ID,
    'runAsGroup is below 10000': (context.runAsGroup ?? 0) < LEAST_ID,
    'seccompProfile is not RuntimeDefault': context.seccompProfile?.type !== 'RuntimeDefault',
    'a container takes another identity': overriding.length > 0,
  });
}

function privilegeFaults({ owner, spec }: Pod): string[] {
  return containersOf(spec).flatMap(({ name, securityContext: context = {} }) =>
    faults(`${owner}: ${name}`, {
      'allowPrivilegeEscalation is not false': context.allowPrivilegeEscalation !== false,
      'capabilities are not all dropped': context.capabilities?.drop?.includes('ALL') !== true,
      'capabilities are added': (context.capabilities?.add ?? []).length > 0,
      'readOnlyRootFilesystem is not true': context.readOnlyRootFilesystem !== true,
      'is privileged': context.privileged === true,
    }),
  );
}

function hostFaults({ owner, spec }: Pod): string[] {
  return faults(owner, {
    'uses a namespace of the host': [spec.hostNetwork, spec.hostPID, spec.hostIPC].includes(true),
    'mounts a path of the host': (spec.volumes ?? []).some((volume) => volume.hostPath),
    'takes a port of the host': containersOf(spec).some(({ ports = [] }) =>
      ports.some((port) => port.hostPort),
    ),
  });
}

function injectionFaults({ owner, spec }: Pod): string[] {
  return faults(owner, {
    'automountServiceAccountToken is not false': spec.automountServiceAccountToken !== false,
    'enableServiceLinks is not false': spec.enableServiceLinks !== false,
  });
}

function volumeFaults({ owner, spec }: Pod): string[] {
  return faults(owner, {
    'an emptyDir has no sizeLimit': (spec.volumes ?? []).some(
      ({ emptyDir }) => emptyDir && !emptyDir.sizeLimit,
    ),
    'a container has no /tmp of its own': containersOf(spec).some(
      ({ volumeMounts = [] }) => !volumeMounts.some(({ mountPath }) => mountPath === '/tmp'),
    ),
  });
}

function resourceFaults({ owner, spec }: Pod): string[] {
  return containersOf(spec).flatMap(({ name, resources: { requests = {}, limits = {} } = {} }) =>
    faults(`${owner}: ${name}`, {
      'requests no CPU': requests['cpu'] === undefined,
      'limits CPU': limits['cpu'] !== undefined,
      'requests no memory': requests['memory'] === undefined,
      'memory limit is not its request': requests['memory'] !== limits['memory'],
    }),
  );
}

function imageFaults({ owner, spec }: Pod): string[] {
  return containersOf(spec).flatMap(({ name, image = '' }) =>
    faults(`${owner}: ${name}`, {
      'image has neither a digest nor a version': !/(@sha256:[0-9a-f]{64}|:v?\d+\.\d+\.\d+[\w.-]*)$/.test(
        image,
      ),
    }),
  );
}

function containersOf(spec: Pod['spec']): readonly IContainer[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}
