import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { type Manifest, parseManifests } from './manifest.js';

export const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));

const K8S = join(REPOSITORY, 'k8s');

/** Whether overlays can be rendered on this machine. */
export function kubectlIsThere(): boolean {
  return spawnSync('kubectl', ['kustomize', '--help'], { stdio: 'ignore' }).status === 0;
}

/** Names of all overlays, so that a new one is checked without being listed anywhere. */
export function overlayNames(): string[] {
  return readdirSync(join(K8S, 'overlays'));
}

/** What `kubectl apply -k` would send for an overlay. */
export function renderOverlay(name: string): Manifest[] {
  const folder = join(K8S, 'overlays', name);
  return parseManifests(execFileSync('kubectl', ['kustomize', folder], { encoding: 'utf8' }));
}

/** The text of an overlay's kustomization, for what must hold even where it cannot be rendered. */
export function readOverlay(name: string): Kustomization {
  return readKustomization(join(K8S, 'overlays', name));
}

/**
 * The base as it is written, with its generated ConfigMaps under their plain names: what can be checked
 * without kubectl.
 */
export function readBase(): Manifest[] {
  const folder = join(K8S, 'base');
  const { resources = [], configMapGenerator = [] } = readKustomization(folder);
  return [
    ...resources.flatMap((file) => parseManifests(readFileSync(join(folder, file), 'utf8'))),
    ...configMapGenerator.map(({ name, envs = [], options }) => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, ...options },
      data: Object.fromEntries(envs.flatMap((file) => readPairs(join(folder, file)))),
    })),
  ];
}

export interface Kustomization {
  readonly resources?: readonly string[];
  readonly configMapGenerator?: readonly {
    readonly name: string;
    readonly envs?: readonly string[];
    readonly options?: { readonly labels?: Readonly<Record<string, string>> };
  }[];
  readonly patches?: readonly {
    readonly target?: { readonly kind?: string; readonly name?: string };
    readonly patch?: string;
  }[];
}

function readKustomization(folder: string): Kustomization {
  return parse(readFileSync(join(folder, 'kustomization.yaml'), 'utf8')) as Kustomization;
}

function readPairs(file: string): [string, string][] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const end = line.indexOf('=');
      return [line.slice(0, end), line.slice(end + 1)];
    });
}
