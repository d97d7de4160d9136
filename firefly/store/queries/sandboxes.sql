-- name: add_workspace(id, node, claimed_at, layer_id)^
insert into workspaces (id, node, claimed_at, layer_id) values (:id, :node, :claimed_at, :layer_id) returning id, uid;

-- name: find_workspace(id)^
select id, uid, claimed_at from workspaces where id = :id and deleted_at is null;

-- name: claim_workspace(id, claimed_at)^
update workspaces set claimed_at = :claimed_at
where id = :id and claimed_at is null and deleted_at is null returning id;

-- name: mark_workspace_deleted(id, deleted_at)^
update workspaces set deleted_at = :deleted_at where id = :id returning id;

-- name: drop_workspace(id)!
delete from workspaces where id = :id;

-- name: leftover_workspaces(node)
select w.id from workspaces w left join sandboxes s on s.workspace_id = w.id
where (w.claimed_at is null or w.deleted_at is not null)
and coalesce(s.node, w.node) in (:node, 'local');

-- name: put_sandbox(workspace_id, state, reason, since, instance_id, started_at, output, node, owner, ports, channel, event)$
-- Each change of each sandbox comes here: one statement writes it and tells it.
with written as (
insert into sandboxes (workspace_id, state, reason, since, instance_id, started_at, output, node, owner, ports)
values (:workspace_id, :state, :reason, :since, :instance_id, :started_at, :output, :node, :owner, :ports)
on conflict (workspace_id) do update set state = excluded.state, reason = excluded.reason, since = excluded.since,
    instance_id = excluded.instance_id, started_at = excluded.started_at, output = excluded.output,
    node = excluded.node, owner = coalesce(excluded.owner, sandboxes.owner), ports = excluded.ports,
    admitted_at = null
)
select pg_notify(:channel, nextval('bus_event_ids')::text || ' ' || :event::text);

-- name: all_sandboxes(node)
select workspace_id, state, reason, since, instance_id, started_at, output, owner, ports from sandboxes
where node is null or node = :node;

-- name: sandbox_elsewhere(workspace_id, node)^
-- `node` null: wherever it is.
select workspace_id, state, reason, since, instance_id, started_at, output, owner, ports from sandboxes
where workspace_id = :workspace_id and node is distinct from :node and node is not null;

-- name: workspace_epoch(id)$
select epoch from workspaces where id = :id and deleted_at is null;

-- name: move_workspace(id, node)$
-- The epoch of a start on `node`: another node than before makes a new one, which fences the old.
update workspaces set node = :node, epoch = epoch + (node <> :node)::int
where id = :id and deleted_at is null returning epoch;

-- name: workspace_standing(id)^
select uid, epoch, layer_id is not null as layered from workspaces where id = :id and deleted_at is null;

-- name: raise_epoch(id)^
update workspaces set epoch = epoch + 1 where id = :id and deleted_at is null
returning uid, epoch, layer_id is not null as layered;

-- name: note_flush(id, now)!
update workspaces set flushed_at = :now, filled_at = coalesce(filled_at, :now) where id = :id;

-- name: node_of_sandbox(workspace_id)$
select node from sandboxes where workspace_id = :workspace_id;
