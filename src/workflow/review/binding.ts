import { createHash } from 'node:crypto';
import { canonicalJson } from '../../kernel/canonical-json.js';
import type { WorkflowDefinition } from '../definitions/definition.schema.js';
import { resolveReference } from '../definitions/references.js';

/**
 * The hash that an approval binds: the artefact's content, the action (channel, address, sender) and a digest of the
 * recipients. Delivery computes it again from what it is about to send; a difference is a denied transition.
 */
export function bindingHash(
  definition: WorkflowDefinition,
  input: Record<string, unknown>,
  artifactContent: unknown,
): Buffer {
  const delivery = definition.phases.DELIVERY.delivery;
  const refer = (reference: string | undefined) =>
    (reference === undefined ? undefined : resolveReference(reference, { input })) ?? null;
  return sha256({
    definition: { name: definition.name, version: definition.version },
    artifact: sha256(artifactContent).toString('hex'),
    action: { channel: refer(delivery?.channel), url: refer(delivery?.url), sender: refer(delivery?.sender) },
    recipients: sha256(refer(delivery?.recipients)).toString('hex'),
  });
}

function sha256(value: unknown): Buffer {
  return createHash('sha256').update(canonicalJson(value), 'utf8').digest();
}
