-- Members' own workspaces: when one was used last is told by its sandbox, as of every workspace.

alter table member_workspaces alter column workspace_id set not null;
alter table member_workspaces alter column used_at drop not null;
create index member_workspaces_account on member_workspaces (account_id);

create view own_workspace_facts as
select mw.workspace_id, p.id as project_id, o.name as owner, p.name, o.is_administrator as owner_is_administrator,
    w.filled_at is not null as filled,
    a.name as member, a.id as member_id, a.is_administrator as member_is_administrator
from member_workspaces mw
join projects p on p.id = mw.project_id
join accounts o on o.id = p.owner_id
join accounts a on a.id = mw.account_id
join workspaces w on w.id = mw.workspace_id;
