-- name: take_turn$
-- Whether it is this replica's turn: of several at once one is enough.
SELECT pg_try_advisory_xact_lock(hashtextextended('firefly.reality', 11));

-- name: of_nobody
SELECT r.host, r.project_id FROM routes AS r
WHERE r.project_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM projects AS p WHERE p.id = r.project_id)
ORDER BY r.host LIMIT :most;

-- name: in_the_bin
SELECT r.host, r.project_id FROM routes AS r JOIN projects AS p ON p.id = r.project_id
WHERE p.deleted_at IS NOT NULL AND r.kind <> 'reserved'
ORDER BY r.host LIMIT :most FOR UPDATE OF p SKIP LOCKED;

-- name: without_workspace
-- What a project that lives shows, other than its own workspace and what lives beside it.
SELECT r.host, r.project_id FROM routes AS r JOIN projects AS p ON p.id = r.project_id
WHERE p.deleted_at IS NULL AND r.kind = 'sandbox' AND NOT EXISTS (
    SELECT 1 FROM workspaces AS w WHERE w.id::text = r.target ->> 'workspace_id' AND w.deleted_at IS NULL
)
ORDER BY r.host LIMIT :most FOR UPDATE OF p SKIP LOCKED;

-- name: not_in_service
-- Hosts of domains that are not in service, or no more; every host outside the content domain is a domain's.
SELECT r.host, r.project_id FROM routes AS r JOIN projects AS p ON p.id = r.project_id
LEFT JOIN domains AS d ON d.project_id = r.project_id AND d.host = r.host
WHERE r.kind = 'sandbox' AND (d.id IS NOT NULL OR right(r.host, length(:content)) <> :content)
    AND (d.id IS NULL OR d.state NOT IN ('active', 'failing'))
ORDER BY r.host LIMIT :most FOR UPDATE OF p SKIP LOCKED;

-- name: unlike_its_project
SELECT r.host, r.project_id, p.visibility FROM routes AS r JOIN projects AS p ON p.id = r.project_id
WHERE r.kind <> 'reserved' AND r.access <> p.visibility AND r.access NOT LIKE 'only %'
ORDER BY r.host LIMIT :most FOR UPDATE OF p SKIP LOCKED;

-- name: own_not_shown
-- Members' own workspaces that no host shows, of members who may still use theirs.
SELECT f.workspace_id, f.project_id, f.owner, f.name, p.visibility, f.owner_is_administrator, f.member
FROM own_workspace_facts AS f JOIN projects AS p ON p.id = f.project_id
JOIN members AS m ON m.project_id = f.project_id AND m.account_id = f.member_id AND m.role <> 'viewer'
WHERE p.deleted_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM routes AS r WHERE r.project_id = f.project_id AND r.kind = 'sandbox' AND r.redirect_to IS NULL
        AND r.target ->> 'workspace_id' = f.workspace_id::text
)
ORDER BY f.workspace_id LIMIT :most FOR UPDATE OF p SKIP LOCKED;

-- name: own_of_strangers
-- Hosts that show the workspace of somebody who may not use it any more.
SELECT r.host, r.project_id FROM routes AS r JOIN projects AS p ON p.id = r.project_id
JOIN member_workspaces AS w ON w.workspace_id::text = r.target ->> 'workspace_id'
WHERE r.kind = 'sandbox' AND NOT EXISTS (
    SELECT 1 FROM members AS m
    WHERE m.project_id = w.project_id AND m.account_id = w.account_id AND m.role <> 'viewer'
)
ORDER BY r.host LIMIT :most FOR UPDATE OF p SKIP LOCKED;

-- name: site_not_shown
-- Projects one of whose sites' hosts leads somewhere else, or nowhere, or to others than it should.
SELECT DISTINCT p.id AS project_id, p.visibility FROM site_hosts AS h
JOIN projects AS p ON p.id = h.project_id JOIN sites AS s ON s.id = h.site_id
LEFT JOIN routes AS r ON r.host = h.label || :content AND r.project_id = h.project_id
    AND r.kind = CASE WHEN s.is_pages THEN 'pages' ELSE 'sandbox' END
WHERE p.deleted_at IS NULL AND (s.workspace_id IS NOT NULL OR s.is_pages) AND r.redirect_to IS NULL AND (
    CASE WHEN s.is_pages THEN r.target ->> 'site_id' IS DISTINCT FROM s.id::text
        ELSE r.target ->> 'workspace_id' IS DISTINCT FROM s.workspace_id::text END
    OR r.access <> coalesce(h.narrowed, p.visibility)
)
LIMIT :most;

-- name: site_of_nothing
-- Hosts that lead to a site and are not written down as such; what can be looked up by an index is.
SELECT r.host, r.project_id FROM routes AS r JOIN projects AS p ON p.id = r.project_id
LEFT JOIN sites AS s ON s.workspace_id = CASE r.kind WHEN 'sandbox' THEN (r.target ->> 'workspace_id')::uuid END
WHERE p.deleted_at IS NULL AND (s.id IS NOT NULL OR r.kind = 'pages') AND r.redirect_to IS NULL
    AND NOT EXISTS (
        SELECT 1 FROM site_hosts AS h
        WHERE h.label = CASE WHEN right(r.host, length(:content)) = :content THEN left(r.host, -length(:content)) END
    )
ORDER BY r.host LIMIT :most FOR UPDATE OF p SKIP LOCKED;

-- name: not_shown
-- Projects whose workspace no host of theirs shows, or one of whose domains in service shows nothing.
SELECT p.id AS project_id, p.workspace_id, o.name AS owner, p.name, p.visibility,
    o.is_administrator AS owner_is_administrator
FROM projects AS p JOIN accounts AS o ON o.id = p.owner_id
JOIN workspaces AS w ON w.id = p.workspace_id AND w.deleted_at IS NULL
WHERE p.deleted_at IS NULL AND (
    NOT EXISTS (
        SELECT 1 FROM routes AS r WHERE r.project_id = p.id AND r.kind = 'sandbox' AND r.redirect_to IS NULL
            AND r.target ->> 'workspace_id' = p.workspace_id::text
            AND NOT EXISTS (SELECT 1 FROM domains AS d WHERE d.project_id = p.id AND d.host = r.host)
    ) OR EXISTS (
        SELECT 1 FROM domains AS d WHERE d.project_id = p.id AND d.state IN ('active', 'failing') AND NOT EXISTS (
            SELECT 1 FROM routes AS r WHERE r.host = d.host AND r.project_id = p.id AND r.kind <> 'reserved'
        )
    )
)
ORDER BY p.id LIMIT :most FOR UPDATE OF p SKIP LOCKED;
