-- Nothing is lost: which workspaces have been filled, and what of them is kept outside of their sandboxes.

alter table workspaces add column filled_at timestamptz;
alter table workspaces add column flushed_at timestamptz;

update workspaces w set filled_at = w.claimed_at
from projects p where p.workspace_id = w.id
    and not exists (select from jobs j where j.project_id = p.id and j.state in ('queued', 'running'));

-- The newest copy of the files that git ignores: an archive in the artifact store.
create table workspace_copies (
    workspace_id uuid primary key references workspaces (id) on delete cascade,
    digest text not null,
    size bigint not null,
    files integer not null,
    epoch bigint not null,
    made_at timestamptz not null
);

-- A member's own workspace of a project, beside the shared one.
create table member_workspaces (
    project_id uuid not null references projects (id) on delete cascade,
    account_id uuid not null references accounts (id) on delete cascade,
    workspace_id uuid unique references workspaces (id),
    created_at timestamptz not null,
    used_at timestamptz not null,
    warned_at timestamptz,
    archived_at timestamptz,
    primary key (project_id, account_id)
);

create index member_workspaces_idle on member_workspaces (used_at) where archived_at is null;
