-- Workspaces that nobody uses are archived: what is in them is kept elsewhere, and their folders are removed.
-- archive: 'sealing' while that is made sure of, 'archiving' while the folder is being removed, 'archived' after that.
-- archives_at: when that is to happen, once its members were told. archive_note: why it was put off.

alter table workspaces add column archive text check (archive in ('sealing', 'archiving', 'archived'));
alter table workspaces add column archives_at timestamptz;
alter table workspaces add column archived_at timestamptz;
alter table workspaces add column archive_note text not null default '';

create index workspaces_archives on workspaces (archives_at) where archives_at is not null;

-- Those of projects that are not in the bin, in which nothing runs; used_at: since when.
create view resting_workspaces as
select w.id, coalesce(s.node, w.node) as node, w.archive, w.archives_at,
    greatest(coalesce(w.claimed_at, w.created_at), s.since) as used_at
from workspaces w
left join sandboxes s on s.workspace_id = w.id
where w.claimed_at is not null and w.deleted_at is null
    and coalesce(s.state, 'absent') in ('absent', 'stopped', 'failed')
    and exists (
        select from projects p left join member_workspaces m on m.project_id = p.id
        where p.deleted_at is null and w.id in (p.workspace_id, m.workspace_id)
    );
