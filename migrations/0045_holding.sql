-- Who holds a build, and what nobody needs any more.

-- Of whoever builds it, and one more with each that does: nothing is written for a build by one that held it before.
alter table builds add column epoch integer not null default 0;
-- The epoch for which something is built in it.
alter table build_workspaces add column epoch integer;

-- Since when a build's log is no longer kept; null: it is.
alter table builds add column log_removed_at timestamptz;
create index builds_ended on builds (ended_at) where ended_at is not null and log_removed_at is null;

-- Whose bytes are whose, when those are looked for that nobody names.
create index artifacts_stored on artifacts (stored) where stored <> '';
create index build_caches_stored on build_caches (stored);
create index discarded_artifacts_stored on discarded_artifacts (stored);

-- What was cleared away, by whatever does it: when that was last done, and all that it ever removed.
create table clearings (
    part text primary key,
    swept_at timestamptz not null,
    removed_at timestamptz,
    removed bigint not null default 0,
    bytes bigint not null default 0,
    -- Why it went wrong the last time; empty: it did not.
    failure text not null default ''
);
