-- What projects have at GitHub, GitLab, Bitbucket, Gitea and Forgejo; what these tell us, and what we told them.

create table provider_links (
    id uuid primary key,
    -- Null once the project is gone: what it left at the provider is still to be removed.
    project_id uuid unique references projects (id) on delete set null,
    provider text not null check (provider in ('github', 'gitlab', 'bitbucket', 'gitea')),
    -- The site, as people know it, without a slash at the end.
    base_url text not null,
    -- `owner/name`, and the provider's own id of it, which outlives a new name.
    repository text not null,
    repository_id text not null default '',
    web_url text not null default '',
    clone_url text not null default '',
    ssh_url text not null default '',
    default_branch text not null default '',
    is_private boolean not null default true,
    -- Whose token it is: a connection's, or one of the link's own, sealed.
    connection_id uuid,
    token bytea,
    token_user text not null default '',
    hook_id text,
    hook_secret bytea not null,
    key_id text,
    key_private bytea,
    key_public text not null default '',
    state text not null check (state in ('linking', 'linked', 'diverged', 'broken', 'unlinking')),
    reason text not null default '',
    created_by uuid references accounts (id) on delete set null,
    created_at timestamptz not null,
    changed_at timestamptz not null,
    -- When it was last fetched from, and when the provider was last asked about it.
    fetched_at timestamptz,
    checked_at timestamptz,
    -- When its pull requests were last listed.
    pulls_at timestamptz
);

create index provider_links_repository on provider_links (provider, base_url, repository);
create index provider_links_pulls on provider_links (pulls_at nulls first) where state in ('linked', 'diverged');
create index provider_links_connection on provider_links (connection_id);

create table hook_deliveries (
    id uuid primary key,
    project_id uuid not null references projects (id) on delete cascade,
    provider text not null,
    -- The provider's own id of it: what comes twice is handled once.
    delivery text not null,
    event text not null,
    summary text not null default '',
    -- Compressed by zlib; null once it was too old, or there were too many, to be kept.
    body bytea,
    size integer not null,
    state text not null check (state in ('received', 'handled', 'ignored', 'failed')),
    reason text not null default '',
    attempts integer not null default 0,
    received_at timestamptz not null,
    due_at timestamptz not null,
    handled_at timestamptz,
    unique (project_id, delivery)
);

create index hook_deliveries_due on hook_deliveries (due_at) where state = 'received';
create index hook_deliveries_newest on hook_deliveries (project_id, received_at desc, id);
create index hook_deliveries_oldest on hook_deliveries (received_at);

-- Deployments that we began at a provider, so that the same one is told what becomes of it.
create table provider_deployments (
    build_id uuid primary key references builds (id) on delete cascade,
    deployment text not null
);

alter table pull_requests add column source_url text not null default '';
create index pull_requests_open on pull_requests (project_id) where state = 'open';

alter table pushes drop constraint pushes_via_check;
alter table pushes add constraint pushes_via_check check (via in ('http', 'workspace', 'provider'));
