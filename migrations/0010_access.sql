-- Access to previews: what lets people in beside being a member, who came in, and who asks to.

alter table revocations add column grant_id uuid;

alter table preview_tickets add column kind text not null default 'member';
alter table preview_tickets add column source_id uuid;

create table access_policies (
    project_id uuid primary key references projects (id) on delete cascade,
    is_public boolean not null default false,
    addresses text[] not null default '{}',
    public_paths text[] not null default '{}',
    public_preflights boolean not null default false
);

create table access_people (
    id uuid primary key default gen_random_uuid(),
    project_id uuid not null references projects (id) on delete cascade,
    account_id uuid references accounts (id) on delete cascade,
    email text check (email = lower(email)),
    by_id uuid references accounts (id) on delete set null,
    since timestamptz not null,
    check ((account_id is null) <> (email is null)),
    unique (project_id, account_id),
    unique (project_id, email)
);

create table access_links (
    id uuid primary key default gen_random_uuid(),
    project_id uuid not null references projects (id) on delete cascade,
    hash bytea not null unique,
    label text not null,
    by_id uuid references accounts (id) on delete set null,
    since timestamptz not null,
    expires_at timestamptz,
    max_uses integer,
    uses integer not null default 0
);
create index access_links_project on access_links (project_id);

-- A code without a request is the project's own, of which there is one.
create table access_codes (
    id uuid primary key default gen_random_uuid(),
    project_id uuid not null references projects (id) on delete cascade,
    hash bytea not null,
    request_id uuid,
    by_id uuid references accounts (id) on delete set null,
    since timestamptz not null,
    expires_at timestamptz not null,
    max_uses integer,
    uses integer not null default 0,
    unique (project_id, hash)
);
create unique index access_codes_own on access_codes (project_id) where request_id is null;

create table access_passwords (
    id uuid primary key default gen_random_uuid(),
    project_id uuid not null unique references projects (id) on delete cascade,
    hash text not null,
    by_id uuid references accounts (id) on delete set null,
    since timestamptz not null
);

-- A browser session has one grant for a project, however many of its hosts it visits.
create table access_grants (
    id uuid primary key,
    project_id uuid not null references projects (id) on delete cascade,
    kind text not null check (kind in ('member', 'person', 'link', 'code', 'password', 'request')),
    source_id uuid,
    account_id uuid references accounts (id) on delete cascade,
    session_id uuid,
    who text,
    address text,
    user_agent text not null,
    since timestamptz not null,
    issued_at timestamptz not null,
    last_seen timestamptz not null,
    expires_at timestamptz not null,
    unique (project_id, session_id)
);
create index access_grants_expiry on access_grants (expires_at);
create index access_grants_source on access_grants (source_id);

create table access_requests (
    id uuid primary key default gen_random_uuid(),
    project_id uuid not null references projects (id) on delete cascade,
    host text not null,
    secret_hash bytea not null unique,
    name text not null,
    message text not null,
    path text not null,
    address text,
    user_agent text not null,
    asked_at timestamptz not null,
    expires_at timestamptz not null,
    state text not null default 'waiting' check (state in ('waiting', 'allowed', 'denied', 'coded')),
    granted_until timestamptz
);
create index access_requests_project on access_requests (project_id) where state = 'waiting';
