import { faults, type HouseRule } from './house-rule.js';
import { type Manifest, nameOf, podsOf } from './manifest.js';

/** Secrets are references: their values never stand in the repository. */
export const SECRET_RULE: HouseRule = {
  name: 'no secret stands in a manifest',
  check: (manifests) => [...objectFaults(manifests), ...variableFaults(manifests), ...textFaults(manifests)],
};

/** Names whose value is a secret, or a URL that carries one. */
const SECRET_NAME =
  /(KEY|KEK|SECRET|TOKEN|PASSWORD|PASSPHRASE|CREDENTIALS?)$|(^|_)(DATABASE|REDIS|SMTP)_+URL$/;

/** What secrets look like, wherever they were put. */
const SECRET_TEXT: Readonly<Record<string, RegExp>> = {
  'a URL with a password': /[a-z][a-z0-9+]*:\/\/[^\s/:@]*:[^\s/@]+@/i,
  'a private key': /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  'an API key of this product': /\bcs_[a-z0-9]+_[A-Za-z0-9_-]{16,}/,
  'a key of a model provider': /\b(sk-[A-Za-z0-9_-]{16,}|AIza[A-Za-z0-9_-]{30,})/,
  '32 bytes in base64': /^[A-Za-z0-9+/]{43}=$/,
};

function objectFaults(manifests: readonly Manifest[]): string[] {
  return manifests
    .filter(({ kind }) => kind === 'Secret')
    .map((manifest) => `${nameOf(manifest)}: a Secret is not kept with the manifests`);
}

function variableFaults(manifests: readonly Manifest[]): string[] {
  const inPods = podsOf(manifests).flatMap(({ owner, spec }) =>
    [...(spec.initContainers ?? []), ...spec.containers].flatMap(({ env = [] }) =>
      env
        .filter(({ name, valueFrom }) => SECRET_NAME.test(name) && !valueFrom?.secretKeyRef)
        .map(({ name }) => `${owner}: ${name} is not taken from a Secret`),
    ),
  );
  const inMaps = manifests
    .filter(({ kind }) => kind === 'ConfigMap')
    .flatMap((manifest) =>
      Object.keys((manifest.data as Record<string, string> | undefined) ?? {})
        .filter((name) => SECRET_NAME.test(name))
        .map((name) => `${nameOf(manifest)}: ${name} belongs into a Secret`),
    );
  return [...inPods, ...inMaps];
}

function textFaults(manifests: readonly Manifest[]): string[] {
  return manifests.flatMap((manifest) => {
    const texts = textsIn(manifest);
    return faults(
      nameOf(manifest),
      Object.fromEntries(
        Object.entries(SECRET_TEXT).map(([what, pattern]) => [
          `holds ${what}`,
          texts.some((text) => pattern.test(text)),
        ]),
      ),
    );
  });
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(textsIn);
}
