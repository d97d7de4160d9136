

-- name: add_workspace(id, claimed_at)^
insert into workspaces (id, claimed_at) values (:id, :claimed_at) returning id, uid;

-- name: find_workspace(id)^
select id, uid, claimed_at from workspaces where id = :id and deleted_at is null;

-- name: claim_workspace(id, claimed_at)^
update workspaces set claimed_at = :claimed_at
where id = :id and claimed_at is null and deleted_at is null returning id;

-- name: mark_workspace_deleted(id, deleted_at)^
update workspaces set deleted_at = :deleted_at where id = :id returning id;

-- name: drop_workspace(id)!
delete from workspaces where id = :id;

-- name: leftover_workspaces()
select id from workspaces where claimed_at is null or deleted_at is not null;

-- name: put_sandbox(workspace_id, state, reason, since, instance_id, started_at, output)!
insert into sandboxes (workspace_id, state, reason, since, instance_id, started_at, output)
values (:workspace_id, :state, :reason, :since, :instance_id, :started_at, :output)
on conflict (workspace_id) do update set state = excluded.state, reason = excluded.reason, since = excluded.since,
    instance_id = excluded.instance_id, started_at = excluded.started_at, output = excluded.output;

-- name: all_sandboxes()
select workspace_id, state, reason, since, instance_id, started_at, output from sandboxes;

-- name: workspace_epoch(id)$
select epoch from workspaces where id = :id and deleted_at is null;

-- name: move_workspace(id, node)$
-- The epoch of a start on `node`: another node than before makes a new one, which fences the old.
update workspaces set node = :node, epoch = epoch + (node <> :node)::int
where id = :id and deleted_at is null returning epoch;

-- name: raise_epoch(id)$
update workspaces set epoch = epoch + 1 where id = :id and deleted_at is null returning epoch;

-- name: note_flush(id, now)!
update workspaces set flushed_at = :now, filled_at = coalesce(filled_at, :now) where id = :id;
