-- name: begin_push!
insert into pushes (id, project_id, pusher_id, via, state, changes)
values (:id, :project_id, :pusher_id, :via, 'pending', :changes);

-- name: settle_push^
-- None when it was settled already.
update pushes set state = :state, changes = :changes, settled_at = now()
where id = :id and state = 'pending'
returning id;

-- name: pending_pushes
select id, project_id, pusher_id, via, changes from pushes where state = 'pending' order by created_at limit 1000;

-- name: list_pushes
select id, project_id, pusher_id, via, state, changes, created_at, settled_at
from pushes where project_id = :project_id order by created_at desc limit :most;
