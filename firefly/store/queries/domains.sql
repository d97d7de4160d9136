-- name: of_project
SELECT d.*, a.name AS by FROM domains AS d LEFT JOIN accounts AS a ON a.id = d.by_id
WHERE d.project_id = :project_id ORDER BY d.kind, d.added_at, d.id;

-- name: of_id^
SELECT d.*, a.name AS by FROM domains AS d LEFT JOIN accounts AS a ON a.id = d.by_id
WHERE d.id = :id;

-- name: lock^
-- The domain and its project, which nobody else changes until the transaction ends.
SELECT d.*, NULL AS by, p.workspace_id, p.visibility, p.deleted_at, p.name AS project_name, o.name AS project_owner
FROM domains AS d JOIN projects AS p ON p.id = d.project_id JOIN accounts AS o ON o.id = p.owner_id
WHERE d.id = :id FOR NO KEY UPDATE OF p, d;

-- name: lock_project^
-- Additions to one project come one after another.
SELECT workspace_id, visibility FROM projects WHERE id = :project_id AND deleted_at IS NULL FOR NO KEY UPDATE;

-- name: count$
SELECT count(*) FROM domains WHERE project_id = :project_id;

-- name: insert^
-- None when the project has it already.
INSERT INTO domains (project_id, host, kind, port, state, reason, token, by_id, added_at, proven_at, next_check)
VALUES (:project_id, :host, :kind, :port, :state, :reason, :token, :by_id, :added_at::timestamptz,
    :proven_at::timestamptz, :next_check::timestamptz)
ON CONFLICT (project_id, host) DO NOTHING RETURNING *, NULL AS by;

-- name: update!
UPDATE domains SET state = :state, reason = :reason, proven_at = :proven_at, failing_since = :failing_since,
    checked_at = :checked_at, next_check = :next_check, checks = :checks
WHERE id = :id;

-- name: delete!
DELETE FROM domains WHERE id = :id;

-- name: holder$
-- The domain by which another project shows the host now, or showed it before it went into the bin.
SELECT id FROM domains
WHERE host = :host AND project_id <> :project_id AND state IN ('active', 'failing');

-- name: served
SELECT host, port FROM domains
WHERE project_id = :project_id AND state IN ('active', 'failing') ORDER BY host;

-- name: custom_hosts
SELECT d.host FROM domains AS d JOIN projects AS p ON p.id = d.project_id
WHERE d.kind = 'custom' AND d.state IN ('active', 'failing') AND p.deleted_at IS NULL ORDER BY d.added_at, d.host;

-- name: take_due
-- What is to be looked at, given to one replica for a while.
UPDATE domains SET next_check = :until::timestamptz WHERE id IN (
    SELECT d.id FROM domains AS d JOIN projects AS p ON p.id = d.project_id
    WHERE d.next_check <= :now::timestamptz AND p.deleted_at IS NULL
    ORDER BY d.next_check LIMIT :most FOR UPDATE OF d SKIP LOCKED
) RETURNING id;
