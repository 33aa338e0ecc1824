import type { StoredCheckpoint } from './log-state.js';

/** Shows that a place of the log holds a leaf hash; the leaf is absent when retention has dropped it. */
export interface PlaceProof {
  readonly eventId: string;
  readonly index: number;
  readonly leaf: Buffer | undefined;
  readonly leafHash: Buffer;
  /** RFC 6962 audit path, from the sibling of the leaf up. */
  readonly proof: readonly Buffer[];
  /** The stored checkpoint the proof reaches. */
  readonly checkpoint: StoredCheckpoint;
}

/** Shows that an event stands in the log. */
export interface InclusionProof extends PlaceProof {
  readonly leaf: Buffer;
}
