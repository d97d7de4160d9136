-- name: detach!
-- The project is free for another link; what this one left at the provider is still to be removed.
with freed as (
    update provider_links set project_id = null, state = 'unlinking', reason = '', changed_at = :now where id = :id
    returning id
)
insert into link_removals (link_id, project, due_at) select id, :project, :now from freed
on conflict (link_id) do update set project = excluded.project, due_at = excluded.due_at, attempts = 0;

-- name: take_left
-- Links whose project is gone, in the bin or linked no more, and that have something at the provider.
with due as (
    select l.id from provider_links l
    left join projects p on p.id = l.project_id
    left join link_removals r on r.link_id = l.id
    where coalesce(r.due_at, '-infinity') <= :now::timestamptz and (
        p.id is null or (p.deleted_at is not null and (l.hook_id is not null or l.key_id is not null))
    )
    limit :most for update of l skip locked
)
insert into link_removals (link_id, due_at) select id, :until from due
on conflict (link_id) do update set due_at = excluded.due_at
returning link_id, attempts;

-- name: retry_removal!
with told as (update provider_links set reason = :reason where id = :id)
update link_removals set due_at = :due_at, attempts = attempts + 1 where link_id = :id;

-- name: settle_removal!
delete from link_removals where link_id = :id;

-- name: left_by
-- What somebody's links have left, for him to see.
select l.id, r.project, l.provider, l.base_url as url, l.repository, l.reason, r.due_at, r.attempts
from provider_links l join link_removals r on r.link_id = l.id
where l.created_by = :account_id order by l.changed_at;

-- name: take_bare
-- Links of projects that came out of the bin: their hook is missing.
select l.id from provider_links l join projects p on p.id = l.project_id
where p.deleted_at is null and l.state in ('linked', 'diverged') and l.hook_id is null and not l.told_by_app
limit :most;

-- name: take_unasked
-- Links whose repository was not looked at for a day.
update provider_links set checked_at = :now where id in (
    select l.id from provider_links l join projects p on p.id = l.project_id
    where p.deleted_at is null and l.state in ('linked', 'diverged', 'broken')
        and coalesce(l.checked_at, l.created_at) <= :before
    limit :most for update of l skip locked
)
returning id;

-- name: put_pull_request!
insert into pull_requests (
    project_id, number, provider, title, author, url, base_ref, head_ref, head_commit, is_fork, source_url, state,
    opened_at, changed_at
)
values (
    :project_id, :number, :provider, :title, :author, :url, :base_ref, :head_ref, :head_commit, :is_fork, :source_url,
    :state, :now, :now
)
on conflict (project_id, number) do update set title = excluded.title, url = excluded.url,
    base_ref = excluded.base_ref, head_ref = excluded.head_ref, head_commit = excluded.head_commit,
    state = excluded.state, changed_at = excluded.changed_at;

-- name: linked_projects
-- Which of a provider's repositories are projects here, and what the caller is in them.
select l.repository, o.name as owner, p.name, p.visibility, m.role
from provider_links l
join projects p on p.id = l.project_id and p.deleted_at is null
join accounts o on o.id = p.owner_id
left join members m on m.project_id = p.id and m.account_id = :account_id
where l.provider = :provider and l.base_url = :base_url and l.repository = any(:repositories);

-- name: connected_accounts$
select count(*) from provider_connections c
where c.provider = :provider and c.url = :url and c.state = 'working'
    and not exists (select from members m where m.project_id = :project_id and m.account_id = c.account_id);

-- name: put_joined!
insert into joined_members (project_id, account_id, role, checked_at, next_check)
values (:project_id, :account_id, :role, :now, :next_check)
on conflict (project_id, account_id) do update set role = excluded.role, checked_at = excluded.checked_at,
    next_check = excluded.next_check;

-- name: forget_joined!
delete from joined_members where project_id = :project_id and account_id = :account_id;

-- name: ask_again!
update joined_members set next_check = :now where project_id = :project_id;

-- name: take_joined
update joined_members set next_check = :until where (project_id, account_id) in (
    select project_id, account_id from joined_members where next_check <= :now
    order by next_check limit :most for update skip locked
)
returning project_id, account_id, role, checked_at;

-- name: is_filled$
select filled_at is not null from projects where id = :id;
