-- name: record!
INSERT INTO audit (actor, action, resource, address, detail)
VALUES (:actor, :action, :resource, :address, :detail);

-- name: entries
SELECT e.id, e.at, e.actor, a.name AS actor_name, e.action, e.resource, e.address, e.detail
FROM audit AS e LEFT JOIN accounts AS a ON a.id = e.actor
WHERE :before::bigint IS NULL OR e.id < :before
ORDER BY e.id DESC LIMIT :limit;
