-- name: add_delivery^
-- One that failed before comes to be handled anew; None where it is known otherwise.
insert into hook_deliveries (
    id, project_id, provider, delivery, event, summary, body, size, state, reason, received_at, due_at, handled_at
) values (
    :id, :project_id, :provider, :delivery, :event, :summary, :body, :size, :state, :reason, :now::timestamptz,
    :now::timestamptz, case when :state = 'received' then null else :now::timestamptz end
)
on conflict (project_id, delivery) do update
    set state = excluded.state, reason = excluded.reason, attempts = 0, due_at = excluded.due_at, handled_at = null
    where hook_deliveries.state = 'failed' and excluded.state = 'received'
returning id, state;

-- name: list_deliveries
select id, project_id, provider, delivery, event, summary, size, body is not null as is_kept, state, reason, attempts,
    received_at, handled_at
from hook_deliveries
where project_id = :project_id
    and (:before_at::timestamptz is null or (received_at, id) < (:before_at::timestamptz, :before_id::uuid))
order by received_at desc, id desc limit :most;

-- name: find_delivery^
select id, project_id, provider, delivery, event, summary, size, body is not null as is_kept, state, reason, attempts,
    received_at, handled_at
from hook_deliveries where id = :id;

-- name: delivery_body$
select body from hook_deliveries where id = :id;

-- name: redeliver$
update hook_deliveries set state = 'received', reason = '', attempts = 0, due_at = :now, handled_at = null
where id = :id and project_id = :project_id and body is not null and state <> 'received'
returning id;

-- name: claim_delivery^
-- Those of one project come one after another, in the order in which they were received; of `busy` owners none comes.
update hook_deliveries h set attempts = attempts + 1, due_at = :until
from projects p
where p.id = h.project_id and h.id = (
    select d.id from hook_deliveries d join projects o on o.id = d.project_id and o.owner_id <> all (:busy::uuid[])
    where d.state = 'received' and d.due_at <= :now and not exists (
        select from hook_deliveries e
        where e.project_id = d.project_id and e.state = 'received' and (e.received_at, e.id) < (d.received_at, d.id)
    )
    order by d.due_at limit 1 for update of d skip locked
)
returning h.id, project_id, provider, delivery, event, summary, size, body is not null as is_kept, state, reason,
    attempts, received_at, handled_at, p.owner_id;

-- name: settle_delivery!
update hook_deliveries set state = :state, reason = :reason, handled_at = :now
where id = :id and state = 'received' and attempts = :attempts;

-- name: put_off_delivery!
update hook_deliveries set reason = :reason, due_at = :due_at
where id = :id and state = 'received' and attempts = :attempts;

-- name: forget_deliveries!
delete from hook_deliveries where received_at < :before and state <> 'received';

-- name: thin_deliveries!
-- Of each project, or of one alone, the newest so many, and of their bodies as many bytes.
with ranked as (
    select id, row_number() over newest as place, sum(coalesce(length(body), 0)) over newest as bytes
    from hook_deliveries where state <> 'received' and project_id = coalesce(:project_id::uuid, project_id)
    window newest as (partition by project_id order by received_at desc, id desc)
), gone as (
    delete from hook_deliveries d using ranked r where r.id = d.id and r.place > :most
)
update hook_deliveries d set body = null from ranked r
where r.id = d.id and r.place <= :most and r.bytes > :most_bytes and d.body is not null;

-- name: pending_deliveries^
select count(*) as count, coalesce(sum(length(body)), 0) as bytes
from hook_deliveries where project_id = :project_id and state = 'received';

-- name: find_pull^
select * from pull_requests where project_id = :project_id and number = :number;

-- name: put_pull^
insert into pull_requests (
    project_id, number, provider, title, author, url, base_ref, head_ref, head_commit, is_fork, source_url, state,
    opened_at, changed_at
) values (
    :project_id, :number, :provider, :title, :author, :url, :base_ref, :head_ref, :head_commit, :is_fork, :source_url,
    :state, :now, :now
)
on conflict (project_id, number) do update set provider = excluded.provider, title = excluded.title,
    author = case when excluded.author = '' then pull_requests.author else excluded.author end, url = excluded.url,
    base_ref = excluded.base_ref, head_ref = excluded.head_ref, head_commit = excluded.head_commit,
    is_fork = excluded.is_fork, source_url = excluded.source_url, state = excluded.state,
    changed_at = excluded.changed_at
returning *;

-- name: hold_pull^
select comment_id from pull_requests where project_id = :project_id and number = :number for update;

-- name: set_pull_comment!
update pull_requests set comment_id = :comment_id where project_id = :project_id and number = :number;

-- name: links_to_sweep
-- First one of each owner, then a second one.
update provider_links set pulls_at = :now
where id in (
    select l.id from provider_links l join (
        select d.id, row_number() over (partition by p.owner_id order by d.pulls_at nulls first) as place
        from provider_links d join projects p on p.id = d.project_id and p.deleted_at is null
        where d.state in ('linked', 'diverged') and (d.pulls_at is null or d.pulls_at < :before)
    ) due on due.id = l.id
    where l.pulls_at is null or l.pulls_at < :before
    order by due.place, l.pulls_at nulls first limit :most
    for update of l skip locked
)
returning id;

-- name: open_pulls
-- `is_seen`: it was considered for building since it opened.
select r.number, r.head_commit, exists (
    select from build_heads h
    where h.project_id = r.project_id and h.ref = 'refs/pull/' || r.number and h.ended_at is null
) as is_seen
from pull_requests r where r.project_id = :project_id and r.state = 'open';

-- name: name_actor!
update builds set actor = :actor where id = :id and account_id is null and actor in ('', 'provider') and :actor <> '';

-- name: wishes_of_project^
select coalesce(s.commit_status, true) as commit_status,
    coalesce(s.pull_request_comment, true) as pull_request_comment, coalesce(s.deployments, true) as deployments
from (select :project_id::uuid as id) p left join build_settings s on s.project_id = p.id;

-- name: find_deployment$
select deployment from provider_deployments where build_id = :build_id;

-- name: put_deployment!
insert into provider_deployments (build_id, deployment) values (:build_id, :deployment) on conflict do nothing;

-- name: live_site^
-- What shows a build at its branch, or was to.
select state, label, reason from sites where build_id = :build_id and shows = 'ref' order by created_at desc limit 1;
