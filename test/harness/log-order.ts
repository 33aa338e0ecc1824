/** Joins events of one tenant with their places in the log, or in the queue before it. */
export const WITH_PLACE = `left join (select event_id, index from audit_index) place on place.event_id = id
  left join (select event_id, seq from audit_pending) pending on pending.event_id = id`;

/** What is sealed stands before what still waits. */
export const IN_LOG_ORDER = 'order by place.index nulls last, pending.seq';
