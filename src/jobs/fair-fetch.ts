/** A job as it is given out. */
export interface FetchedJob {
  readonly id: string;
  readonly data: unknown;
  readonly group_id: string;
  /** How often it was given out before. */
  readonly retry_count: number;
}

/**
 * Takes the next jobs of a queue, the groups in turn: the group that holds the fewest goes first, and none gets more
 * than its share, however long its queue. The groups are found by skipping through the index, so that a group with
 * 100,000 waiting jobs costs no more than one with a single job. What is chosen is looked up one by one, and not by a
 * join: the planner, who cannot know how few they are, would read the whole queue for it.
 *
 * $1 queue, $2 how many, $3 how many one group may hold here, $4 how many one group may hold anywhere (null = any),
 * $5 how many each group holds here, as a JSON object.
 */
export const FAIR_FETCH = `
with recursive groups as (
  (select group_id from pgboss.job
   where name = $1 and state < 'active' and not blocked order by group_id limit 1)
  union all
  select (select j.group_id from pgboss.job j
          where j.name = $1 and j.state < 'active' and not j.blocked and j.group_id > groups.group_id
          order by j.group_id limit 1)
  from groups where groups.group_id is not null
),
rooms as (
  select group_id, held, least($3::int - held, coalesce($4::int - anywhere, $2::int)) as room
  from groups
  cross join lateral (select coalesce(($5::jsonb ->> group_id)::int, 0) as held) as here
  cross join lateral (
    select case when $4::int is null then 0 else (
      select count(*)::int from pgboss.job a
      where a.name = $1 and a.state = 'active' and a.group_id = groups.group_id) end as anywhere) as there
  where group_id is not null
),
candidates as (
  select due.id, rooms.held + row_number() over (partition by rooms.group_id order by due.start_after) as turn
  from rooms cross join lateral (
    select j.id, j.start_after from pgboss.job j
    where j.name = $1 and j.group_id = rooms.group_id and j.state < 'active' and not j.blocked
      and j.start_after <= now()
    order by j.start_after limit least(greatest(rooms.room, 0), $2::int)) as due
),
chosen as (
  select locked.id from (select id from candidates order by turn) as candidate cross join lateral (
    select j.id from pgboss.job j where j.name = $1 and j.id = candidate.id and j.state < 'active'
    limit 1 for update skip locked) as locked
  limit $2
)
update pgboss.job j set state = 'active', started_on = now(), heartbeat_on = now(),
  retry_count = case when j.started_on is null then j.retry_count else j.retry_count + 1 end
where j.name = $1 and j.id = any (array (select id from chosen))
returning j.id, j.data, j.group_id, j.retry_count`;

/** The index that {@link FAIR_FETCH} skips through. */
export const FAIR_FETCH_INDEX = `
  create index if not exists countersign_fair_fetch on pgboss.job_common (name, group_id, start_after)
  where state < 'active' and not blocked`;
