import { type Manifest, nameOf } from './manifest.js';

/**
 * Faults of types, required fields, enums and patterns by the Kubernetes schemas. Misspelt fields pass here:
 * those are found by `findUnknownFields`.
 */
export async function findInvalidValues(manifests: readonly Manifest[]): Promise<string[]> {
  const findings = await Promise.all(manifests.map(findingsOf));
  return findings.flat();
}

async function findingsOf(manifest: Manifest): Promise<string[]> {
  const KindModel = await modelOf(manifest);
  if (!KindModel) return [`${nameOf(manifest)}: ${manifest.apiVersion} has no such kind`];
  try {
    new KindModel(manifest).validate();
    return [];
  } catch (error) {
    return [`${nameOf(manifest)}: ${error instanceof Error ? error.message : String(error)}`];
  }
}

type ModelClass = new (data: Manifest) => { validate(): void };

async function modelOf({ apiVersion, kind }: Manifest): Promise<ModelClass | undefined> {
  // A name that is only known now must not be looked at by the bundler of the tests.
  const specifier = `kubernetes-models/${apiVersion}/${kind}`;
  try {
    const models = (await import(/* @vite-ignore */ specifier)) as Record<string, ModelClass>;
    return models[kind];
  } catch {
    return undefined;
  }
}
