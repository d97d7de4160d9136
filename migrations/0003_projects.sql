-- Projects, their members and former names, long work on them, and what was pushed to them.

create table projects (
    id uuid primary key,
    owner_id uuid not null references accounts (id),
    name text not null check (name ~ '^[a-z0-9](-?[a-z0-9])*$'),
    description text not null default '',
    visibility text not null default 'members' check (visibility in ('members', 'public')),
    default_branch text not null default 'main',
    template text,
    workspace_id uuid unique references workspaces (id),
    created_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    changed_what text not null default 'created it',
    changed_by uuid references accounts (id) on delete set null,
    deleted_at timestamptz
);

-- A deleted project keeps its name for as long as it can be restored.
create unique index projects_address on projects (owner_id, name);
create index projects_deleted on projects (deleted_at) where deleted_at is not null;

create table members (
    project_id uuid not null references projects (id) on delete cascade,
    account_id uuid not null references accounts (id) on delete cascade,
    role text not null check (role in ('owner', 'maintainer', 'editor', 'viewer')),
    since timestamptz not null default now(),
    primary key (project_id, account_id)
);

create index members_account on members (account_id);

create table project_names (
    owner_id uuid not null references accounts (id) on delete cascade,
    name text not null,
    project_id uuid not null references projects (id) on delete cascade,
    reserved_until timestamptz not null,
    primary key (owner_id, name)
);

create index project_names_project on project_names (project_id);

-- A job outlives a project that came to nothing, so that whoever started it can read why.
create table jobs (
    id uuid primary key,
    project_id uuid not null,
    account_id uuid not null references accounts (id) on delete cascade,
    kind text not null,
    state text not null check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    input jsonb not null,
    steps jsonb not null default '[]',
    error text,
    created_at timestamptz not null default now(),
    finished_at timestamptz
);

create index jobs_account on jobs (account_id, created_at desc);
create index jobs_unfinished on jobs (created_at) where state in ('queued', 'running');

create table pushes (
    id uuid primary key,
    project_id uuid not null references projects (id) on delete cascade,
    pusher_id uuid references accounts (id) on delete set null,
    via text not null check (via in ('http', 'workspace')),
    state text not null check (state in ('pending', 'recorded', 'refused')),
    changes jsonb not null,
    created_at timestamptz not null default now(),
    settled_at timestamptz
);

create index pushes_project on pushes (project_id, created_at desc);
create index pushes_pending on pushes (created_at) where state = 'pending';
