-- name: policies
-- Those that open or allow something by themselves; the others are met by what each visitor brings.
SELECT project_id, is_public, addresses, public_paths, public_preflights, service_workers FROM access_policies
WHERE is_public OR addresses <> '{}' OR public_paths <> '{}' OR public_preflights OR service_workers;

-- name: policy^
SELECT project_id, is_public, addresses, public_paths, public_preflights, service_workers FROM access_policies
WHERE project_id = :project_id;

-- name: put_policy!
INSERT INTO access_policies (project_id, is_public, addresses, public_paths, public_preflights, service_workers)
VALUES (:project_id, :is_public, :addresses, :public_paths, :public_preflights, :service_workers)
ON CONFLICT (project_id) DO UPDATE SET is_public = excluded.is_public, addresses = excluded.addresses,
    public_paths = excluded.public_paths, public_preflights = excluded.public_preflights,
    service_workers = excluded.service_workers;

-- name: lock_project^
-- Changes of one project's access come one after another.
SELECT id FROM projects WHERE id = :project_id FOR NO KEY UPDATE;

-- name: managers
SELECT account_id FROM members WHERE project_id = :project_id AND role IN ('owner', 'maintainer');

-- name: people
SELECT p.id, a.name AS account, a.display_name, p.email, b.name AS by, p.since
FROM access_people AS p LEFT JOIN accounts AS a ON a.id = p.account_id LEFT JOIN accounts AS b ON b.id = p.by_id
WHERE p.project_id = :project_id ORDER BY p.since, p.id;

-- name: person$
-- The entry that lets an account in, by itself or by its e-mail address.
SELECT p.id FROM access_people AS p JOIN accounts AS a ON a.id = :account_id
WHERE p.project_id = :project_id AND (p.account_id = a.id OR p.email = lower(a.email))
ORDER BY p.account_id IS NULL, p.since LIMIT 1;

-- name: account_named^
SELECT id, name, display_name FROM accounts WHERE name = :name;

-- name: insert_person^
INSERT INTO access_people (project_id, account_id, email, by_id, since)
SELECT :project_id, :account_id, :email, :by_id, :now::timestamptz
WHERE (SELECT count(*) FROM access_people WHERE project_id = :project_id) < :most::bigint
ON CONFLICT DO NOTHING RETURNING id, since;

-- name: find_person^
SELECT id, since FROM access_people
WHERE project_id = :project_id AND (account_id = :account_id::uuid OR email = :email::text);

-- name: delete_person$
DELETE FROM access_people WHERE project_id = :project_id AND id = :id RETURNING id;

-- name: links
SELECT l.id, l.label, b.name AS by, l.since, l.expires_at, l.max_uses, l.uses
FROM access_links AS l LEFT JOIN accounts AS b ON b.id = l.by_id
WHERE l.project_id = :project_id AND (l.expires_at IS NULL OR l.expires_at > :now::timestamptz)
ORDER BY l.since, l.id;

-- name: insert_link^
INSERT INTO access_links (project_id, hash, label, by_id, since, expires_at, max_uses)
SELECT :project_id, :hash, :label, :by_id, :now::timestamptz, :expires_at, :max_uses
WHERE (SELECT count(*) FROM access_links WHERE project_id = :project_id) < :most::bigint
RETURNING id;

-- name: delete_link$
DELETE FROM access_links WHERE project_id = :project_id AND id = :id RETURNING id;

-- name: take_link^
UPDATE access_links SET uses = uses + 1
WHERE hash = :hash AND project_id = :project_id AND (expires_at IS NULL OR expires_at > :now::timestamptz)
    AND (max_uses IS NULL OR uses < max_uses)
RETURNING id, label, expires_at;

-- name: own_code^
SELECT c.id, b.name AS by, c.since, c.expires_at, c.max_uses, c.uses
FROM access_codes AS c LEFT JOIN accounts AS b ON b.id = c.by_id
WHERE c.project_id = :project_id AND c.request_id IS NULL AND c.expires_at > :now::timestamptz;

-- name: insert_code!
INSERT INTO access_codes (project_id, hash, request_id, by_id, since, expires_at, max_uses)
VALUES (:project_id, :hash, :request_id, :by_id, :now::timestamptz, :expires_at, :max_uses);

-- name: delete_own_code$
DELETE FROM access_codes WHERE project_id = :project_id AND request_id IS NULL RETURNING id;

