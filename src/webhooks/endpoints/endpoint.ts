/** Why an endpoint is told nothing: somebody asked for it, it answered 410, or it has failed for too long. */
export type DisabledReason = 'requested' | 'gone' | 'failing';

/** Somebody who wants to be told. */
export interface Endpoint {
  readonly id: string;
  readonly tenantId: string;
  /** Opened with `EndpointSeal`: an address may hold a token of the receiver. */
  readonly urlSealed: Buffer;
  readonly eventTypes: readonly string[];
  /** Only runs of this definition; null = all. */
  readonly definition: string | null;
  readonly description: string | null;
  /** Null while it is enabled. */
  readonly disabledReason: DisabledReason | null;
  /** Since when every attempt has failed; null once one succeeds. */
  readonly failingSince: Date | null;
  /** Id of the principal that made it. */
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A signing secret, still sealed. */
export interface Secret {
  readonly id: string;
  readonly endpointId: string;
  readonly sealed: Buffer;
  readonly createdAt: Date;
  /** Null for the newest: it signs until another takes its place. */
  readonly expiresAt: Date | null;
}

/** Whether an endpoint wants events of a type about runs of a definition. */
export function wants(
  endpoint: Pick<Endpoint, 'eventTypes' | 'definition'>,
  event: { readonly type: string; readonly definition: string },
): boolean {
  const { eventTypes, definition } = endpoint;
  return (
    (eventTypes.includes('*') || eventTypes.includes(event.type)) &&
    (definition === null || definition === event.definition)
  );
}
