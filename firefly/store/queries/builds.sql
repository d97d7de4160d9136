-- name: find_build^
select b.*, o.name as owner, p.name as project, coalesce(a.name, '') as account
from builds b join projects p on p.id = b.project_id join accounts o on o.id = p.owner_id
left join accounts a on a.id = b.account_id
where b.id = :id;

-- name: find_number$
select id from builds where project_id = :project_id and number = :number;

-- name: list_builds
select b.*, o.name as owner, p.name as project, coalesce(a.name, '') as account
from builds b join projects p on p.id = b.project_id join accounts o on o.id = p.owner_id
left join accounts a on a.id = b.account_id
where b.project_id = :project_id and (:before::integer is null or b.number < :before)
    and (:ref::text is null or b.ref = :ref) and (:state::text is null or b.state = :state)
    and (
        :search::text is null or starts_with(b.commit, lower(:search)) or b.number::text = ltrim(:search, '#')
        or strpos(lower(concat_ws(chr(10), b.subject, b.ref, b.author, b.actor, a.name)), lower(:search)) > 0
    )
order by b.number desc limit :most;

-- name: hold_queue$
-- Requests of one project come one after another.
insert into build_queues (project_id) values (:project_id)
on conflict (project_id) do update set last_number = build_queues.last_number
returning last_number;

-- name: newest_of_ref^
-- Those that somebody ended do not count. `is_gone`: its ref ended since, and took its site away.
select id, commit, state, exists (select from sites s where s.build_id = b.id and s.state = 'removed') as is_gone
from builds b
where project_id = :project_id and ref = :ref and ending is null and state not in ('cancelled', 'superseded')
order by number desc limit 1;

-- name: count_waiting$
select count(*) from builds where project_id = :project_id and state in ('waiting', 'queued');

-- name: next_number$
update build_queues set last_number = last_number + 1 where project_id = :project_id returning last_number;

-- name: insert_build!
insert into builds (
    id, project_id, number, ref, commit, tree, subject, author, trigger, account_id, actor, trust, state, reason, forced,
    priority, created_at, queued_at
) values (
    :id, :project_id, :number, :ref, :commit, :tree, :subject, :author, :trigger, :account_id, :actor, :trust, :state,
    :reason, :forced, :priority, :now::timestamptz,
    case when :state = 'queued' then :now::timestamptz end
);

-- name: lock_build^
select state, ending from builds where id = :id for no key update;

-- name: end_waiting_of_ref
update builds set state = :state, reason = :reason, ended_at = :now
where project_id = :project_id and ref = :ref and number < :number and state in ('waiting', 'queued')
returning id;

-- name: end_running_of_ref
update builds set ending = :ending, ending_reason = :reason
where project_id = :project_id and ref = :ref and number < :number and state = 'running' and ending is null
returning id;

-- name: end_waiting!
update builds set state = :state, reason = :reason, ended_at = :now where id = :id and state in ('waiting', 'queued');

-- name: ask_end!
update builds set ending = :ending, ending_reason = :reason where id = :id and state = 'running' and ending is null;

-- name: queue_build!
update builds set state = 'queued', reason = '', queued_at = :now where id = :id and state = 'waiting';

-- name: approve_pull_request!
update pull_requests set approved_by = :account_id, approved_commit = :commit, changed_at = :now
where project_id = :project_id and number = :number;

-- name: pull_request^
select head_commit, is_fork, approved_commit from pull_requests where project_id = :project_id and number = :number;

-- name: places
-- Of builds that are queued: how many come before each, if nothing else happens; owners take turns.
with waiting as (
    select b.id, b.project_id, b.queued_at, q.served_at, coalesce(s.held, false) as held, s.held_reason,
        :seconds > 0 and coalesce(m.seconds, 0) >= :seconds as spent,
        row_number() over (
            partition by p.owner_id, coalesce(s.held, false) order by b.priority desc, b.queued_at, b.number
        ) as turn
    from builds b join projects p on p.id = b.project_id
    left join build_settings s on s.project_id = b.project_id
    left join build_owners q on q.owner_id = p.owner_id
    left join build_minutes m on m.owner_id = p.owner_id and m.month = :month
    where b.state = 'queued' and p.deleted_at is null
), ordered as (
    select id, project_id, queued_at, held, held_reason, spent,
        row_number() over (partition by held order by turn, served_at nulls first, queued_at, id) as position,
        row_number() over (
            partition by held, project_id order by turn, served_at nulls first, queued_at, id
        ) as of_project
    from waiting
)
select id, position, of_project - 1 as ahead_of_project, queued_at, held, held_reason, spent from ordered where id = any(:ids);

-- name: insert_notices!
insert into build_notices (build_id, listener, kind, data, created_at, due_at)
select :build_id, listener, :kind, :data, :now, :now from unnest(:listeners::text[]) as listener;

-- name: hold_claims$
-- Whoever takes a build counts those that run first, and so one at a time.
select pg_advisory_xact_lock(731404812);

-- name: count_running$
select count(*) from builds where state = 'running';

