-- Connections of accounts to git providers, and what keeps a linked project and its repository there in step.

create table provider_connections (
    id uuid primary key default gen_random_uuid(),
    account_id uuid not null references accounts (id) on delete cascade,
    provider text not null check (provider in ('github', 'gitlab', 'bitbucket', 'gitea')),
    url text not null,
    kind text not null check (kind in ('oauth', 'token')),
    -- Who the provider says it is.
    login text not null,
    user_id text not null,
    scopes text[] not null default '{}',
    -- The tokens, which name this row.
    sealed bytea not null,
    expires_at timestamptz,
    state text not null check (state in ('working', 'broken')),
    reason text not null default '',
    created_at timestamptz not null,
    checked_at timestamptz not null,
    next_check timestamptz not null,
    unique (account_id, provider, url)
);
create index provider_connections_due on provider_connections (next_check);
create index provider_connections_user on provider_connections (provider, url, user_id);

-- Somebody is at the provider's page that asks for leave. `state` is the hash of what he has to come back with.
create table provider_handshakes (
    state bytea primary key,
    account_id uuid not null references accounts (id) on delete cascade,
    session_id uuid not null,
    provider text not null,
    url text not null,
    scopes text[] not null,
    sealed bytea not null,
    next text not null,
    expires_at timestamptz not null
);

-- One row for each linked project: when it is to be compared with the provider's repository, and who does it now.
create table mirrors (
    project_id uuid primary key references projects (id) on delete cascade,
    due_at timestamptz not null,
    lease_until timestamptz,
    -- Counts what asked for it, so that what comes while one looks is not missed.
    wanted bigint not null default 1,
    done bigint not null default 0,
    attempts integer not null default 0,
    state text not null default 'waiting' check (state in ('waiting', 'level', 'diverged', 'failing')),
    reason text not null default '',
    looked_at timestamptz
);
create index mirrors_due on mirrors (due_at);

-- What both sides had when they were last the same, and what they have where neither follows from the other.
create table mirror_refs (
    project_id uuid not null references mirrors (project_id) on delete cascade,
    ref text not null check (ref ~ '^refs/(heads|tags)/.'),
    common text,
    state text not null check (state in ('level', 'diverged', 'refused')),
    ours text,
    theirs text,
    reason text not null default '',
    changed_at timestamptz not null,
    primary key (project_id, ref)
);

-- A push that was recorded is to reach the provider, unless it came from there.
create function want_mirror() returns trigger language plpgsql as $$
begin
    update mirrors set wanted = wanted + 1, due_at = '-infinity', attempts = 0 where project_id = new.project_id;
    return null;
end
$$;
create trigger want_mirror after update of state on pushes
for each row when (new.state = 'recorded' and old.state = 'pending' and new.via <> 'provider') execute function want_mirror();

-- Who became a member because the provider lets him read the repository; asked again each day.
create table joined_members (
    project_id uuid not null,
    account_id uuid not null,
    role text not null,
    checked_at timestamptz not null,
    next_check timestamptz not null,
    primary key (project_id, account_id),
    foreign key (project_id, account_id) references members (project_id, account_id) on delete cascade
);
create index joined_members_due on joined_members (next_check);

-- Links whose hook or key is still to be removed at the provider: the project is gone, in the bin or linked no more.
create table link_removals (
    link_id uuid primary key references provider_links (id) on delete cascade,
    project text not null default '',
    due_at timestamptz not null,
    attempts integer not null default 0
);
