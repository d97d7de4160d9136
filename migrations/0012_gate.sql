-- The gate: service workers by leave, one entry for all hosts of a project, hosts that change hands.

alter table access_policies add column service_workers boolean not null default false;

-- Hosts of a project at which somebody was let in and that have no route of their own: those of its ports.
create table access_hosts (
    project_id uuid not null references projects (id) on delete cascade,
    host text not null,
    seen_at timestamptz not null,
    primary key (project_id, host)
);

-- Signed tickets from one host of a project to another that were used: each is good once.
create table access_spent (
    hash bytea primary key,
    expires_at timestamptz not null
);

-- Which project last showed something at a host, whatever became of its route; and since when, where that was another
-- project before: what browsers keep of the former one is cleared then.
create table host_holders (
    host text primary key,
    project_id uuid not null,
    held_at timestamptz not null default now(),
    taken_over_at timestamptz
);

insert into host_holders (host, project_id) select host, project_id from routes where project_id is not null;

alter table routes add column taken_over_at timestamptz;

create function note_host_holder() returns trigger language plpgsql as $$
begin
    if new.project_id is not null and new.kind <> 'reserved' then
        insert into host_holders as h (host, project_id) values (new.host, new.project_id)
        on conflict (host) do update set held_at = now(), project_id = excluded.project_id,
            taken_over_at = case when h.project_id <> excluded.project_id then now() else h.taken_over_at end
        returning taken_over_at into new.taken_over_at;
    end if;
    return new;
end
$$;

create trigger note_host_holder before insert or update on routes for each row execute function note_host_holder();

-- As 0011 has it, with the new column.
create or replace function note_route_change() returns trigger language plpgsql as $$
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
        select host, kind, target, project_id, access, policy_version, redirect_to,
            extract(epoch from taken_over_at)::float8 as taken_over_at
        from routes
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