-- name: take_code^
UPDATE access_codes AS c SET uses = uses + 1
WHERE c.project_id = :project_id AND c.hash = ANY(:hashes::bytea[]) AND c.expires_at > :now::timestamptz
    AND (c.max_uses IS NULL OR c.uses < c.max_uses)
RETURNING c.id, c.expires_at, c.request_id, (SELECT r.name FROM access_requests AS r WHERE r.id = c.request_id) AS who;

-- name: password^
SELECT p.id, p.hash, b.name AS by, p.since
FROM access_passwords AS p LEFT JOIN accounts AS b ON b.id = p.by_id WHERE p.project_id = :project_id;

-- name: insert_password!
INSERT INTO access_passwords (project_id, hash, by_id, since) VALUES (:project_id, :hash, :by_id, :now::timestamptz);

-- name: delete_password$
DELETE FROM access_passwords WHERE project_id = :project_id RETURNING id;

-- name: record_grant^
-- None when the project has as many visitors as it may have. A session keeps the one that it has.
INSERT INTO access_grants AS g (id, project_id, kind, source_id, account_id, session_id, who, address, user_agent,
    since, issued_at, last_seen, expires_at)
SELECT :id, :project_id, :kind, :source_id, :account_id, :session_id,
    coalesce(:who, (SELECT display_name FROM accounts WHERE id = :account_id)), :address, :user_agent,
    :now::timestamptz, :issued_at::timestamptz, :now::timestamptz, :expires_at::timestamptz
WHERE (SELECT count(*) FROM access_grants WHERE project_id = :project_id AND expires_at > :now::timestamptz)
    < :most::bigint
ON CONFLICT (project_id, session_id) DO UPDATE SET kind = excluded.kind, source_id = excluded.source_id,
    address = excluded.address, user_agent = excluded.user_agent, issued_at = excluded.issued_at,
    last_seen = excluded.last_seen, expires_at = excluded.expires_at
RETURNING id, who;

-- name: grants
-- What stands: neither ended by itself nor by a sign-out, a lost membership or a closed project.
SELECT g.id, g.kind, g.who, a.name AS account, g.address, g.user_agent, g.since, g.last_seen, g.expires_at
FROM access_grants AS g LEFT JOIN accounts AS a ON a.id = g.account_id
WHERE g.project_id = :project_id AND g.expires_at > :now::timestamptz AND NOT EXISTS (
    SELECT 1 FROM revocations AS r
    WHERE r.at >= g.issued_at AND r.token_id IS NULL
        AND (r.account_id IS NULL OR r.account_id = g.account_id)
        AND (r.session_id IS NULL OR r.session_id = g.session_id)
        AND (r.project_id IS NULL OR r.project_id = g.project_id)
        AND (r.grant_id IS NULL OR r.grant_id IN (g.id, g.source_id, g.project_id))
)
ORDER BY g.last_seen DESC, g.id LIMIT :most::bigint;

-- name: reopen_grant$
UPDATE access_grants SET last_seen = :now::timestamptz, address = :address
WHERE id = :id AND expires_at > :now::timestamptz RETURNING id;

-- name: note_seen!
UPDATE access_grants AS g SET last_seen = greatest(g.last_seen, s.at)
FROM unnest(:ids::uuid[], :moments::timestamptz[]) AS s (id, at) WHERE g.id = s.id;

-- name: delete_grant$
DELETE FROM access_grants WHERE project_id = :project_id AND id = :id RETURNING id;

-- name: delete_grants_of!
DELETE FROM access_grants WHERE project_id = :project_id AND source_id = :source_id;

-- name: delete_grants!
DELETE FROM access_grants WHERE project_id = :project_id;

-- name: insert_request^
-- None where too many wait already.
INSERT INTO access_requests (project_id, host, secret_hash, name, message, path, address, user_agent, asked_at, expires_at)
SELECT p.id, :host, :secret_hash, :name, :message, :path, :address, :user_agent, :now::timestamptz, :expires_at::timestamptz
FROM projects AS p WHERE p.id = :project_id AND (SELECT count(*) FROM access_requests
    WHERE project_id = :project_id AND state = 'waiting' AND expires_at > :now::timestamptz) < :most::bigint
RETURNING id, name, message, path, address, user_agent, asked_at, expires_at;

