-- How artifacts are made and kept: the dependencies of earlier builds, and artifacts that lie ready as layers.

alter table layers add column artifact text;
create unique index layers_artifact on layers (artifact) where artifact is not null;

-- A folder of dependencies as a build left it. `domain` is who may begin with it, `key` what it depends on.
create table build_caches (
    project_id uuid not null references projects (id) on delete cascade,
    domain text not null,
    folder text not null,
    key text not null,
    stored text not null,
    size bigint not null,
    created_at timestamptz not null,
    used_at timestamptz not null,
    primary key (project_id, domain, folder, key)
);

create index build_caches_used on build_caches (used_at);

-- What is to be removed from the artifact store, since no row names it any more.
create table discarded_artifacts (
    id bigint generated always as identity primary key,
    stored text not null
);

-- Also where a project takes its caches along as it goes.
create function discard_stored() returns trigger language plpgsql as $$
begin
    insert into discarded_artifacts (stored) values (old.stored);
    return null;
end $$;

create trigger artifacts_discarded after delete on artifacts for each row
when (old.kind <> 'image') execute function discard_stored();
create trigger build_caches_discarded after delete on build_caches for each row execute function discard_stored();

create index build_workspaces_purpose on build_workspaces (purpose, kept_until);
