/** An erasure as it was asked for, and how far it has come. */
export interface Erasure {
  readonly id: string;
  readonly tenantId: string;
  readonly subjectRef: string;
  readonly status: 'requested' | 'deferred' | 'running' | 'completed';
  readonly deferredBy: 'hold' | 'restriction' | null;
  readonly requestedBy: string;
  readonly requestId: string;
  readonly requestedAt: Date;
  readonly keyDestroyedAt: Date | null;
  /** From when on no copy of the database that was made before can be opened any more; null = not known. */
  readonly unreadableFrom: Date | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly completedAt: Date | null;
  /** Of `subject.erased`. */
  readonly eventId: string | null;
}
