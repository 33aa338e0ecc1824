/** What a hold keeps: all of a tenant, one run, one person's data, or what happened in a span of time. */
export type HoldScope =
  | { readonly scope: 'tenant' }
  | { readonly scope: 'run'; readonly runId: string }
  | { readonly scope: 'subject'; readonly subjectRef: string }
  | { readonly scope: 'period'; readonly from: Date; readonly to: Date };

/** An order to keep what retention and erasure would take away. */
export interface LegalHold {
  readonly id: string;
  readonly tenantId: string;
  readonly scope: HoldScope['scope'];
  readonly runId: string | null;
  readonly subjectRef: string | null;
  readonly from: Date | null;
  readonly to: Date | null;
  /** Number of the case. */
  readonly reference: string;
  readonly setBy: string;
  readonly setAt: Date;
  readonly liftRequestedBy: string | null;
  readonly liftRequestedAt: Date | null;
  readonly liftedBy: string | null;
  readonly liftedAt: Date | null;
}

/** `standing` and `lift_requested` hold; `lifted` does not any more. */
export type HoldStatus = 'standing' | 'lift_requested' | 'lifted';

export function statusOf({ liftRequestedAt, liftedAt }: LegalHold): HoldStatus {
  if (liftedAt) return 'lifted';
  return liftRequestedAt ? 'lift_requested' : 'standing';
}
