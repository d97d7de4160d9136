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
order by b.number desc limit :most;

-- name: hold_queue$
-- Requests of one project come one after another.
insert into build_queues (project_id) values (:project_id)
on conflict (project_id) do update set last_number = build_queues.last_number
returning last_number;

-- name: newest_of_ref^
select id, commit, state from builds
where project_id = :project_id and ref = :ref and ending is null order by number desc limit 1;

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

-- name: approved_commit$
select approved_commit from pull_requests where project_id = :project_id and number = :number;

-- name: places
-- Of builds that are queued: how many come before each, if nothing else happens; owners take turns.
with waiting as (
    select b.id, b.project_id, b.queued_at, q.served_at, coalesce(s.held, false) as held,
        row_number() over (
            partition by p.owner_id, coalesce(s.held, false) order by b.priority desc, b.queued_at, b.number
        ) as turn
    from builds b join projects p on p.id = b.project_id
    left join build_settings s on s.project_id = b.project_id
    left join build_owners q on q.owner_id = p.owner_id
    where b.state = 'queued' and p.deleted_at is null
), ordered as (
    select id, project_id, queued_at, held,
        row_number() over (partition by held order by turn, served_at nulls first, queued_at, id) as position,
        row_number() over (
            partition by held, project_id order by turn, served_at nulls first, queued_at, id
        ) as of_project
    from waiting
)
select id, position, of_project - 1 as ahead_of_project, queued_at, held from ordered where id = any(:ids);

-- name: insert_notices!
insert into build_notices (build_id, listener, kind, data, created_at, due_at)
select :build_id, listener, :kind, :data, :now, :now from unnest(:listeners::text[]) as listener;
