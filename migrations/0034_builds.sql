-- Builds: what was asked to be built, what became of it, and the sites that show the results.

create table builds (
    id uuid primary key,
    project_id uuid not null references projects (id) on delete cascade,
    -- Counts from 1 in each project; `build-<number>` is its host.
    number integer not null check (number > 0),
    ref text not null check (ref ~ '^refs/(heads|tags|pull)/.'),
    commit text not null check (commit ~ '^([0-9a-f]{40}|[0-9a-f]{64})$'),
    tree text not null default '',
    subject text not null default '',
    author text not null default '',
    -- What asked for it, and who: an account of ours, or a name where it is none.
    trigger text not null check (
        trigger in ('push', 'webhook', 'pull_request', 'manual', 'api', 'schedule', 'retry', 'sweep')
    ),
    account_id uuid references accounts (id) on delete set null,
    actor text not null default '',
    -- A fork's code is somebody else's: it gets no secrets, and artifacts are not shared with the project's own.
    trust text not null default 'project' check (trust in ('project', 'fork')),
    state text not null check (
        state in (
            'waiting', 'queued', 'running', 'succeeded', 'failed', 'tests_failed', 'cancelled', 'killed', 'timed_out',
            'superseded'
        )
    ),
    reason text not null default '',
    -- Where it failed: the step, the exit status, the lines that matter, the likely cause.
    failure jsonb,
    forced boolean not null default false,
    plan jsonb,
    configured_by text,
    build_key text,
    artifact text,
    reused_from uuid references builds (id) on delete set null,
    priority integer not null default 0,
    created_at timestamptz not null,
    queued_at timestamptz,
    started_at timestamptz,
    ended_at timestamptz,
    -- Who builds it, and until when nobody else may.
    holder text,
    lease_until timestamptz,
    attempts integer not null default 0,
    -- An end that was asked for while it runs: the state it is to have, and why.
    ending text check (ending in ('cancelled', 'killed', 'timed_out', 'superseded')),
    ending_reason text not null default '',
    unique (project_id, number)
);

create index builds_queued on builds (priority desc, queued_at) where state = 'queued';
create index builds_running on builds (lease_until) where state = 'running';
create index builds_ref on builds (project_id, ref, number desc);
create index builds_commit on builds (project_id, commit);
create index builds_key on builds (build_key) where artifact is not null;
create index builds_artifact on builds (artifact) where artifact is not null;

create table build_steps (
    build_id uuid not null references builds (id) on delete cascade,
    position integer not null,
    -- fetch, analyse, install, build, test, pack, start, health, route …; `command` where it is one of the project's.
    name text not null,
    command text,
    state text not null check (state in ('running', 'succeeded', 'failed', 'skipped', 'ended')),
    reason text not null default '',
    exit_code integer,
    started_at timestamptz not null,
    ended_at timestamptz,
    primary key (build_id, position)
);

-- The log in pieces; each is the compressed lines that came at about the same time.
create table build_log (
    build_id uuid not null references builds (id) on delete cascade,
    first_line bigint not null check (first_line > 0),
    lines integer not null check (lines > 0),
    data bytea not null,
    primary key (build_id, first_line)
);

-- What a project wants of its builds; a project without a row has the defaults.
create table build_settings (
    project_id uuid primary key references projects (id) on delete cascade,
    policy text not null default 'all' check (policy in ('all', 'none', 'patterns')),
    patterns text[] not null default '{}',
    pull_requests boolean not null default true,
    held boolean not null default false,
    held_reason text not null default '',
    -- A configuration kept here, in the words of firefly.yml.
    configuration text,
    configuration_forced boolean not null default false,
    timeout_seconds integer check (timeout_seconds between 1 and 86400),
    commit_status boolean not null default true,
    pull_request_comment boolean not null default true,
    deployments boolean not null default true,
    failure_mail boolean not null default true,
    changed_at timestamptz not null default now()
);

create table pull_requests (
    project_id uuid not null references projects (id) on delete cascade,
    number integer not null check (number > 0),
    provider text not null,
    title text not null default '',
    author text not null default '',
    url text not null default '',
    base_ref text not null default '',
    head_ref text not null default '',
    head_commit text not null,
    is_fork boolean not null default false,
    approved_by uuid references accounts (id) on delete set null,
    approved_commit text,
    state text not null check (state in ('open', 'merged', 'closed')),
    -- The comment at the provider that is kept up to date.
    comment_id text,
    opened_at timestamptz not null,
    changed_at timestamptz not null,
    primary key (project_id, number)
);

-- What came out of builds. `digest` names the uncompressed content, `stored` the bytes in the artifact store.
create table artifacts (
    digest text primary key check (digest ~ '^sha256:[0-9a-f]{64}$'),
    kind text not null check (kind in ('archive', 'site', 'image')),
    stored text not null,
    size bigint not null,
    stored_size bigint not null,
    created_at timestamptz not null,
    used_at timestamptz not null
);

-- Workspaces that belong to no person: those in which something is built, and those from which a site is served.
create table build_workspaces (
    workspace_id uuid primary key references workspaces (id) on delete cascade,
    build_id uuid not null references builds (id) on delete cascade,
    purpose text not null check (purpose in ('build', 'site')),
    created_at timestamptz not null,
    -- One of a failed build is kept until then, so that somebody may look around in it.
    kept_until timestamptz
);

create index build_workspaces_build on build_workspaces (build_id);

create table sites (
    id uuid primary key,
    project_id uuid not null references projects (id) on delete cascade,
    build_id uuid not null references builds (id) on delete cascade,
    -- What it shows: the newest of a branch (a tag, a pull request), or one build for ever.
    shows text not null check (shows in ('ref', 'build')),
    ref text not null,
    label text not null,
    -- Null: files are served without a process.
    workspace_id uuid references workspaces (id) on delete set null,
    state text not null check (state in ('starting', 'live', 'failed', 'stopped', 'replaced', 'removed')),
    reason text not null default '',
    is_demo boolean not null default false,
    created_at timestamptz not null,
    live_at timestamptz,
    ended_at timestamptz
);

create unique index sites_live_ref on sites (project_id, ref) where shows = 'ref' and state = 'live';
create index sites_project on sites (project_id, created_at desc);
create index sites_build on sites (build_id);

-- What is still to be told after a change of a build or a site, one row for each listener.
create table build_notices (
    id bigint generated always as identity primary key,
    build_id uuid not null references builds (id) on delete cascade,
    listener text not null,
    kind text not null,
    data jsonb not null default '{}',
    created_at timestamptz not null default now(),
    due_at timestamptz not null default now(),
    attempts integer not null default 0,
    done_at timestamptz,
    error text not null default ''
);

create index build_notices_due on build_notices (due_at) where done_at is null;
create index build_notices_build on build_notices (build_id, id);
