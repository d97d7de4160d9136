-- name: insert_job!
insert into jobs (id, project_id, account_id, kind, state, input, steps, created_at)
values (:id, :project_id, :account_id, :kind, 'queued', :input, :steps, :now);

-- name: withdraw_job!
delete from jobs where id = :id and state = 'queued';

-- name: find_job^
select * from jobs where id = :id;

-- name: list_jobs
select * from jobs
where (account_id = :account_id and :project_id::uuid is null) or project_id = :project_id::uuid
order by created_at desc limit 50;

-- name: unfinished_jobs
select * from jobs where state in ('queued', 'running') order by created_at;

-- name: update_job!
update jobs set state = :state, steps = :steps, error = :error, finished_at = :finished_at where id = :id;

-- name: is_member$
select exists (select from members where project_id = :project_id and account_id = :account_id);

-- name: forget_jobs!
delete from jobs where finished_at < :before;
