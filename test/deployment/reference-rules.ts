import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { Service } from 'kubernetes-models/v1/Service';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import { faults, type HouseRule } from './house-rule.js';
import { type Manifest, nameOf, ofKind, podsOf, selects } from './manifest.js';

/** What holds the objects of one render together: names, labels and selectors that meet. */
export const REFERENCE_RULES: readonly HouseRule[] = [
  { name: 'every object and pod says which application it belongs to', check: labelFaults },
  { name: 'what pods refer to is there', check: podReferenceFaults },
  { name: 'services and deployments find their pods', check: selectorFaults },
];

/** Where an overlay puts things; the base has no namespace on purpose. */
export const NAMESPACE_RULE: HouseRule = {
  name: 'everything stands in a namespace that enforces restricted pods',
  check: (manifests) => {
    const restricted = new Set<string | undefined>(
      ofKind(manifests, Namespace.is)
        .filter(({ metadata }) => metadata.labels?.['pod-security.kubernetes.io/enforce'] === 'restricted')
        .map(({ metadata }) => metadata.name),
    );
    return manifests
      .filter(({ kind }) => kind !== 'Namespace')
      .flatMap((manifest) =>
        faults(nameOf(manifest), {
          'its namespace does not enforce restricted pods': !restricted.has(manifest.metadata.namespace),
        }),
      );
  },
};

const APPLICATION = 'app.kubernetes.io/name';

function labelFaults(manifests: readonly Manifest[]): string[] {
  return [
    ...manifests.map((manifest) => ({ owner: nameOf(manifest), labels: manifest.metadata.labels })),
    ...podsOf(manifests).map(({ owner, labels }) => ({ owner: `${owner}: pod`, labels })),
  ].flatMap(({ owner, labels }) =>
    faults(owner, { [`has no label ${APPLICATION}`]: !labels?.[APPLICATION] }),
  );
}

function podReferenceFaults(manifests: readonly Manifest[]): string[] {
  const names = new Set(manifests.map(nameOf));
  const tokenless = new Set<string | undefined>(
    ofKind(manifests, ServiceAccount.is)
      .filter(({ automountServiceAccountToken }) => automountServiceAccountToken === false)
      .map(({ metadata }) => metadata.name),
  );
  return podsOf(manifests).flatMap(({ owner, spec }) =>
    faults(owner, {
      'a ConfigMap it reads is not there': spec.containers.some(({ envFrom = [] }) =>
        envFrom.some(({ configMapRef }) => configMapRef && !names.has(`ConfigMap/${configMapRef.name}`)),
      ),
      'its service account is not there or hands out tokens': !tokenless.has(spec.serviceAccountName),
    }),
  );
}

function selectorFaults(manifests: readonly Manifest[]): string[] {
  const pods = podsOf(manifests);
  const services = ofKind(manifests, Service.is).flatMap(({ metadata, spec }) => {
    const found = pods.filter(({ labels }) => selects(spec?.selector, labels));
    const declared = found.flatMap((pod) => pod.spec.containers.flatMap(({ ports = [] }) => ports));
    return faults(`Service/${metadata.name}`, {
      'selects no pod': found.length === 0,
      'sends to a port no pod declares': (spec?.ports ?? []).some(
        ({ targetPort }) =>
          !declared.some(({ name, containerPort }) => [name, containerPort].includes(targetPort)),
      ),
    });
  });
  const deployments = ofKind(manifests, Deployment.is).flatMap(({ metadata, spec }) =>
    faults(`Deployment/${metadata.name}`, {
      'does not select its own pods': !selects(
        spec?.selector.matchLabels,
        spec?.template.metadata?.labels ?? {},
      ),
    }),
  );
  return [...services, ...deployments];
}
