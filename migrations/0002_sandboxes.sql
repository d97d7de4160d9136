-- Workspaces, the users that own their files, and the state of each workspace's sandbox.

create sequence workspace_uids as integer minvalue 1 maxvalue 268435455;

create table workspaces (
    id uuid primary key,
    uid integer not null unique default 1862270976 + nextval('workspace_uids'),
    node text not null default 'local',
    epoch bigint not null default 1,
    created_at timestamptz not null default now(),
    claimed_at timestamptz,
    deleted_at timestamptz
);

create table sandboxes (
    workspace_id uuid primary key references workspaces (id) on delete cascade,
    state text not null check (state in ('absent', 'starting', 'running', 'stopping', 'stopped', 'failed')),
    reason text not null,
    since timestamptz not null,
    instance_id text,
    output text not null default ''
);
