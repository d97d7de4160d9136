-- name: find_site^
select s.*, array(
    select h.label from site_hosts h where h.site_id = s.id order by (h.ref is null), h.sub, h.label
) as labels
from sites s where s.id = :id;

-- name: site_of_build^
select s.*, array(
    select h.label from site_hosts h where h.site_id = s.id order by (h.ref is null), h.sub, h.label
) as labels
from sites s where s.build_id = :build_id;

-- name: sites_of_builds
select s.*, array(
    select h.label from site_hosts h where h.site_id = s.id order by (h.ref is null), h.sub, h.label
) as labels
from sites s where s.build_id = any(:build_ids::uuid[]);

-- name: made_by^
select a.kind, b.plan ->> 'runtime' as runtime
from builds b left join artifacts a on a.digest = b.artifact where b.id = :build_id;

-- name: live_site_of_ref^
select s.id, s.workspace_id, s.label, s.is_demo, b.number, b.plan
from sites s join builds b on b.id = s.build_id
where s.project_id = :project_id and s.ref = :ref and s.shows = 'ref' and s.state in ('live', 'stopped')
order by b.number desc limit 1;

-- name: site_facts^
-- What a site's server must know; nothing of a workspace that is none.
select s.id, s.project_id, s.build_id, s.ref, s.label, s.workspace_id, s.is_pages, s.state, s.reason, s.is_demo, s.database_from,
    b.number, b.commit, b.trust, b.plan, b.artifact, a.kind, a.port as image_port, p.name as project, p.visibility, p.owner_id, o.name as owner,
    o.is_administrator as owner_is_administrator, p.deleted_at is not null as is_deleted
from sites s join builds b on b.id = s.build_id join projects p on p.id = s.project_id
join accounts o on o.id = p.owner_id left join artifacts a on a.digest = b.artifact
where s.workspace_id = :workspace_id::uuid or s.id = :id::uuid;

-- name: insert_site!
insert into sites (id, project_id, build_id, shows, ref, label, workspace_id, state, reason, is_demo, created_at,
    database_from, is_pages)
values (:id, :project_id, :build_id, 'ref', :ref, :label, :workspace_id, 'starting', :reason, :is_demo, :now,
    :database_from, :is_pages);

-- name: insert_site_workspace!
insert into build_workspaces (workspace_id, build_id, purpose, created_at)
values (:workspace_id, :build_id, 'site', :now);

-- name: put_site^
-- What is started, or shown, is not to end any more.
update sites set state = :state, reason = :reason,
    begun_at = case when :state = 'starting' then :now::timestamptz else begun_at end,
    drains_since = case when :state in ('starting', 'live') then null else drains_since end,
    empties = empties and :state not in ('starting', 'live'),
    live_at = case when :state = 'live' then coalesce(live_at, :now::timestamptz) else live_at end,
    ended_at = case when :state in ('replaced', 'removed') then :now::timestamptz end
where id = :id returning project_id, build_id, state;

-- name: lock_site^
-- How far it is, and whether more than its build's own address leads to it.
select state, exists (select from site_hosts h where h.site_id = s.id and h.ref is not null) as is_routed
from sites s where s.id = :id for update of s;

-- name: show_build_only!
update sites set shows = 'build' where id = :id;

-- name: lock_ref$
-- Whoever changes what shows a ref, one after another.
select pg_advisory_xact_lock(hashtextextended(:project_id::uuid::text || ' ' || :ref::text, 39));

-- name: lock_project^
select p.visibility, p.name as project, o.name as owner
from projects p join accounts o on o.id = p.owner_id where p.id = :project_id and p.deleted_at is null for share of p;

-- name: is_ended$
-- Whether a ref is known to be gone.
select exists (
    select from build_heads where project_id = :project_id and ref = :ref and ended_at is not null
) or exists (
    select from pull_requests
    where project_id = :project_id and 'refs/pull/' || number = :ref and state <> 'open'
);

-- name: label_holder^
select project_id, ref, sub from site_hosts where label = :label;

-- name: put_host$
-- Nothing where it is somebody else's.
insert into site_hosts (label, project_id, ref, sub, site_id, narrowed)
values (:label, :project_id, :ref, :sub, :site_id, :narrowed)
on conflict (label) do update set site_id = excluded.site_id, narrowed = excluded.narrowed
where site_hosts.project_id = excluded.project_id and site_hosts.ref is not distinct from excluded.ref
    and site_hosts.sub = excluded.sub
returning label;

-- name: host_of_ref$
select label from site_hosts where project_id = :project_id and ref = :ref and sub = :sub;

-- name: drop_hosts_of_ref
-- Those of a ref that are not wanted any more.
delete from site_hosts where project_id = :project_id and ref = :ref and sub <> all(:wanted::text[]) returning label;

-- name: hosts_of_project
select h.label, h.ref, h.sub, h.narrowed, h.site_id, s.workspace_id, s.is_pages, b.number
from site_hosts h join sites s on s.id = h.site_id join builds b on b.id = s.build_id
where h.project_id = :project_id and (s.workspace_id is not null or s.is_pages) order by h.label;

-- name: move_host!
-- The sites that were shown there before are the ref's, and found by it.
with moved as (
    update site_hosts set label = :new_label where label = :old_label returning project_id, ref, site_id
)
update sites set label = :new_label
where label = :old_label and id in (
    select site_id from moved
    union all select s.id from moved m join sites s on s.project_id = m.project_id and s.ref = m.ref
);

-- name: sites_of_ref
select s.id, s.workspace_id, s.state from sites s
where s.project_id = :project_id and s.ref = :ref and s.state <> 'removed';

