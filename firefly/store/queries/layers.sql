-- name: below_workspace(workspace_id)
-- The stack that a workspace lies on, the uppermost first.
with recursive stack as (
    select l.id, l.uid, l.below, l.depth from layers l join workspaces w on w.layer_id = l.id where w.id = :workspace_id
    union all
    select l.id, l.uid, l.below, l.depth from layers l join stack s on l.id = s.below
)
select id, uid from stack order by depth desc;

-- name: newest_of_template(template)^
select id, origin, reaches, depth from layers where template = :template order by created_at desc limit 1;

-- name: newest_of_project(project_id)^
select id, origin, reaches, depth from (
    select l.id, l.origin, l.reaches, l.depth, l.created_at, 1 as rank from layers l where l.project_id = :project_id
    union all
    select l.id, l.origin, l.reaches, l.depth, l.created_at, 2
    from projects p join workspaces w on w.id = p.workspace_id join layers l on l.id = w.layer_id
    where p.id = :project_id
) as found
order by rank, created_at desc limit 1;

-- name: layer_of_artifact(artifact)$
select id from layers where artifact = :artifact;

-- name: add_layer(id, workspace_id, origin, reaches, project_id, template, artifact, size, files, now)!
insert into layers (id, below, depth, uid, project_id, template, artifact, origin, reaches, size, files, created_at)
select :id, w.layer_id, coalesce(l.depth, 0) + 1, w.uid, :project_id, :template, :artifact, :origin, :reaches, :size,
    :files, :now
from workspaces w left join layers l on l.id = w.layer_id
where w.id = :workspace_id;

-- name: size_of_layers()$
select coalesce(sum(size), 0)::bigint from layers;

-- name: drop_unused_layers(before)
delete from layers l
where not exists (select from workspaces w where w.layer_id = l.id)
and not exists (select from layers above where above.below = l.id)
and exists (
    select from layers newer
    where newer.created_at > l.created_at
    and (newer.template = l.template or newer.project_id = l.project_id)
    union all
    select where l.artifact is not null and l.created_at < :before
    union all
    select where l.template is null and l.artifact is null and not exists (
        select from projects p where p.id = l.project_id and p.deleted_at is null
    )
)
returning l.id;
