/** How an event that a report names is shown and proven: templates (RFC 6570) that its id goes into. */
export const EVENT_LINKS = {
  event: '/v1/audit/events/{eventId}',
  proof: '/v1/audit/proofs/inclusion?eventId={eventId}',
} as const;
