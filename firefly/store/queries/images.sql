-- name: name_image^
-- No row where another builds it by now.
insert into artifacts (digest, kind, stored, size, stored_size, port, created_at, used_at)
select :digest, 'image', '', :size, 0, :port::integer, :now::timestamptz, :now from builds
where id = :build_id and epoch = :epoch
on conflict (digest) do update set used_at = excluded.used_at
returning digest, kind, size, stored;

-- name: lend_image!
-- The end of the build says whether it is its artifact.
update builds set artifact = :digest where id = :build_id and epoch = :epoch and state = 'running';

-- name: put_image$
-- Null where somebody else has stored it before.
update artifacts set stored = :stored, stored_size = :stored_size
where digest = :digest and kind = 'image' and stored = '' returning digest;

-- name: image_stored$
select stored from artifacts where digest = :digest and kind = 'image';

-- name: unstored_images
select digest from artifacts where kind = 'image' and stored = '' order by created_at;

-- name: shown_images
-- Those of sites that run, sleep or may be started again, and those that are nowhere else.
select a.digest from artifacts a where a.kind = 'image' and (a.stored = '' or exists (
    select from builds b join sites s on s.build_id = b.id
    where b.artifact = a.digest and s.state in ('starting', 'live', 'stopped')
));
