-- name: version$
SELECT coalesce(max(version), 0) FROM route_changes;

-- name: routes
SELECT host, kind, target, project_id, access, policy_version, redirect_to,
    extract(epoch FROM taken_over_at)::float8 AS taken_over_at
FROM routes
WHERE host > :after AND kind <> 'reserved' AND (redirect_to IS NULL OR reserved_until > now())
ORDER BY host LIMIT :most;

-- name: changes
-- Each host that changed since a version, once; without a kind where it shows nothing any more.
SELECT c.version, c.host, r.kind, r.target, r.project_id, r.access, r.policy_version, r.redirect_to,
    extract(epoch FROM r.taken_over_at)::float8 AS taken_over_at
FROM route_changes AS c LEFT JOIN routes AS r
    ON r.host = c.host AND r.kind <> 'reserved' AND (r.redirect_to IS NULL OR r.reserved_until > now())
WHERE c.version > :since ORDER BY c.version LIMIT :most;

-- name: claim^
-- None when another project holds the host. A project's own former host is taken up again where its policy left off;
-- one that it shows already, in the same way, keeps its version, and with it the grants of its visitors.
INSERT INTO routes AS r (host, kind, target, project_id, access, policy_version)
VALUES (:host, :kind, :target, :project_id, :access, :policy_version)
ON CONFLICT (host) DO UPDATE
SET kind = excluded.kind, target = excluded.target, project_id = excluded.project_id, access = excluded.access,
    policy_version = CASE
        WHEN r.project_id IS NOT DISTINCT FROM excluded.project_id AND r.kind = excluded.kind
            AND r.access = excluded.access AND r.redirect_to IS NULL THEN r.policy_version
        ELSE greatest(r.policy_version, excluded.policy_version) + 1
    END,
    redirect_to = NULL, reserved_until = NULL, changed_at = now()
WHERE r.project_id IS NOT DISTINCT FROM excluded.project_id OR r.reserved_until < now()
RETURNING host;

-- name: reserve
UPDATE routes SET kind = 'reserved', redirect_to = NULL, changed_at = now(),
    policy_version = policy_version + 1, reserved_until = greatest(reserved_until, now() + :reserve::interval)
WHERE project_id = :project_id AND kind <> 'reserved'
RETURNING host;

-- name: drop
DELETE FROM routes WHERE host = :host AND project_id = :project_id RETURNING host;

-- name: reserve_host
UPDATE routes SET kind = 'reserved', redirect_to = NULL, changed_at = now(),
    policy_version = policy_version + 1, reserved_until = now() + :reserve::interval
WHERE host = :host AND project_id = :project_id
RETURNING host;

-- name: redirect
-- The old host, and the hosts that led to it, lead to the new one now.
UPDATE routes SET redirect_to = :new_host, changed_at = now(),
    reserved_until = CASE WHEN host = :old_host THEN now() + :reserve::interval ELSE reserved_until END
WHERE (host = :old_host OR redirect_to = :old_host) AND host <> :new_host
RETURNING host;

-- name: release
DELETE FROM routes WHERE project_id = :project_id RETURNING host;

-- name: of_host^
SELECT host, kind, target, project_id, access, policy_version, redirect_to,
    extract(epoch FROM taken_over_at)::float8 AS taken_over_at
FROM routes
WHERE host = :host AND kind <> 'reserved' FOR UPDATE;

-- name: set_access
-- What is narrowed stays so.
UPDATE routes SET access = CASE WHEN access LIKE 'only %' THEN access ELSE :access END, policy_version = policy_version + 1, changed_at = now()
WHERE project_id = :project_id AND kind <> 'reserved'
RETURNING host;

-- name: expire!
DELETE FROM routes WHERE reserved_until < now() AND (kind = 'reserved' OR redirect_to IS NOT NULL);

-- name: expire_changes!
-- Tombstones; a replica that was away for longer compares everything.
DELETE FROM route_changes AS c
WHERE c.changed_at < now() - interval '1 day' AND NOT EXISTS (SELECT 1 FROM routes AS r WHERE r.host = c.host);

-- name: forget_holders!
-- By then no browser is cleared any more, and what it kept it has mostly forgotten.
DELETE FROM host_holders AS h
WHERE h.held_at < now() - interval '1 year' AND NOT EXISTS (SELECT 1 FROM routes AS r WHERE r.host = h.host);
