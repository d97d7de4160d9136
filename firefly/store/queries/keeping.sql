-- name: wishes_of(workspace_id)
select source, freeze_after as "freeze", stop_after as stop, memory, cpu, pids
from sandbox_wishes where workspace_id = :workspace_id;

-- name: all_wishes()
select workspace_id, source, freeze_after as "freeze", stop_after as stop, memory, cpu, pids
from sandbox_wishes;

-- name: put_wishes(workspace_id, source, freeze, stop, memory, cpu, pids)!
insert into sandbox_wishes (workspace_id, source, freeze_after, stop_after, memory, cpu, pids)
values (:workspace_id, :source, :freeze, :stop, :memory, :cpu, :pids)
on conflict (workspace_id, source) do update set freeze_after = excluded.freeze_after,
    stop_after = excluded.stop_after, memory = excluded.memory, cpu = excluded.cpu, pids = excluded.pids;

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