-- name: lost_build^
-- One whose builder has not been heard of.
select b.id, b.attempts, b.ending, b.ending_reason
from builds b where b.state = 'running' and b.lease_until < clock_timestamp()
order by b.lease_until limit 1 for no key update skip locked;

-- name: next_build$
-- Owners take turns: whoever has the fewest that run, and of these who was served the longest ago.
with busy as (
    select p.owner_id, count(*) as running from builds b join projects p on p.id = b.project_id
    where b.state = 'running' group by p.owner_id
)
select b.id from builds b join projects p on p.id = b.project_id
left join busy on busy.owner_id = p.owner_id
left join build_owners q on q.owner_id = p.owner_id
left join build_settings s on s.project_id = b.project_id
left join build_minutes m on m.owner_id = p.owner_id and m.month = :month
where b.state = 'queued' and p.deleted_at is null and not coalesce(s.held, false)
    and (:per_owner = 0 or coalesce(busy.running, 0) < :per_owner)
    and (:seconds = 0 or coalesce(m.seconds, 0) < :seconds)
order by coalesce(busy.running, 0), q.served_at nulls first, b.priority desc, b.queued_at, b.number
limit 1 for no key update of b skip locked;

-- name: take_build^
-- Nobody who held it before writes for it any more; an image that an earlier attempt has lent is not this one's.
update builds set state = 'running', holder = :holder, lease_until = clock_timestamp() + :lease::interval,
    attempts = attempts + 1, epoch = epoch + 1, started_at = coalesce(started_at, :now), artifact = null
where id = :id returning attempts, epoch;

-- name: note_served!
insert into build_owners (owner_id, served_at)
select p.owner_id, clock_timestamp() from builds b join projects p on p.id = b.project_id where b.id = :id
on conflict (owner_id) do update set served_at = excluded.served_at;

-- name: timeout_of$
select timeout_seconds from build_settings where project_id = :project_id;

-- name: keep_builds
-- What the holder builds; those whose project went meanwhile are to end too.
update builds b set lease_until = clock_timestamp() + :lease::interval
from projects p
where b.id = any(:ids) and b.holder = :holder and b.state = 'running' and p.id = b.project_id
returning b.id, b.ending, b.ending_reason, p.deleted_at is not null as project_gone;

-- name: keep_notices!
update build_notices set due_at = clock_timestamp() + :lease::interval where id = any(:ids) and done_at is null;

-- name: finish_build$
-- An end that was asked for wins. None: it is no longer the holder's.
update builds set state = coalesce(ending, :state), reason = case when ending is null then :reason else ending_reason end,
    failure = case when ending is null then :failure::jsonb end,
    artifact = case when ending is null then :artifact end,
    reused_from = case when ending is null then :reused_from::uuid end,
    ended_at = :now, holder = null, lease_until = null
where id = :id and holder = :holder and epoch = :epoch and state = 'running' returning state;

-- name: end_steps!
update build_steps set state = 'ended', ended_at = :now where build_id = :id and state = 'running';

-- name: release_build$
-- Back into the queue, as if it had not been begun.
update builds set state = 'queued', holder = null, lease_until = null, attempts = attempts - 1, started_at = null
where id = :id and holder = :holder and epoch = :epoch and state = 'running' and ending is null returning id;

-- name: add_minutes!
insert into build_minutes (owner_id, month, seconds)
select p.owner_id, :month::date, :seconds from builds b join projects p on p.id = b.project_id where b.id = :id
on conflict (owner_id, month) do update set seconds = build_minutes.seconds + excluded.seconds;

-- name: insert_publishing$
insert into build_notices (build_id, listener, kind, created_at, due_at, attempts)
values (:build_id, :listener, 'publish', :now, clock_timestamp() + :lease::interval, 1) returning id;

-- name: end_notice!
update build_notices set done_at = :now, error = :error where id = :id;

-- name: postpone_notice!
update build_notices set due_at = clock_timestamp() + :pause::interval, error = :error where id = :id and done_at is null;

-- name: claim_notices
-- In the order in which things happened, for each build and listener; given to one replica for a while. Of no owner who
-- is `busy`.
update build_notices m set attempts = m.attempts + 1, due_at = clock_timestamp() + :lease::interval
from builds b join projects p on p.id = b.project_id
where b.id = m.build_id and m.id in (
    select n.id from build_notices n join builds w on w.id = n.build_id join projects q on q.id = w.project_id
    where n.done_at is null and n.due_at <= clock_timestamp() and n.listener = :listener
    and q.owner_id <> all(:busy::uuid[]) and not exists (
        select from build_notices e
        where e.build_id = n.build_id and e.listener = n.listener and e.id < n.id and e.done_at is null
    )
    order by n.due_at, n.id limit :most for no key update of n skip locked
)
returning m.id, m.build_id, m.kind, m.data, m.attempts as attempt, p.owner_id;

-- name: forget_notices!
delete from build_notices where done_at < :before or created_at < :forgotten;

-- name: policy^
select policy, patterns, pull_requests, configuration, configuration_forced from build_settings
where project_id = :project_id;

-- name: default_branch$
select default_branch from projects where id = :project_id;

