-- name: lock_census()$
select pg_advisory_xact_lock(hashtextextended('firefly.sandboxes', 33));

-- name: count_live(workspace_id, owner)^
-- Those that hold memory, frozen ones too, and those about to start, wherever a server keeps them.
select count(*) as live, count(*) filter (where s.owner = :owner) as own
from sandboxes s join keeper_leases l on l.node = s.node and l.expires_at > now()
where (s.state in ('starting', 'running', 'frozen', 'stopping') or s.admitted_at is not null)
and (s.state in ('starting', 'running', 'frozen', 'stopping') or s.admitted_at > now() - interval '1 minute')
and s.workspace_id is distinct from :workspace_id;

-- name: live_of(owner)
select s.workspace_id, s.since
from sandboxes s join keeper_leases l on l.node = s.node and l.expires_at > now()
where s.state in ('starting', 'running', 'frozen', 'stopping') and s.owner = :owner;

-- name: admit_sandbox(workspace_id, owner, node)!
insert into sandboxes (workspace_id, state, reason, since, owner, node, admitted_at)
values (:workspace_id, 'absent', 'Not started yet.', now(), :owner, :node, now())
on conflict (workspace_id) do update set owner = excluded.owner, node = excluded.node, admitted_at = now();

-- name: own_sandbox(workspace_id, owner)!
update sandboxes set owner = :owner where workspace_id = :workspace_id;
