-- Where projects came from; trees made ready that workspaces start on; and the work that makes them ready.

alter table projects add column remix_of uuid references projects (id) on delete set null;
create index projects_remix_of on projects (remix_of) where remix_of is not null;

-- Where a project is found, for an account that may see it: a member, and anybody where it is public.
create function project_path(wanted uuid, account uuid) returns text language sql stable as $$
    select o.name || '/' || p.name from projects p join accounts o on o.id = p.owner_id
    where p.id = wanted and p.deleted_at is null and (
        p.visibility = 'public'
        or exists (select from members m where m.project_id = p.id and m.account_id = account)
    )
$$;

create function count_remixes(wanted uuid) returns bigint language sql stable as $$
    select count(*) from projects p where p.remix_of = wanted and p.deleted_at is null
$$;

-- Files that nobody changes any more: of a template, or of a commit of a project. Workspaces see them below their own.
-- `reaches`: the commits from which the history in them can be seen.
create table layers (
    id uuid primary key,
    below uuid references layers (id),
    depth integer not null check (depth between 1 and 5),
    uid integer not null,
    project_id uuid references projects (id) on delete set null,
    template text,
    origin text not null,
    reaches text not null default '',
    size bigint not null,
    files integer not null,
    created_at timestamptz not null
);
create index layers_below on layers (below) where below is not null;
create index layers_project on layers (project_id, created_at desc) where project_id is not null;
create index layers_template on layers (template, created_at desc) where template is not null;

alter table workspaces add column layer_id uuid references layers (id);
create index workspaces_layer on workspaces (layer_id) where layer_id is not null;

-- What `origin` is the tree of, and how making it ready went; of each project the newest few.
create table prebuilds (
    id uuid primary key,
    project_id uuid references projects (id) on delete cascade,
    template text,
    origin text not null,
    workspace_id uuid references workspaces (id) on delete set null,
    state text not null check (state in ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    reason text not null default '',
    log text not null default '',
    created_at timestamptz not null,
    started_at timestamptz,
    finished_at timestamptz,
    check ((project_id is null) <> (template is null))
);
create index prebuilds_project on prebuilds (project_id, created_at desc) where project_id is not null;
create index prebuilds_open on prebuilds (created_at) where state in ('queued', 'running');
