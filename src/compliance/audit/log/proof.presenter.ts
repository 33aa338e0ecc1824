import type { ConsistencyProofDto, InclusionProofDto } from './audit-log.dto.js';
import type { ConsistencyProof } from './audit-log.service.js';
import type { PlaceProof } from './inclusion-proof.js';
import type { StoredEvent } from './log.repository.js';

export function presentInclusion({
  eventId,
  index,
  leaf,
  leafHash,
  proof,
  checkpoint,
}: PlaceProof): InclusionProofDto {
  return {
    eventId,
    index,
    ...(leaf && { leaf: leaf.toString('base64') }),
    leafHash: leafHash.toString('base64'),
    proof: proof.map((hash) => hash.toString('base64')),
    checkpoint: checkpoint.note,
  };
}

export function presentConsistency({ from, to, proof, checkpoint }: ConsistencyProof): ConsistencyProofDto {
  return { from, to, proof: proof.map((hash) => hash.toString('base64')), checkpoint: checkpoint.note };
}

/** C2SP tlog-proof; the leaf itself travels as its extra data. */
export function proofText({ index, leaf, proof, checkpoint }: PlaceProof): string {
  return [
    'c2sp.org/tlog-proof@v1',
    ...(leaf ? [`extra ${leaf.toString('base64')}`] : []),
    `index ${index}`,
    ...proof.map((hash) => hash.toString('base64')),
    '',
    checkpoint.note,
  ].join('\n');
}

/** The recorded leaf with its hash, and its place once it has one. */
export function presentLeaf({ leaf, leafHash, index }: StoredEvent): Record<string, unknown> {
  return {
    ...(JSON.parse(leaf.toString('utf8')) as Record<string, unknown>),
    leafHash: leafHash.toString('base64'),
    index,
  };
}
