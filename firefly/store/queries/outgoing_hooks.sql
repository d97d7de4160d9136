-- name: list_hooks
select h.*, coalesce(a.name, '') as by from outgoing_hooks h left join accounts a on a.id = h.by_id
where h.project_id = :project_id order by h.created_at, h.id;

-- name: find_hook^
select h.*, coalesce(a.name, '') as by from outgoing_hooks h left join accounts a on a.id = h.by_id where h.id = :id;

-- name: lock_project$
-- Additions to one project come one after another.
select id from projects where id = :project_id and deleted_at is null for no key update;

-- name: count_hooks$
select count(*) from outgoing_hooks where project_id = :project_id;

-- name: insert_hook!
insert into outgoing_hooks (id, project_id, flavour, host, sealed, events, by_id, created_at)
values (:id, :project_id, :flavour, :host, :sealed, :events, :by_id, :now);

-- name: set_active!
update outgoing_hooks set active = :active, reason = :reason, failures = 0 where id = :id;

-- name: delete_hook$
delete from outgoing_hooks where id = :id and project_id = :project_id returning host;

-- name: wanting
-- Those that are to be told of one of these events.
select id, flavour from outgoing_hooks
where project_id = :project_id and active and events && :events::text[] order by created_at, id;

-- name: insert_delivery!
insert into outgoing_deliveries (id, hook_id, build_id, event, body, state, created_at, due_at)
values (:id, :hook_id, :build_id, :event, :body, 'waiting', :now, :now);

-- name: list_deliveries
select * from outgoing_deliveries where hook_id = :hook_id and (:before::timestamptz is null or created_at < :before)
order by position desc limit :most;

-- name: find_delivery^
select * from outgoing_deliveries where id = :id and hook_id = :hook_id;

-- name: claim_deliveries
-- In the order in which things happened, for each hook, past what failed; given to one replica for a while. Of no owner
-- who is `busy`.
update outgoing_deliveries d set attempts = d.attempts + 1, due_at = :until
from outgoing_hooks h join projects p on p.id = h.project_id
where h.id = d.hook_id and d.id in (
    select o.id from outgoing_deliveries o
    join outgoing_hooks k on k.id = o.hook_id join projects q on q.id = k.project_id
    where o.state = 'waiting' and o.due_at <= :now and q.owner_id <> all(:busy::uuid[]) and not exists (
        select from outgoing_deliveries e
        where e.hook_id = o.hook_id and e.state = 'waiting' and e.reason = '' and e.position < o.position
    )
    order by o.due_at limit :most for no key update of o skip locked
)
returning d.*, h.project_id, h.sealed, h.active, p.owner_id;

-- name: end_delivery!
update outgoing_deliveries set state = :state, status = :status, reason = :reason, answer = :answer, ended_at = :now
where id = :id;

-- name: postpone_delivery!
update outgoing_deliveries set status = :status, reason = :reason, answer = :answer, due_at = :due_at where id = :id;

-- name: count_failure$
update outgoing_hooks set failures = failures + 1 where id = :id returning failures;

-- name: forget_failures!
update outgoing_hooks set failures = 0 where id = :id and failures > 0;

-- name: forget_deliveries!
delete from outgoing_deliveries where created_at < :before and state <> 'waiting';
