-- Sites: one row for each build that was shown, and the hosts that lead to it.

create unique index sites_of_build on sites (build_id);
create index sites_workspace on sites (workspace_id) where workspace_id is not null;

-- Whose database a site's own one begins as: that of the site which it replaced.
alter table sites add column database_from uuid references workspaces (id) on delete set null;
-- When it was begun to be shown, the last time.
alter table sites add column begun_at timestamptz;
-- Since when it is to be stopped, for what reason, and whether its files and its database go too.
alter table sites add column drains_since timestamptz;
alter table sites add column drain_reason text not null default '';
alter table sites add column empties boolean not null default false;
-- When they went; null: it may have some.
alter table sites add column emptied_at timestamptz;
create index sites_draining on sites (drains_since) where drains_since is not null;

-- What is to be routed; routes are put right by it. A label belongs to one ref, or to one build, of one project.
create table site_hosts (
    label text primary key,
    project_id uuid not null references projects (id) on delete cascade,
    -- Null: it shows one build for ever.
    ref text,
    -- A further host that the project's configuration asks for; empty for the main one.
    sub text not null default '',
    site_id uuid not null references sites (id) on delete cascade,
    -- How firefly.yml narrows who may see it, as a route's `access`; null: as the project has it.
    narrowed text
);

create unique index site_hosts_ref on site_hosts (project_id, ref, sub) where ref is not null;
create index site_hosts_site on site_hosts (site_id);

-- What firefly.yml narrows: of the project's policies the named one alone counts, beside its members.
alter table routes drop constraint routes_access_check;
alter table routes add constraint routes_access_check check (
    access in (
        'members', 'public', 'only members', 'only people', 'only link', 'only code', 'only password', 'only addresses'
    )
);
