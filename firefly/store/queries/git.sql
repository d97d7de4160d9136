-- name: begin_push!
insert into pushes (id, project_id, pusher_id, via, state, changes)
values (:id, :project_id, :pusher_id, :via, 'pending', :changes);

-- name: settle_push^
-- None when it was settled already.
update pushes set state = :state, changes = :changes, settled_at = now()
where id = :id and state = 'pending'
returning id;

-- name: pending_pushes
select id, project_id, pusher_id, via, changes from pushes where state = 'pending' order by created_at limit 1000;

-- name: list_pushes
select id, project_id, pusher_id, via, state, changes, created_at, settled_at
from pushes where project_id = :project_id order by created_at desc limit :most;

-- name: find_copy^
select digest, size, files, made_at from workspace_copies where workspace_id = :workspace_id;

-- name: lock_copy$
select digest from workspace_copies where workspace_id = :workspace_id for update;

-- name: put_copy!
insert into workspace_copies (workspace_id, digest, size, files, epoch, made_at)
values (:workspace_id, :digest, :size, :files, :epoch, :now)
on conflict (workspace_id) do update set digest = excluded.digest, size = excluded.size, files = excluded.files,
    epoch = excluded.epoch, made_at = excluded.made_at;

-- name: remove_copy$
delete from workspace_copies where workspace_id = :workspace_id returning digest;

-- name: flushed_projects
select p.id from projects p join workspaces w on w.id = p.workspace_id where w.flushed_at is not null
union
select m.project_id from member_workspaces m join workspaces w on w.id = m.workspace_id where w.flushed_at is not null;
