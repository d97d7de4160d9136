-- name: lock_account$
SELECT pg_advisory_xact_lock(hashtextextended(:account_id::uuid::text, 20));

-- name: count_projects$
SELECT count(*) FROM projects WHERE owner_id = :account_id AND deleted_at IS NULL;
