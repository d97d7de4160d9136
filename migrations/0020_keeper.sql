-- What projects ask for their sandboxes, who keeps one awake, and which server keeps the sandboxes of a node.

alter table sandboxes add column started_at timestamptz;

create table sandbox_wishes (
    workspace_id uuid not null references workspaces (id) on delete cascade,
    source text not null check (source in ('file', 'settings')),
    freeze_after double precision,
    stop_after double precision,
    memory bigint,
    cpu double precision,
    pids integer,
    primary key (workspace_id, source)
);

create table keep_awakes (
    id uuid primary key,
    workspace_id uuid not null references workspaces (id) on delete cascade,
    account_id uuid not null references accounts (id) on delete cascade,
    reason text not null,
    created_at timestamptz not null,
    until timestamptz not null
);

create index keep_awakes_workspace on keep_awakes (workspace_id);
create index keep_awakes_account on keep_awakes (account_id);

create table keeper_leases (
    node text primary key,
    place uuid not null,
    term bigint not null,
    expires_at timestamptz not null
);
