-- name: of_project
SELECT s.name, s.sealed, s.changed_at, a.name AS by
FROM project_secrets AS s LEFT JOIN accounts AS a ON a.id = s.by_id
WHERE s.project_id = :project_id ORDER BY s.name;

-- name: put!
INSERT INTO project_secrets (project_id, name, sealed, by_id, changed_at)
VALUES (:project_id, :name, :sealed, :by_id, :now)
ON CONFLICT (project_id, name) DO UPDATE
    SET sealed = excluded.sealed, by_id = excluded.by_id, changed_at = excluded.changed_at;

-- name: delete$
DELETE FROM project_secrets WHERE project_id = :project_id AND name = :name RETURNING name;

-- name: copy_names!
INSERT INTO project_secrets (project_id, name, sealed, by_id, changed_at)
SELECT :target, name, NULL, NULL, :now FROM project_secrets WHERE project_id = :source
ON CONFLICT (project_id, name) DO NOTHING;
