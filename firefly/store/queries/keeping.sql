-- name: wishes_of(workspace_id)
select source, freeze_after as "freeze", stop_after as stop, memory, cpu, pids, disk
from sandbox_wishes where workspace_id = :workspace_id;

-- name: all_wishes()
select workspace_id, source, freeze_after as "freeze", stop_after as stop, memory, cpu, pids, disk
from sandbox_wishes;

-- name: put_wishes(workspace_id, source, freeze, stop, memory, cpu, pids, disk)!
insert into sandbox_wishes (workspace_id, source, freeze_after, stop_after, memory, cpu, pids, disk)
values (:workspace_id, :source, :freeze, :stop, :memory, :cpu, :pids, :disk)
on conflict (workspace_id, source) do update set freeze_after = excluded.freeze_after,
    stop_after = excluded.stop_after, memory = excluded.memory, cpu = excluded.cpu, pids = excluded.pids,
    disk = excluded.disk;

-- name: add_keep_awake(id, workspace_id, account_id, reason, created_at, until)!
insert into keep_awakes (id, workspace_id, account_id, reason, created_at, until)
values (:id, :workspace_id, :account_id, :reason, :created_at, :until);

-- name: remove_keep_awake(id, workspace_id)^
delete from keep_awakes where id = :id and workspace_id = :workspace_id returning id;

-- name: end_keep_awakes(workspace_id, now)!
delete from keep_awakes where workspace_id = :workspace_id and until <= :now;

-- name: keep_awakes_of(workspace_id, now)
select k.id, a.name as by, k.reason, k.created_at, k.until
from keep_awakes k join accounts a on a.id = k.account_id
where k.workspace_id = :workspace_id and k.until > :now order by k.until desc;

-- name: all_keep_awakes(now)
select k.workspace_id, k.id, a.name as by, k.reason, k.created_at, k.until
from keep_awakes k join accounts a on a.id = k.account_id
where k.until > :now order by k.until desc;

-- name: take_lease(node, place, seconds)$
insert into keeper_leases as l (node, place, term, expires_at)
values (:node, :place, 1, now() + make_interval(secs => :seconds))
on conflict (node) do update set place = excluded.place, term = l.term + 1, expires_at = excluded.expires_at
where l.expires_at < now() or l.place = excluded.place
returning term;

-- name: renew_lease(node, term, seconds)$
update keeper_leases set expires_at = now() + make_interval(secs => :seconds)
where node = :node and term = :term returning term;

-- name: end_lease(node, term)!
update keeper_leases set expires_at = '-infinity' where node = :node and term = :term;
