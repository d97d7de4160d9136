-- name: note_plan!
-- Not where another builds it by now.
update builds set tree = :tree, plan = :plan, configured_by = :configured_by, build_key = :build_key
where id = :build_id and epoch = :epoch and ended_at is null;

-- name: stored_configuration^
select configuration, configuration_forced from build_settings where project_id = :project_id;

-- name: find_by_key^
-- The newest good build of the same key, with its artifact, which is thereby used.
with found as (
    select b.id, b.artifact from builds b join artifacts a on a.digest = b.artifact
    where b.build_key = :build_key and b.state = 'succeeded' order by b.ended_at desc limit 1
), used as (
    update artifacts a set used_at = :now from found where a.digest = found.artifact
    returning a.digest, a.kind, a.size, a.stored
)
select found.id, used.digest, used.kind, used.size, used.stored from found, used;

-- name: add_artifact$
-- Whether it is new; null where another builds it by now.
insert into artifacts (digest, kind, stored, size, stored_size, created_at, used_at)
select :digest, :kind, :stored, :size, :stored_size, :now::timestamptz, :now from builds
where id = :build_id and epoch = :epoch
on conflict (digest) do update set used_at = excluded.used_at
returning xmax = 0;

-- name: store_anew$
-- The same content, of which the bytes were lost; null where somebody else was quicker.
update artifacts set stored = :stored, stored_size = :stored_size where digest = :digest and stored = :lost
returning true;

-- name: find_artifact^
select digest, kind, stored, size, stored_size from artifacts where digest = :digest;

-- name: drop_unused_artifacts
delete from artifacts a
where a.used_at < :before and not exists (select from builds b where b.artifact = a.digest)
returning a.stored_size;

-- name: next_discarded
delete from discarded_artifacts where id in (
    select id from discarded_artifacts order by id for update skip locked limit :most
)
returning stored;

-- name: add_workplace$
-- Null where another builds it by now.
insert into build_workspaces (workspace_id, build_id, purpose, created_at, epoch)
select :workspace_id::uuid, id, 'build', :now::timestamptz, epoch from builds where id = :build_id and epoch = :epoch
returning true;

-- name: keep_workplace!
update build_workspaces set kept_until = :kept_until where workspace_id = :workspace_id;

-- name: kept_beside
-- Of the same project's other builds.
select w.workspace_id from build_workspaces w join builds b on b.id = w.build_id
where w.purpose = 'build' and w.kept_until is not null and w.workspace_id <> :workspace_id and b.project_id = (
    select k.project_id from build_workspaces o join builds k on k.id = o.build_id where o.workspace_id = :workspace_id
);

-- name: forgotten_workplaces
-- Of builds that are over, or were taken up by somebody else meanwhile.
select w.workspace_id from build_workspaces w join workspaces s on s.id = w.workspace_id
join builds b on b.id = w.build_id
where w.purpose = 'build' and s.node = :node and coalesce(w.kept_until, '-infinity') < :now
and (w.kept_until is not null or b.state <> 'running' or w.created_at < b.started_at or w.epoch < b.epoch)
union all
-- And those that were taken by a server which ended before it said what for: nothing of anybody's is in them.
select s.id from workspaces s
where s.node = :node and s.claimed_at < :lost and s.filled_at is null and s.deleted_at is null
and not exists (select from build_workspaces w where w.workspace_id = s.id)
and not exists (select from projects p where p.workspace_id = s.id)
and not exists (select from member_workspaces m where m.workspace_id = s.id)
and not exists (select from prebuilds b where b.workspace_id = s.id);

-- name: find_cache^
update build_caches set used_at = :now
where project_id = :project_id and domain = :domain and folder = :folder and key = :key
returning stored, size;

-- name: add_cache$
-- Null where another builds it by now.
insert into build_caches (project_id, domain, folder, key, stored, size, created_at, used_at)
select :project_id, :domain, :folder, :key, :stored, :size, :now::timestamptz, :now from builds
where id = :build_id and epoch = :epoch
returning true;

-- name: drop_old_caches!
-- All but the newest few of a project's folder.
delete from build_caches c
where c.project_id = :project_id and c.domain = :domain and c.folder = :folder and c.key not in (
    select k.key from build_caches k
    where k.project_id = :project_id and k.domain = :domain and k.folder = :folder
    order by k.used_at desc limit :most
);

-- name: drop_unused_caches
-- And all but the newest few of each folder.
delete from build_caches c using (
    select project_id, domain, folder, key, row_number() over (
        partition by project_id, domain, folder order by used_at desc
    ) as place from build_caches
) k
where k.project_id = c.project_id and k.domain = c.domain and k.folder = c.folder and k.key = c.key
and (c.used_at < :before or k.place > :most)
returning c.stored;
