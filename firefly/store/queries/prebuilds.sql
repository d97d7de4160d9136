-- name: ask_for_prebuild^
-- One that waits or runs gives way; what was made of the same, or is being made, is not asked for again.
with others as (
    update prebuilds set state = 'cancelled', reason = 'A newer push came.', finished_at = :now
    where state in ('queued', 'running') and origin <> :origin
    and (project_id = :project_id or template = :template)
)
insert into prebuilds (id, project_id, template, origin, state, created_at)
select :id, :project_id, :template, :origin, 'queued', :now
where not exists (
    select from prebuilds p
    where p.origin = :origin and (p.project_id = :project_id or p.template = :template)
    and p.state in ('queued', 'running', 'succeeded')
)
returning id;

-- name: next_prebuild^
select id, project_id, template, origin from prebuilds where state = 'queued' order by created_at limit 1;

-- name: begin_prebuild!
update prebuilds set state = 'running', workspace_id = :workspace_id, started_at = :now where id = :id;

-- name: end_prebuild!
update prebuilds set state = :state, reason = :reason, log = :log, finished_at = :now, workspace_id = null
where id = :id;

-- name: interrupted_prebuilds
-- To be made again; returns the workspaces in which they were.
with found as (select id, workspace_id from prebuilds where state = 'running' and workspace_id is not null for update)
update prebuilds p set state = 'queued', workspace_id = null from found where p.id = found.id
returning found.workspace_id;

-- name: prebuilds_of_project
select id, origin, state, reason, log, created_at, started_at, finished_at from prebuilds
where project_id = :project_id order by created_at desc limit 20;