-- name: requests
SELECT id, name, message, path, address, user_agent, asked_at, expires_at FROM access_requests
WHERE project_id = :project_id AND state = 'waiting' AND expires_at > :now::timestamptz ORDER BY asked_at, id
LIMIT :most::bigint;

-- name: requests_managed
-- What waits in all projects that the account looks after.
SELECT r.id, r.name, r.message, r.path, r.address, r.user_agent, r.asked_at, r.expires_at, r.project_id,
    o.name AS project_owner, p.name AS project_name
FROM access_requests AS r JOIN members AS m ON m.project_id = r.project_id AND m.account_id = :account_id
    AND m.role IN ('owner', 'maintainer')
JOIN projects AS p ON p.id = r.project_id AND p.deleted_at IS NULL JOIN accounts AS o ON o.id = p.owner_id
WHERE r.state = 'waiting' AND r.expires_at > :now::timestamptz ORDER BY r.asked_at, r.id LIMIT :most::bigint;

-- name: answer_request$
UPDATE access_requests SET state = :state, granted_until = :granted_until
WHERE project_id = :project_id AND id = :id AND state = 'waiting' AND expires_at > :now::timestamptz RETURNING id;

-- name: claim_request^
-- Once: whoever was let in and then shut out does not come in by the same answer.
WITH found AS (
    SELECT id, name, path, granted_until FROM access_requests
    WHERE secret_hash = :secret_hash AND host = :host AND project_id = :project_id AND state = 'allowed'
        AND granted_until > :now::timestamptz
    FOR UPDATE
), taken AS (UPDATE access_requests AS r SET granted_until = NULL FROM found WHERE r.id = found.id)
SELECT id, name, path, granted_until FROM found;

-- name: address_of$
SELECT a.name || '/' || p.name FROM projects AS p JOIN accounts AS a ON a.id = p.owner_id WHERE p.id = :project_id;

-- name: sweep!
-- Before revocations are forgotten, what they ended goes too.
WITH old_grants AS (DELETE FROM access_grants AS g WHERE g.expires_at < :now::timestamptz OR EXISTS (
    SELECT 1 FROM revocations AS r
    WHERE r.at >= g.issued_at AND r.token_id IS NULL
        AND (r.account_id IS NULL OR r.account_id = g.account_id)
        AND (r.session_id IS NULL OR r.session_id = g.session_id)
        AND (r.project_id IS NULL OR r.project_id = g.project_id)
        AND (r.grant_id IS NULL OR r.grant_id IN (g.id, g.source_id, g.project_id))
)),
    old_passes AS (DELETE FROM access_spent WHERE expires_at < :now::timestamptz),
    old_links AS (DELETE FROM access_links WHERE expires_at < :now::timestamptz),
    old_codes AS (DELETE FROM access_codes WHERE expires_at < :now::timestamptz)
DELETE FROM access_requests WHERE expires_at < :now::timestamptz AND coalesce(granted_until, expires_at) < :now::timestamptz;

-- name: project_hosts
-- `main_of` is the workspace whose main port the host shows: its other ports have hosts that derive from it.
SELECT host, CASE WHEN kind = 'sandbox' AND target ->> 'port' IS NULL THEN target ->> 'workspace_id' END AS main_of
FROM routes WHERE project_id = :project_id AND kind <> 'reserved' AND redirect_to IS NULL
-- Those of single builds are many, and hardly called by a page of another host.
ORDER BY host LIKE 'build-%', changed_at DESC, host LIMIT 50;

-- name: hosts_seen
SELECT host FROM access_hosts WHERE project_id = :project_id ORDER BY seen_at DESC, host;

-- name: note_host!
INSERT INTO access_hosts (project_id, host, seen_at)
SELECT id, :host, :now::timestamptz FROM projects WHERE id = :project_id
ON CONFLICT (project_id, host) DO UPDATE SET seen_at = excluded.seen_at;

-- name: forget_hosts!
DELETE FROM access_hosts WHERE project_id = :project_id AND host NOT IN (
    SELECT host FROM access_hosts WHERE project_id = :project_id ORDER BY seen_at DESC, host LIMIT :most::bigint
);

-- name: spend$
-- Nothing where it was spent before.
INSERT INTO access_spent (hash, expires_at) VALUES (:hash, :expires_at::timestamptz)
ON CONFLICT DO NOTHING RETURNING 1;
