-- name: kept_sandboxes
select build_id, workspace_id, kept_until from build_workspaces
where build_id = any(:ids) and purpose = 'build' and kept_until > :now order by kept_until;

-- name: last_good^
-- The newest before it that went well, of its own ref; else of the default branch, from which it came most likely.
select b.*, o.name as owner, p.name as project, coalesce(a.name, '') as account
from projects p join accounts o on o.id = p.owner_id
cross join lateral unnest(array[:ref, 'refs/heads/' || p.default_branch]) with ordinality as w (ref, place)
cross join lateral (
    select * from builds
    where project_id = p.id and ref = w.ref and number < :number and state = 'succeeded'
    order by number desc limit 1
) b
left join accounts a on a.id = b.account_id
where p.id = :project_id order by w.place limit 1;

-- name: build_settings^
select policy, patterns, pull_requests, held, held_reason, configuration, configuration_forced,
    timeout_seconds as timeout, commit_status, pull_request_comment, deployments, failure_mail
from build_settings where project_id = :project_id;

-- name: put_build_settings!
insert into build_settings (
    project_id, policy, patterns, pull_requests, held, held_reason, configuration, configuration_forced, timeout_seconds,
    commit_status, pull_request_comment, deployments, failure_mail, changed_at
) values (
    :project_id, :policy, :patterns, :pull_requests, :held, :held_reason, :configuration, :configuration_forced, :timeout,
    :commit_status, :pull_request_comment, :deployments, :failure_mail, :now
)
on conflict (project_id) do update set policy = excluded.policy, patterns = excluded.patterns,
    pull_requests = excluded.pull_requests, held = excluded.held, held_reason = excluded.held_reason,
    configuration = excluded.configuration, configuration_forced = excluded.configuration_forced,
    timeout_seconds = excluded.timeout_seconds, commit_status = excluded.commit_status,
    pull_request_comment = excluded.pull_request_comment, deployments = excluded.deployments,
    failure_mail = excluded.failure_mail, changed_at = excluded.changed_at;

-- name: lock_project_of_settings$
select id from projects where id = :project_id for no key update;

-- name: branches
-- Those that are there, and those that went lately; the newest first.
select h.ref, h.commit, h.reason, h.ended_at is not null as deleted, b.id as newest, p.number, p.title, p.url,
    p.state as request_state, s.build_id as shown
from build_heads h
left join lateral (
    select build_id from sites
    where project_id = h.project_id and ref = h.ref and shows = 'ref' and state in ('live', 'stopped', 'starting', 'failed')
    order by state = 'live' desc, state = 'stopped' desc, created_at desc limit 1
) s on true
left join lateral (
    select id, created_at from builds where project_id = h.project_id and ref = h.ref order by number desc limit 1
) b on true
left join pull_requests p on p.project_id = h.project_id and h.ref = 'refs/pull/' || p.number
where h.project_id = :project_id and (h.ended_at is null or h.ended_at > :since)
order by h.ended_at is not null, coalesce(b.created_at, h.seen_at) desc, h.ref limit :most;

-- name: builds_by_id
select b.*, o.name as owner, p.name as project, coalesce(a.name, '') as account
from builds b join projects p on p.id = b.project_id join accounts o on o.id = p.owner_id
left join accounts a on a.id = b.account_id
where b.id = any(:ids);

-- name: badge^
-- The state of the branch's newest build that has said something, which one that was superseded has not.
select p.id as project_id, p.visibility, (
    select b.state from builds b
    where b.project_id = p.id and b.ref = coalesce(:ref, 'refs/heads/' || p.default_branch) and b.state <> 'superseded'
    order by b.number desc limit 1
) as state
from projects p join accounts o on o.id = p.owner_id
where o.name = :owner and p.name = :name and p.deleted_at is null;
