-- name: give_notice(before, at, node)
update workspaces set archives_at = :at where id in (
    select id from resting_workspaces
    where archive is null and archives_at is null and used_at < :before and node in (:node, 'local')
    limit 100
) returning id;

-- name: due_archives(now, node)
select id from resting_workspaces
where archive is null and archives_at <= :now and node in (:node, 'local') order by archives_at limit 100;

-- name: open_archives(node)
-- What an earlier server did not bring to its end.
select w.id from workspaces w left join sandboxes s on s.workspace_id = w.id
where w.archive in ('sealing', 'archiving') and coalesce(s.node, w.node) in (:node, 'local');

-- name: archive_of(id)$
select archive from workspaces where id = :id;

-- name: set_sealing(id)$
update workspaces set archive = 'sealing'
where id = :id and archive is null and archives_at is not null and deleted_at is null returning id;

-- name: put_off(id, at, note)!
-- Not of one whose folder counts for nothing any more.
update workspaces set archive = null, archives_at = :at, archive_note = :note
where id = :id and coalesce(archive, 'sealing') = 'sealing';

-- name: rest_of(id)^
select archives_at, archived_at, archive_note from workspaces where id = :id;

-- name: set_archiving(id, now)!
-- From here on the folder counts for nothing; nor does what it lay on.
update workspaces set archive = 'archiving', archived_at = :now, archives_at = null, archive_note = '',
    layer_id = null, filled_at = coalesce(filled_at, :now)
where id = :id;

-- name: set_archived(id)!
update workspaces set archive = 'archived' where id = :id and archive = 'archiving';

-- name: note_use(id)!
update workspaces set archive = null, archived_at = null, archives_at = null, archive_note = ''
where id = :id and (archive is not null or archives_at is not null);
