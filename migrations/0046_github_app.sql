-- The GitHub App of this installation, and what it tells: at one address, of all repositories that it is installed on.

create table github_apps (
    -- GitHub's site, as people know it, without a slash at the end. One App each.
    url text primary key,
    app_id text not null,
    name text not null,
    owner text not null default '',
    html_url text not null,
    client_id text not null,
    -- Its private key, and the secrets of its client and of its hook; they name this row.
    sealed bytea not null,
    created_by uuid references accounts (id) on delete set null,
    created_at timestamptz not null
);

-- Somebody is at GitHub's page that makes the App. `state` is the hash of what he has to come back with.
create table github_app_handshakes (
    state bytea primary key,
    account_id uuid not null references accounts (id) on delete cascade,
    session_id uuid not null,
    url text not null,
    expires_at timestamptz not null
);

-- What the App's hook has told, and how many projects it concerned; the bodies are kept with these.
create table app_deliveries (
    delivery text primary key,
    event text not null,
    summary text not null default '',
    reason text not null default '',
    projects integer not null,
    received_at timestamptz not null
);
create index app_deliveries_newest on app_deliveries (received_at desc);

-- `told_by_app`: the App's hook tells of the repository, which has none of ours. `app_changed_at`: when the App was last
-- installed on it, taken away, suspended or given other permissions; tokens that are older are good no more.
alter table provider_links add column told_by_app boolean not null default false;
alter table provider_links add column app_changed_at timestamptz;
create index provider_links_repository_id on provider_links (provider, base_url, repository_id);
create index provider_links_owner on provider_links (provider, base_url, lower(split_part(repository, '/', 1)));
