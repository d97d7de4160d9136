-- name: insert_project!
insert into projects (
    id, owner_id, name, description, visibility, default_branch, template, remix_of, workspace_id, created_at,
    changed_at, changed_what, changed_by
)
values (
    :id, :owner_id, :name, :description, :visibility, :default_branch, :template, :remix_of, :workspace_id, :now,
    :now, :what, :account_id
);

-- name: insert_owner!
insert into members (project_id, account_id, role, since) values (:project_id, :account_id, 'owner', :now);

-- name: name_state$
-- What stands in the way of a name: 'used', 'deleted', 'reserved' (an old name of another project), or nothing.
select coalesce(
    (
        select case when p.deleted_at is null then 'used' else 'deleted' end
        from projects p where p.owner_id = :owner_id and p.name = :name
    ),
    (
        select 'reserved' from project_names n
        where n.owner_id = :owner_id and n.name = :name and n.reserved_until > :now
        and n.project_id is distinct from :project_id
    )
);

-- name: find_project^
select p.*, o.name as owner, m.role, c.name as changed_by_name,
    project_path(p.remix_of, :account_id) as origin_path, count_remixes(p.id) as remixes,
    w.archives_at, w.archived_at
from projects p
join accounts o on o.id = p.owner_id
left join workspaces w on w.id = p.workspace_id
left join members m on m.project_id = p.id and m.account_id = :account_id
left join accounts c on c.id = p.changed_by
where o.name = :owner and p.name = :name and (p.deleted_at is not null) = :deleted;

-- name: find_project_by_id^
select p.*, o.name as owner, m.role, c.name as changed_by_name,
    project_path(p.remix_of, :account_id) as origin_path, count_remixes(p.id) as remixes,
    w.archives_at, w.archived_at
from projects p
join accounts o on o.id = p.owner_id
left join workspaces w on w.id = p.workspace_id
left join members m on m.project_id = p.id and m.account_id = :account_id
left join accounts c on c.id = p.changed_by
where p.id = :id;

-- name: find_renamed$
select n.project_id
from project_names n join accounts o on o.id = n.owner_id
where o.name = :owner and n.name = :name and n.reserved_until > :now;

-- name: list_projects
select p.*, o.name as owner, m.role, c.name as changed_by_name,
    project_path(p.remix_of, :account_id) as origin_path, count_remixes(p.id) as remixes,
    w.archives_at, w.archived_at
from members m
join projects p on p.id = m.project_id
join accounts o on o.id = p.owner_id
left join workspaces w on w.id = p.workspace_id
left join accounts c on c.id = p.changed_by
where m.account_id = :account_id
and (p.deleted_at is not null) = :deleted
and (:before_at::timestamptz is null or (p.changed_at, p.id) < (:before_at::timestamptz, :before_id::uuid))
order by p.changed_at desc, p.id desc
limit :most;

-- name: visible_projects
select project_id from members where account_id = :account_id;

-- name: workspace_facts^
-- Of a project's shared workspace, or of a member's own one.
select p.workspace_id, p.id as project_id, o.name as owner, p.name, o.is_administrator as owner_is_administrator,
    w.filled_at is not null or p.filled_at is not null or (
        p.template is null and not exists (
            select from jobs j
            where j.project_id = p.id and j.kind <> 'workspace' and j.state in ('queued', 'running')
        )
    ) as filled,
    '' as member, null::uuid as member_id, false as member_is_administrator
from projects p
join accounts o on o.id = p.owner_id
join workspaces w on w.id = p.workspace_id
where p.workspace_id = :workspace_id
union all
select f.* from own_workspace_facts f where f.workspace_id = :workspace_id;

-- name: own_workspace_facts
-- Those that their members may still use; with `closed` the others too.
select f.* from own_workspace_facts f
left join members m on m.project_id = f.project_id and m.account_id = f.member_id
where f.project_id = :project_id and (:closed or m.role <> 'viewer')
order by f.member;

-- name: lock_project^
-- As find_project_by_id, with the row held until the transaction ends.
select p.*, o.name as owner, m.role, c.name as changed_by_name,
    project_path(p.remix_of, :account_id) as origin_path, count_remixes(p.id) as remixes,
    w.archives_at, w.archived_at
from projects p
join accounts o on o.id = p.owner_id
left join workspaces w on w.id = p.workspace_id
left join members m on m.project_id = p.id and m.account_id = :account_id
left join accounts c on c.id = p.changed_by
where p.id = :id
for update of p;

-- name: update_project!
update projects
set name = :name, description = :description, visibility = :visibility,
    changed_at = :now, changed_what = :what, changed_by = :account_id
where id = :id;

-- name: note_change!
update projects set changed_at = :now, changed_what = :what, changed_by = :account_id where id = :id;

-- name: set_filled!
update projects set filled_at = :now where id = :id;

-- name: set_workspace!
update projects set workspace_id = :workspace_id where id = :id;

-- name: set_default_branch!
update projects set default_branch = :branch where id = :id;

-- name: reserve_name!
insert into project_names (owner_id, name, project_id, reserved_until)
values (:owner_id, :name, :project_id, :until)
on conflict (owner_id, name) do update
set project_id = excluded.project_id, reserved_until = excluded.reserved_until;

-- name: free_name!
delete from project_names where owner_id = :owner_id and name = :name;

-- name: set_deleted!
update projects
set deleted_at = :deleted_at, changed_at = :now, changed_what = :what, changed_by = :account_id
where id = :id;

-- name: expired_projects
select id, workspace_id from projects where deleted_at < :before order by deleted_at limit 100;

-- name: interrupted_projects
select id, workspace_id from projects
where template is not null and filled_at is null and created_at < :before
order by created_at limit 100;

-- name: remove_project$
delete from projects where id = :id and (:before::timestamptz is null or deleted_at < :before::timestamptz)
returning id;

-- name: built_workspaces(project_id)
-- Those in which its builds are made, and from which they are shown.
select w.workspace_id from build_workspaces w join builds b on b.id = w.build_id where b.project_id = :project_id;

-- name: free_expired_names!
delete from project_names where reserved_until < :now;

-- name: list_members
select m.account_id, a.name, a.display_name, m.role, m.since
from members m join accounts a on a.id = m.account_id
where m.project_id = :project_id
order by array_position(array['owner', 'maintainer', 'editor', 'viewer'], m.role), a.name;

-- name: find_account$
select id from accounts where name = :name;

-- name: account_name$
select name from accounts where id = :id;

-- name: lock_members
select account_id, role from members where project_id = :project_id for update;

-- name: put_member!
insert into members (project_id, account_id, role, since) values (:project_id, :account_id, :role, :now)
on conflict (project_id, account_id) do update set role = excluded.role;

-- name: remove_member!
delete from members where project_id = :project_id and account_id = :account_id;
