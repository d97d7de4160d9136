-- How much text each piece of a log holds, and when a build's log was closed: nothing will be added to it.
alter table build_log add column size bigint not null default 0;

alter table builds add column log_ended_at timestamptz;

-- What a running site printed last.
create table site_log (
    build_id uuid not null references builds (id) on delete cascade,
    first_line bigint not null check (first_line > 0),
    lines integer not null check (lines > 0),
    size bigint not null,
    data bytea not null,
    primary key (build_id, first_line)
);
