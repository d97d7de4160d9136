-- Hooks that Firefly calls when something happens to a build or its site, and what became of each call.

create table outgoing_hooks (
    id uuid primary key,
    project_id uuid not null references projects (id) on delete cascade,
    flavour text not null check (flavour in ('generic', 'slack', 'mattermost', 'discord', 'teams')),
    -- Of chats the address is a credential: it is sealed, with the key that signs; only the host is shown.
    host text not null,
    sealed bytea not null,
    events text[] not null,
    active boolean not null default true,
    reason text not null default '',
    -- Calls that failed one after another.
    failures integer not null default 0,
    by_id uuid references accounts (id) on delete set null,
    created_at timestamptz not null
);

create index outgoing_hooks_project on outgoing_hooks (project_id, created_at);

create table outgoing_deliveries (
    id uuid primary key,
    -- In which they are sent.
    position bigint generated always as identity,
    hook_id uuid not null references outgoing_hooks (id) on delete cascade,
    build_id uuid references builds (id) on delete set null,
    event text not null,
    body text not null,
    state text not null check (state in ('waiting', 'delivered', 'failed')),
    status integer,
    reason text not null default '',
    answer text not null default '',
    attempts integer not null default 0,
    created_at timestamptz not null,
    due_at timestamptz not null,
    ended_at timestamptz
);

create index outgoing_deliveries_due on outgoing_deliveries (due_at) where state = 'waiting';
create index outgoing_deliveries_hook on outgoing_deliveries (hook_id, position desc);
create index outgoing_deliveries_oldest on outgoing_deliveries (created_at);