-- name: set_demo!
update sites set is_demo = :is_demo where project_id = :project_id and ref = :ref;

-- name: drain!
-- What is to be emptied is, whoever else has it stopped meanwhile. Of pages nothing runs that could end.
update sites set drains_since = :since, drain_reason = :reason, empties = empties or :empties
where id = :id and not is_pages;

-- name: drained!
update sites set drains_since = null, empties = false, emptied_at = case when :emptied then :now else emptied_at end
where id = :id and drains_since = :since;

-- name: draining
-- Of those whose sandboxes are kept on a node.
select s.id, s.workspace_id, s.drains_since, s.drain_reason, s.empties
from sites s left join sandboxes x on x.workspace_id = s.workspace_id
where s.drains_since is not null and s.workspace_id is not null and coalesce(x.node, :node) = :node;

-- name: cold_sites
-- Those that nobody has opened for long and that are not shown as anybody's newest: they begin anew when they are.
select s.id from sites s left join sandboxes x on x.workspace_id = s.workspace_id
where s.state in ('replaced', 'failed', 'removed') and s.workspace_id is not null and s.emptied_at is null
    and s.drains_since is null and coalesce(x.state, 'absent') in ('absent', 'stopped', 'failed')
    and coalesce(x.since, s.created_at) < :before
limit :most;

-- name: lock_sites$
select pg_advisory_xact_lock(hashtextextended('firefly.sites ' || :owner_id::uuid::text, 39));

-- name: running_sites
-- Those of an owner that hold memory, or are about to, the oldest run first. Demos do not count.
select s.id, s.workspace_id, x.state, b.number, p.name as project
from sites s join projects p on p.id = s.project_id join builds b on b.id = s.build_id
join sandboxes x on x.workspace_id = s.workspace_id
join keeper_leases l on l.node = x.node and l.expires_at > now()
where p.owner_id = :owner_id and not s.is_demo and s.workspace_id <> :workspace_id
    and (x.state in ('starting', 'running', 'frozen', 'stopping') or x.admitted_at > now() - interval '1 minute')
order by x.state not in ('running', 'frozen'), coalesce(x.started_at, x.since), s.created_at;

-- name: admit_site!
-- What was to be stopped has been: it is started anew.
with woken as (
    update sites set drains_since = null where workspace_id = :workspace_id and not empties
)
insert into sandboxes (workspace_id, state, reason, since, owner, node, admitted_at)
values (:workspace_id, 'absent', 'Not started yet.', now(), :owner, :node, now())
on conflict (workspace_id) do update set owner = excluded.owner, node = excluded.node, admitted_at = now();

-- name: ended_refs
-- Of which it was written down that they are gone, while something still shows them.
select distinct s.project_id, s.ref from sites s
where s.shows = 'ref' and s.state in ('starting', 'live', 'stopped', 'failed', 'replaced') and (
    exists (
        select from build_heads h where h.project_id = s.project_id and h.ref = s.ref and h.ended_at is not null
    ) or exists (
        select from pull_requests r
        where r.project_id = s.project_id and 'refs/pull/' || r.number = s.ref and r.state <> 'open'
    )
) limit :most;

-- name: abandoned_sites
-- Begun by a server that did not bring them to their end.
select s.id from sites s where s.state = 'starting' and coalesce(s.begun_at, s.created_at) < :before limit :most;

-- name: of_deleted_projects
-- Sandboxes of sites that run though their project is in the bin.
select s.id from sites s join projects p on p.id = s.project_id
join sandboxes x on x.workspace_id = s.workspace_id
where p.deleted_at is not null and x.state in ('running', 'frozen') limit :most;

-- name: built_for^
-- Whose code runs in a workspace that belongs to no person; nothing of any other.
select w.purpose, b.trust, p.name as project, o.name as owner, o.is_administrator as owner_is_administrator,
    b.plan ->> 'runtime' as runtime, b.artifact, a.kind
from build_workspaces w join builds b on b.id = w.build_id join projects p on p.id = b.project_id
join accounts o on o.id = p.owner_id left join artifacts a on a.digest = b.artifact
where w.workspace_id = :workspace_id;

-- name: furnished!
update sites set emptied_at = null where id = :id;

-- name: forget_database_before!
-- It is shown with the database that it began with: never again with a copy.
update sites set database_from = null where id = :id;

-- name: let_go_of_artifacts
-- Counted once for each owner, the newest first, after what is shown; builds let go of those for which there is no room.
with owned as (
    select p.owner_id, b.artifact, max(b.ended_at) as used_at, bool_or(exists (
        select from sites s where s.build_id = b.id and (s.is_demo or s.shows = 'ref')
            and s.state in ('starting', 'live', 'stopped')
    )) as is_shown
    from builds b join projects p on p.id = b.project_id
    where b.artifact is not null group by p.owner_id, b.artifact
), counted as (
    select o.owner_id, o.artifact, o.is_shown, sum(a.stored_size) over (
        partition by o.owner_id order by o.is_shown desc, o.used_at desc nulls first, o.artifact
    ) as used
    from owned o join artifacts a on a.digest = o.artifact
), surplus as (
    select owner_id, artifact from counted where used > :room and not is_shown limit :most
)
update builds b set artifact = null from surplus s, projects p
where p.id = b.project_id and p.owner_id = s.owner_id and b.artifact = s.artifact
returning b.number;

-- name: awake_sites
select s.id, s.workspace_id, s.reason from sites s join sandboxes x on x.workspace_id = s.workspace_id
where s.state = 'live' and x.state = 'running' and x.node = :node;

-- name: note_site^
-- A new reason for the state that it has.
update sites set reason = :reason where id = :id and state = :state returning project_id, build_id;
