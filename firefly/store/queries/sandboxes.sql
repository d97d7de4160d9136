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

-- name: put_sandbox(workspace_id, state, reason, since, instance_id, output)!
insert into sandboxes (workspace_id, state, reason, since, instance_id, output)
values (:workspace_id, :state, :reason, :since, :instance_id, :output)
on conflict (workspace_id) do update set state = excluded.state, reason = excluded.reason, since = excluded.since,
    instance_id = excluded.instance_id, output = excluded.output;

-- name: all_sandboxes()
select workspace_id, state, reason, since, instance_id, output from sandboxes;
