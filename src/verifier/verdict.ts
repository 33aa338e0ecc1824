import type { Checkpoint } from './checkpoint.js';
import type { ExportCounts } from './export-verifier.js';
import { Fault, isUnusable, type Place, type TamperReason, type UnusableReason } from './fault.js';
import type { Vouchers } from './trust.js';

/** `self-consistent`: everything fits together, and nobody who is trusted vouches for it. */
export type Judgement = 'valid' | 'self-consistent' | 'tampered' | 'unusable';

export const EXIT_CODES: Readonly<Record<Judgement, number>> = {
  valid: 0,
  tampered: 1,
  unusable: 2,
  'self-consistent': 3,
};

/** What a file was found to be. */
export type InputKind = 'log' | 'filtered' | 'bundle' | 'proof' | 'log-directory' | 'checkpoints';

/** What a verification found. */
export interface Verdict {
  readonly verdict: Judgement;
  readonly input?: InputKind;
  readonly origin?: string;
  readonly treeSize?: string;
  /** Base64. */
  readonly rootHash?: string;
  readonly signedBy?: readonly string[];
  readonly witnesses?: Vouchers['witnesses'];
  readonly counts?: Partial<ExportCounts> & { readonly checkpoints?: number };
  /** Checkpoints known from before that this was compared with. */
  readonly comparedCheckpoints?: number;
  /** What a reader could think is proven, and is not. */
  readonly limits: readonly string[];
  readonly fault?: Place & { readonly reason: UnusableReason | TamperReason; readonly message: string };
}

/** What holds, as far as somebody who is trusted vouches for it. */
export function holds(
  input: InputKind,
  checkpoint: Checkpoint,
  vouchers: Vouchers,
  rest: Pick<Verdict, 'counts' | 'comparedCheckpoints' | 'limits'>,
): Verdict {
  return {
    verdict: vouchers.isTrusted ? 'valid' : 'self-consistent',
    input,
    origin: checkpoint.origin,
    treeSize: String(checkpoint.size),
    rootHash: checkpoint.rootHash.toString('base64'),
    signedBy: vouchers.signedBy,
    witnesses: vouchers.witnesses,
    ...rest,
  };
}

/** The verdict for the first thing that did not hold. */
export function fails({ reason, message, place }: Fault): Verdict {
  return {
    verdict: isUnusable(reason) ? 'unusable' : 'tampered',
    limits: [],
    fault: { reason, message, ...place },
  };
}
