-- Versions of routes, so that replicas learn what changed since theirs; aliases and custom domains of projects.

create sequence route_versions;

-- The version of each host's last change. What is not in routes any more was removed by it: a tombstone.
create table route_changes (
    host text primary key,
    version bigint not null,
    changed_at timestamptz not null default now()
);
create unique index route_changes_version on route_changes (version);

insert into route_changes (host, version) select host, nextval('route_versions') from routes;

-- Runs when a transaction is about to commit. The lock is held until others see the commit, so that versions are
-- committed in their order, and whoever has seen one has seen all before it; taken so late, it waits for nobody's rows.
-- The notification is one of topic `routes` on the bus, with the route itself unless that is too long for it.
create function note_route_change() returns trigger language plpgsql as $$
declare
    changed text := coalesce(new.host, old.host);
    now_version bigint;
    data jsonb;
    route jsonb;
begin
    perform pg_advisory_xact_lock(hashtextextended('firefly.routes', 11));
    now_version := nextval('route_versions');
    insert into route_changes (host, version) values (changed, now_version)
    on conflict (host) do update set version = excluded.version, changed_at = now();
    select to_jsonb(shown) into route from (
        select host, kind, target, project_id, access, policy_version, redirect_to from routes
        where host = changed and kind <> 'reserved' and (redirect_to is null or reserved_until > now())
    ) as shown;
    data := jsonb_build_object('version', now_version, 'host', changed, 'route', route);
    if octet_length(data::text) > 7000 then
        data := jsonb_build_object('version', now_version);
    end if;
    perform pg_notify('firefly', nextval('bus_event_ids')::text || ' ' || jsonb_build_object(
        'topic', 'routes', 'kind', 'routes.changed', 'data', data)::text);
    return null;
end
$$;

create constraint trigger note_route_change after insert or update or delete on routes
deferrable initially deferred for each row execute function note_route_change();

create table domains (
    id uuid primary key default gen_random_uuid(),
    project_id uuid not null references projects (id) on delete cascade,
    host text not null check (host = lower(host) and host <> ''),
    kind text not null check (kind in ('alias', 'custom')),
    port integer check (port between 1 and 65535),
    state text not null check (state in ('pending', 'active', 'failing', 'suspended', 'taken')),
    reason text not null default '',
    token text not null,
    by_id uuid references accounts (id) on delete set null,
    added_at timestamptz not null,
    proven_at timestamptz,
    failing_since timestamptz,
    checked_at timestamptz,
    next_check timestamptz,
    checks integer not null default 0,
    unique (project_id, host)
);
create index domains_due on domains (next_check) where next_check is not null;
create unique index domains_served on domains (host) where state in ('active', 'failing');
