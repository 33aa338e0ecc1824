import type { IContainer } from 'kubernetes-models/v1/Container';
import type { AppConfig } from '../../src/config/app-config.js';
import { loadConfig } from '../../src/config/load-config.js';
import type { Manifest } from './manifest.js';

/**
 * The configuration that a container's program would read: its ConfigMaps, its literals, and a stand-in of the
 * right form for each key it takes from a Secret.
 *
 * @throws ConfigError when the program would refuse to start.
 */
export function settingsOf(container: IContainer, manifests: readonly Manifest[]): AppConfig {
  return loadConfig(environmentOf(container, manifests));
}

/** The keys a container reads from Secrets, with whether it starts without them. */
export function secretKeysOf(container: IContainer): { key: string; optional: boolean }[] {
  return (container.env ?? []).flatMap(({ valueFrom }) => {
    const reference = valueFrom?.secretKeyRef;
    return reference ? [{ key: reference.key, optional: reference.optional === true }] : [];
  });
}

/** The environment variables of a container, with stand-ins for what comes from Secrets. */
export function environmentOf(container: IContainer, manifests: readonly Manifest[]): Record<string, string> {
  const maps = (container.envFrom ?? []).map(({ configMapRef }) =>
    manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === configMapRef?.name),
  );
  const variables = (container.env ?? []).map(({ name, value, valueFrom }) => [
    name,
    valueFrom?.secretKeyRef ? (STAND_INS[valueFrom.secretKeyRef.key] ?? 'stand-in') : (value ?? ''),
  ]);
  return Object.assign({}, ...maps.map((map) => map?.data), Object.fromEntries(variables));
}

const STAND_INS: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgresql://countersign@database.example.com/countersign',
  REDIS_URL: 'rediss://redis.example.com:6379',
  SMTP_URL: 'smtps://mail.example.com:465',
  COUNTERSIGN_API_KEY: `cs_test_${'0'.repeat(32)}`,
  COUNTERSIGN__VAULT__KEK: Buffer.alloc(32).toString('base64'),
  COUNTERSIGN__AUDIT__SIGNING_KEY: Buffer.alloc(32).toString('base64'),
};
