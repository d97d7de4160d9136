-- name: named_bytes
-- How often rows name each of these digests of stored bytes.
select stored, count(*) as named from (
    select stored from artifacts where stored = any(:digests::text[])
    union all select stored from build_caches where stored = any(:digests::text[])
    union all select stored from discarded_artifacts where stored = any(:digests::text[])
    union all select digest from workspace_copies where digest = any(:digests::text[])
    union all select input ->> 'digest' from jobs
    where state in ('queued', 'running') and input ->> 'digest' = any(:digests::text[])
) n group by stored;

-- name: drop_old_logs^
-- Of builds that ended long ago and that no site shows; a line in their place says so.
with old as (
    select b.id from builds b
    where b.ended_at < :before and b.log_removed_at is null and not exists (
        select from sites s where s.build_id = b.id and s.state in ('starting', 'live', 'stopped')
    )
    order by b.ended_at limit :most for no key update skip locked
), lines as (
    delete from build_log l using old where l.build_id = old.id returning l.build_id, octet_length(l.data) as size
), printed as (
    delete from site_log l using old where l.build_id = old.id returning l.build_id, octet_length(l.data) as size
), marked as (
    update builds b set log_removed_at = :now from old where b.id = old.id
)
select (select count(*) from old) as looked_at,
    array(select distinct build_id from lines) as builds,
    coalesce((select sum(size) from lines), 0) + coalesce((select sum(size) from printed), 0) as bytes;

-- name: put_last_words!
insert into build_log (build_id, first_line, lines, size, data)
select id, 1, 1, :size, :data from unnest(:ids::uuid[]) as id;

-- name: note_clearing!
insert into clearings as c (part, swept_at, removed_at, removed, bytes, failure)
values (:part, :now, case when :removed > 0 then :now::timestamptz end, :removed, :bytes, :failure)
on conflict (part) do update set swept_at = excluded.swept_at, removed = c.removed + excluded.removed,
    removed_at = coalesce(excluded.removed_at, c.removed_at), bytes = c.bytes + excluded.bytes, failure = excluded.failure;

-- name: clearings
select part, swept_at, removed_at, removed, bytes, failure from clearings;
