-- name: own_workspaces
-- Of a project, or of one member of it. `open`: whether the member may still use it.
select mw.workspace_id, mw.project_id, mw.account_id, a.name as member, mw.created_at, w.filled_at,
    coalesce(m.role <> 'viewer', false) as open
from member_workspaces mw
join accounts a on a.id = mw.account_id
join workspaces w on w.id = mw.workspace_id
left join members m on m.project_id = mw.project_id and m.account_id = mw.account_id
where mw.project_id = :project_id and (:member::text is null or a.name = :member::text)
order by a.name;

-- name: add_own$
insert into member_workspaces (project_id, account_id, workspace_id, created_at)
values (:project_id, :account_id, :workspace_id, :now)
on conflict do nothing
returning workspace_id;

-- name: remove_own$
delete from member_workspaces where project_id = :project_id and workspace_id = :workspace_id returning workspace_id;

-- name: replace_own!
update member_workspaces set workspace_id = :workspace_id
where project_id = :project_id and account_id = :account_id;

-- name: set_own_filled!
update workspaces set filled_at = :now where id = :id;

-- name: job_of_own$
-- The newest that opens it, where that has not come to its end.
select id from jobs
where project_id = :project_id and account_id = :account_id and kind = 'workspace' and state in ('queued', 'running')
order by created_at desc limit 1;
