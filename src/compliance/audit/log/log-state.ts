/** How a tenant's log stands in the database. */
export interface LogHead {
  readonly tenantId: string;
  readonly logId: string;
  readonly epoch: number;
  readonly origin: string;
  readonly size: number;
  /** RFC 6962 root over the first `size` leaves. */
  readonly rootHash: Buffer;
  /** Leaves below were dropped by retention; their hashes are kept. */
  readonly minimumIndex: number;
}

/** A checkpoint as it was signed, with all signatures that have come since. */
export interface StoredCheckpoint {
  readonly tenantId: string;
  readonly epoch: number;
  readonly origin: string;
  readonly size: number;
  readonly rootHash: Buffer;
  /** Signed note (C2SP tlog-checkpoint). */
  readonly note: string;
  readonly createdAt: Date;
}

/** An event with its place in the log. */
export interface LoggedEvent {
  readonly index: number;
  readonly eventId: string;
  readonly leafHash: Buffer;
  /** Undefined when retention has dropped it. */
  readonly leaf: Buffer | undefined;
}

/** The log of the instance itself: what concerns all tenants, and the checkpoints of their logs. */
export const SYSTEM_LOG_TENANT_ID = '00000000-0000-0000-0000-000000000000';