-- name: put_head!
insert into build_heads (project_id, ref, commit, reason, seen_at) values (:project_id, :ref, :commit, :reason, :now)
on conflict (project_id, ref) do update set commit = excluded.commit, reason = excluded.reason,
    seen_at = excluded.seen_at, ended_at = null, told_at = null;

-- name: know_head!
-- Of a ref of which nothing is known yet.
insert into build_heads (project_id, ref, commit, reason, seen_at) values (:project_id, :ref, :commit, '', :now)
on conflict (project_id, ref) do nothing;

-- name: put_heads!
-- Many at once, each ref but once.
insert into build_heads (project_id, ref, commit, reason, seen_at)
select :project_id, t.ref, t.commit, :reason, :now from unnest(:refs::text[], :commits::text[]) as t (ref, commit)
on conflict (project_id, ref) do update set commit = excluded.commit, reason = excluded.reason,
    seen_at = excluded.seen_at, ended_at = null, told_at = null;

-- name: unended_refs
-- Those of the refs of which something waits or runs.
select distinct ref from builds
where project_id = :project_id and ref = any(:refs::text[]) and state in ('waiting', 'queued', 'running');

-- name: end_heads!
insert into build_heads (project_id, ref, commit, reason, seen_at, ended_at)
select :project_id, ref, '', :reason, :now, :now from unnest(:refs::text[]) as ref
on conflict (project_id, ref) do update set reason = excluded.reason, ended_at = excluded.ended_at, told_at = null
where build_heads.ended_at is null;

-- name: heads
select ref, commit, reason, seen_at, ended_at from build_heads where project_id = :project_id order by seen_at desc;

-- name: ended_heads
-- Whose end nobody was told of; given to one replica until its transaction ends.
select project_id, ref from build_heads where ended_at is not null and told_at is null
order by ended_at limit :most for no key update skip locked;

-- name: head_told!
update build_heads set told_at = :now where project_id = :project_id and ref = :ref;

-- name: forget_heads!
delete from build_heads where told_at < :before;

-- name: hold_sweep$
select pg_try_advisory_xact_lock(731404813);

-- name: projects_to_sweep
-- Those first in which something was pushed since; none whose repository is being filled or pushed to.
select p.id from projects p left join build_queues q on q.project_id = p.id
where p.deleted_at is null and (q.swept_at is null or q.swept_at < :before)
    and not exists (
        select from jobs j where j.project_id = p.id and j.state in ('queued', 'running')
    )
    and not exists (
        select from pushes u where u.project_id = p.id and u.state = 'pending' and u.created_at > :recent
    )
order by exists (
    select from pushes u where u.project_id = p.id and u.state = 'recorded' and u.created_at > :recent
        and u.settled_at > q.swept_at
) desc, q.swept_at nulls first
limit :most;

-- name: note_swept!
insert into build_queues (project_id, swept_at) select id, :now from unnest(:ids::uuid[]) as id
on conflict (project_id) do update set swept_at = excluded.swept_at;

-- name: knows_all$
select knows_all from build_queues where project_id = :project_id;

-- name: note_knows_all!
insert into build_queues (project_id, knows_all) values (:project_id, true)
on conflict (project_id) do update set knows_all = true;

-- name: drop_schedules!
delete from build_schedules where project_id = :project_id and name <> all(:names::text[]);

-- name: put_schedule!
-- What is as it was keeps its time.
insert into build_schedules (project_id, name, expression, next_at) values (:project_id, :name, :expression, :next_at)
on conflict (project_id, name) do update set expression = excluded.expression, next_at = excluded.next_at
where build_schedules.expression <> excluded.expression;

-- name: due_schedules
select s.project_id, s.name, s.expression, p.default_branch from build_schedules s join projects p on p.id = s.project_id
where s.next_at <= :now and p.deleted_at is null
order by s.next_at limit :most for no key update of s skip locked;

-- name: schedule_ran!
update build_schedules set next_at = :next_at, ran_at = :now where project_id = :project_id and name = :name;

-- name: usage
-- Of owners of projects, what they take up now and, of minutes, in a month.
select o.id, o.name, (select count(*) from projects p where p.owner_id = o.id and p.deleted_at is null) as projects,
    (
        select count(*) from builds b join projects p on p.id = b.project_id where p.owner_id = o.id and b.state = 'queued'
    ) as queued,
    (
        select count(*) from builds b join projects p on p.id = b.project_id where p.owner_id = o.id and b.state = 'running'
    ) as running,
    coalesce((select seconds from build_minutes m where m.owner_id = o.id and m.month = :month), 0) as seconds
from accounts o
where (:names::text[] is null or o.name = any(:names::text[])) and exists (select from projects where owner_id = o.id)
order by o.name limit :most;

-- name: running_of_owner
-- The newest first.
select b.id, b.number, p.name as project from builds b join projects p on p.id = b.project_id
where p.owner_id = :owner_id and b.state = 'running' and b.ending is null order by b.started_at desc, b.id;

-- name: end_leases!
-- Of earlier servers in the same place, where there is never more than one.
update builds set lease_until = clock_timestamp() - interval '1 second'
where state = 'running' and starts_with(holder, :place) and holder <> :holder;
