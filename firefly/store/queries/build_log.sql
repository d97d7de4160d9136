-- name: open_build_log^
-- Steps of an earlier attempt that nobody ended are over; returns the first line and the first step to come. No row:
-- somebody else holds the build by now, as with everything below.
with opened as (
    update builds set log_ended_at = null where id = :build_id and epoch = :epoch returning id
), ended as (
    update build_steps set state = 'ended', reason = 'Building was interrupted.', ended_at = :now
    where build_id = (select id from opened) and state = 'running'
)
select
    coalesce((
        select l.first_line + l.lines from build_log l where l.build_id = o.id order by l.first_line desc limit 1
    ), 1) as next_line,
    coalesce((select max(s.position) + 1 from build_steps s where s.build_id = o.id), 1) as next_step
from opened o;

-- name: sizes_of_log_pieces
select first_line, size from build_log where build_id = :build_id order by first_line;

-- name: add_log_piece^
-- Not added though it is held: there is one that begins with this line.
with held as (
    select id from builds where id = :build_id and epoch = :epoch
), added as (
    insert into build_log (build_id, first_line, lines, size, data)
    select id, :first_line, :lines, :size, :data from held
    on conflict do nothing returning first_line
)
select exists (select from held) as held, exists (select from added) as added,
    (select pg_notify(:channel, nextval('bus_event_ids')::text || ' ' || :event::text) from added);

-- name: has_log_piece$
select exists (
    select from build_log where build_id = :build_id and first_line = :first_line and data = :data
);

-- name: end_of_log$
select coalesce((
    select first_line + lines from build_log where build_id = :build_id order by first_line desc limit 1
), 1);

-- name: cut_log$
with held as (
    select id from builds where id = :build_id and epoch = :epoch
), cut as (
    delete from build_log where build_id = (select id from held) and first_line > :after and first_line <= :through
)
select exists (select from held);

-- name: begin_build_step$
with held as (
    select id from builds where id = :build_id and epoch = :epoch
), begun as (
    insert into build_steps (build_id, position, name, command, state, started_at)
    select id, :position, :name, :command, 'running', :started_at from held
    on conflict do nothing
)
select exists (select from held);

-- name: end_build_step$
with held as (
    select id from builds where id = :build_id and epoch = :epoch
), ended as (
    update build_steps set state = :state, reason = :reason, exit_code = :exit_code, ended_at = :ended_at
    where build_id = (select id from held) and position = :position
)
select exists (select from held);

-- name: close_build_log$
update builds set log_ended_at = :now where id = :build_id and epoch = :epoch returning true;

-- name: hold_build_log$
-- Until the end of the transaction nobody else takes the build.
select true from builds where id = :build_id and epoch = :epoch for share;

-- name: steps_of_build
select position, name, command, state, reason, exit_code, started_at, ended_at
from build_steps where build_id = :build_id order by position;

-- name: log_pieces_from
-- The one in which the line is, and those after it, as long as they are no more than so many bytes of text.
with found as (
    select first_line, lines, size, data from build_log
    where build_id = :build_id and first_line >= coalesce((
        select first_line from build_log
        where build_id = :build_id and first_line <= :line order by first_line desc limit 1
    ), 0)
    order by first_line limit :most
)
select first_line, lines, size, data from (
    select *, sum(size) over (order by first_line) - size as before from found
) f where before < :bytes order by first_line;

-- name: remove_log_pieces!
delete from build_log where build_id = :build_id and first_line between :first and :last;

-- name: insert_log_piece!
insert into build_log (build_id, first_line, lines, size, data)
values (:build_id, :first_line, :lines, :size, :data);

-- name: state_of_log^
select state, started_at, ended_at, log_ended_at from builds where id = :build_id;

-- name: sites_to_read
-- Builds whose sites may print something, with their sandboxes, which are among these.
select build_id, workspace_id from sites
where workspace_id = any(:workspace_ids::uuid[]) and state in ('starting', 'live', 'replaced');

-- name: newest_of_site_log^
select first_line, lines, size, data from site_log where build_id = :build_id order by first_line desc limit 1;

-- name: add_to_site_log^
-- What is kept of the others is bounded by their size, each piece and line counting for a little more than its text.
with added as (
    insert into site_log (build_id, first_line, lines, size, data)
    values (:build_id, :first_line, :lines, :size, :data)
    on conflict do nothing returning build_id
), dropped as (
    delete from site_log l using (
        select first_line, sum(size + 16 * lines + 512) over (order by first_line desc) as until
        from site_log where build_id = :build_id
    ) o
    where l.build_id = :build_id and l.first_line = o.first_line and o.until > :most
)
select pg_notify(:channel, nextval('bus_event_ids')::text || ' ' || :event::text) from added;

-- name: site_log_from
select first_line, lines, size, data from site_log
where build_id = :build_id and first_line + lines > :line order by first_line limit :most;
