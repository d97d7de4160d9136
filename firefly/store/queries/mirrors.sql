-- name: begin!
insert into mirrors (project_id, due_at) values (:project_id, :now)
on conflict (project_id) do update set wanted = mirrors.wanted + 1, due_at = :now, attempts = 0;

-- name: want!
update mirrors set wanted = wanted + 1, due_at = :now, attempts = 0 where project_id = :project_id;

-- name: end!
delete from mirrors where project_id = :project_id;

-- name: take_due
-- Of no owner who is `busy`.
update mirrors d set lease_until = :until from projects o where o.id = d.project_id and d.project_id in (
    select m.project_id from mirrors m join projects p on p.id = m.project_id
    where m.due_at <= :now and (m.lease_until is null or m.lease_until <= :now) and p.deleted_at is null
    and p.owner_id <> all(:busy::uuid[])
    order by m.due_at limit :most for update of m skip locked
)
returning d.project_id, d.wanted, o.owner_id;

-- name: take^
-- One project's, now; nothing while somebody else looks.
update mirrors set lease_until = :until
where project_id = :project_id and (lease_until is null or lease_until <= :now)
returning project_id, wanted;

-- name: settle!
update mirrors set lease_until = null, done = :wanted, attempts = 0, state = :state, reason = :reason,
    looked_at = :now, due_at = case when wanted > :wanted then :now else :due_at::timestamptz end
where project_id = :project_id;

-- name: fail<!
update mirrors set lease_until = null, attempts = attempts + 1, state = 'failing', reason = :reason, looked_at = :now,
    due_at = case when wanted > :wanted then :now
        else :now::timestamptz + least(interval '1 hour', interval '5 seconds' * power(2, least(attempts, 10))) end
where project_id = :project_id
returning attempts;

-- name: find^
select * from mirrors where project_id = :project_id;

-- name: refs
select * from mirror_refs where project_id = :project_id order by ref;

-- name: put_ref!
insert into mirror_refs (project_id, ref, common, state, ours, theirs, reason, changed_at)
values (:project_id, :ref, :common, :state, :ours, :theirs, :reason, :now)
on conflict (project_id, ref) do update set common = excluded.common, state = excluded.state, ours = excluded.ours,
    theirs = excluded.theirs, reason = excluded.reason, changed_at = excluded.changed_at
where (mirror_refs.common, mirror_refs.state, mirror_refs.ours, mirror_refs.theirs, mirror_refs.reason)
    is distinct from (excluded.common, excluded.state, excluded.ours, excluded.theirs, excluded.reason);

-- name: drop_ref!
delete from mirror_refs where project_id = :project_id and ref = :ref;
