-- name: kept_sandboxes
select build_id, workspace_id, kept_until from build_workspaces
where build_id = any(:ids) and purpose = 'build' and kept_until > :now order by kept_until;
