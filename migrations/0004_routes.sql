-- Routes: which host shows what to whom. The primary key is the authority on who holds a host.
-- A row without a target is a host that is only reserved: for its former project, until reserved_until.

create table routes (
    host text primary key check (host = lower(host) and host <> ''),
    kind text not null check (kind in ('app', 'sandbox', 'reserved')),
    target jsonb not null default '{}',
    project_id uuid,
    access text not null default 'members' check (access in ('members', 'public')),
    policy_version bigint not null default 1,
    redirect_to text,
    reserved_until timestamptz,
    changed_at timestamptz not null default now()
);

create index routes_by_project on routes (project_id);
create index routes_by_redirect on routes (redirect_to) where redirect_to is not null;
