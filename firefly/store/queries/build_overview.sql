-- name: on_their_way
-- Of the projects of a member, or of all where nobody is named: those that run first, then the queue.
select b.*, o.name as owner, p.name as project, coalesce(a.name, '') as account
from builds b join projects p on p.id = b.project_id join accounts o on o.id = p.owner_id
left join accounts a on a.id = b.account_id
where b.state in ('running', 'queued') and p.deleted_at is null
    and (:member::uuid is null or exists (
        select from members m where m.project_id = b.project_id and m.account_id = :member
    ))
order by b.state desc, b.priority desc, b.queued_at, b.number limit :most;

-- name: builders
-- Who builds, and how many builds.
select holder, count(*) as builds from builds where state = 'running' and holder is not null group by holder
order by holder;

-- name: counts^
select count(*) filter (where state = 'running') as running, count(*) filter (where state = 'queued') as queued,
    count(*) filter (where state = 'waiting') as waiting
from builds where state in ('running', 'queued', 'waiting');

-- name: minutes
-- Of the month, by owner, the most first.
select a.name as owner, m.seconds / 60 as minutes from build_minutes m join accounts a on a.id = m.owner_id
where m.month = :month and m.seconds > 0 order by m.seconds desc, a.name limit :most;
