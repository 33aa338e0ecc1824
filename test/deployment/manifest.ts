import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import { parseAllDocuments } from 'yaml';

/** One Kubernetes object as it stands in YAML, with nothing known but what every object has. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Labels;
  };
  readonly spec?: unknown;
  readonly data?: unknown;
}

export type Labels = Readonly<Record<string, string>>;

/** A pod, wherever it stands: in a Deployment, a Job, a CronJob or by itself. */
export interface Pod {
  /** The object it stands in, as `Kind/name`. */
  readonly owner: string;
  readonly labels: Labels;
  readonly spec: IPodSpec;
}

/** Reads all documents of a YAML text; a broken one is thrown, an empty one is left out. */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors[0]) throw document.errors[0];
    const value: unknown = document.toJS();
    return value === null ? [] : [value as Manifest];
  });
}

/** `Kind/name`, for findings. */
export function nameOf(manifest: Manifest): string {
  return `${manifest.kind}/${manifest.metadata.name}`;
}

/** The objects of one kind, typed by the guard of their model (`Deployment.is`). */
export function ofKind<T extends Pick<Manifest, 'apiVersion' | 'kind'>>(
  manifests: readonly Manifest[],
  is: (value: unknown) => value is T,
): (T & Manifest)[] {
  return manifests.filter((manifest): manifest is T & Manifest => is(manifest));
}

/** Every pod that the objects would create. */
export function podsOf(manifests: readonly Manifest[]): Pod[] {
  return manifests.flatMap((manifest) => {
    const template = podTemplateOf(manifest);
    if (!template?.spec) return [];
    return [{ owner: nameOf(manifest), labels: template.metadata?.labels ?? {}, spec: template.spec }];
  });
}

/** Whether every pair of the selector stands in the labels; an empty selector finds nothing here. */
export function selects(selector: Labels | undefined, labels: Labels): boolean {
  const pairs = Object.entries(selector ?? {});
  return pairs.length > 0 && pairs.every(([key, value]) => labels[key] === value);
}

interface PodTemplate {
  readonly metadata?: { readonly labels?: Labels };
  readonly spec?: IPodSpec;
}

interface MayHoldPods {
  readonly template?: PodTemplate;
  readonly jobTemplate?: { readonly spec?: { readonly template?: PodTemplate } };
}

function podTemplateOf(manifest: Manifest): PodTemplate | undefined {
  if (manifest.kind === 'Pod') return manifest as PodTemplate;
  const spec = manifest.spec as MayHoldPods | undefined;
  return spec?.template ?? spec?.jobTemplate?.spec?.template;
}
