-- name: insert_account^
INSERT INTO accounts (name, password_hash, display_name, email, is_administrator)
VALUES (:name, :password_hash, :display_name, :email, :is_administrator)
ON CONFLICT (name) DO NOTHING
RETURNING id, name, display_name, email, is_administrator, created_at;

-- name: account^
SELECT id, name, display_name, email, is_administrator, created_at FROM accounts WHERE id = :id;

-- name: account_by_name^
SELECT id, name, display_name, email, is_administrator, created_at, password_hash FROM accounts WHERE name = :name;

-- name: accounts
SELECT id, name, display_name, email, is_administrator, created_at FROM accounts ORDER BY name;

-- name: first_administrator^
SELECT id, name, display_name, email, is_administrator, created_at FROM accounts
WHERE is_administrator ORDER BY created_at, id LIMIT 1;

-- name: set_password!
UPDATE accounts SET password_hash = :password_hash WHERE id = :id;

-- name: replace_hash!
UPDATE accounts SET password_hash = :fresh WHERE id = :id AND password_hash = :stale;

-- name: set_display_name^
UPDATE accounts SET display_name = COALESCE(:display_name::text, display_name) WHERE id = :id
RETURNING id, name, display_name, email, is_administrator, created_at;

-- name: lock_administrators
SELECT id FROM accounts WHERE is_administrator ORDER BY id FOR UPDATE;

-- name: set_administrator^
UPDATE accounts SET is_administrator = :is_administrator WHERE id = :id
RETURNING id, name, display_name, email, is_administrator, created_at;

-- name: insert_session^
INSERT INTO sessions (account_id, user_agent, address, created_at, rotated_at, expires_at)
VALUES (:account_id, :user_agent, :address, :now::timestamptz, :now::timestamptz, :expires_at)
RETURNING id;

-- name: rotate_session^
UPDATE sessions AS s SET generation = s.generation + 1, rotated_at = :now::timestamptz,
    expires_at = least(:expires_at, s.created_at + make_interval(secs => :longest))
FROM accounts AS a
WHERE s.id = :id AND s.generation = :generation AND s.closed_at IS NULL AND s.expires_at > :now::timestamptz
    AND a.id = s.account_id
RETURNING s.generation, a.id, a.name, a.display_name, a.email, a.is_administrator, a.created_at;

-- name: session_with_account^
SELECT s.generation, s.rotated_at, s.expires_at, s.closed_at,
    a.id, a.name, a.display_name, a.email, a.is_administrator, a.created_at
FROM sessions AS s JOIN accounts AS a ON a.id = s.account_id
WHERE s.id = :id;

-- name: close_session$
UPDATE sessions SET closed_at = :now::timestamptz WHERE id = :id AND closed_at IS NULL RETURNING account_id;

-- name: close_sessions!
UPDATE sessions SET closed_at = :now::timestamptz
WHERE account_id = :account_id AND closed_at IS NULL AND id IS DISTINCT FROM :kept::uuid;

-- name: sessions
SELECT id, user_agent, address, created_at, rotated_at AS last_used_at, expires_at FROM sessions
WHERE account_id = :account_id AND closed_at IS NULL AND expires_at > :now::timestamptz
ORDER BY rotated_at DESC, id;

-- name: lock_signing_keys
SELECT pg_advisory_xact_lock(hashtext('firefly.signing_keys'));

-- name: signing_keys
SELECT id, sealed_key, signs_from, signs_until, expires_at FROM signing_keys
WHERE expires_at > :now::timestamptz ORDER BY signs_from, id;

-- name: insert_signing_key!
INSERT INTO signing_keys (id, sealed_key, signs_from, signs_until, expires_at)
VALUES (:id, :sealed_key, :signs_from, :signs_until, :expires_at);

-- name: insert_token^
INSERT INTO tokens (account_id, name, hash, scopes, is_bootstrap, created_at, expires_at)
VALUES (:account_id, :name, :hash, :scopes, :is_bootstrap, :now::timestamptz, :expires_at)
ON CONFLICT (hash) DO NOTHING
RETURNING id, name, scopes, created_at, expires_at, last_used_at;

-- name: token_with_account^
SELECT t.id AS token_id, t.scopes, t.expires_at, t.last_used_at,
    a.id, a.name, a.display_name, a.email, a.is_administrator, a.created_at
FROM tokens AS t JOIN accounts AS a ON a.id = t.account_id
WHERE t.hash = :hash AND (t.expires_at IS NULL OR t.expires_at > :now::timestamptz);

-- name: touch_token!
UPDATE tokens SET last_used_at = :now::timestamptz WHERE id = :id;

-- name: tokens
SELECT id, name, scopes, created_at, expires_at, last_used_at FROM tokens
WHERE account_id = :account_id AND (expires_at IS NULL OR expires_at > :now::timestamptz) ORDER BY created_at DESC, id;

-- name: delete_token$
DELETE FROM tokens WHERE id = :id RETURNING account_id;

-- name: delete_other_bootstrap_tokens
DELETE FROM tokens WHERE is_bootstrap AND hash IS DISTINCT FROM :hash::bytea RETURNING id, account_id;

-- name: lock_first_administrator
SELECT pg_advisory_xact_lock(hashtext('firefly.first_administrator'));

-- name: insert_link!
INSERT INTO sign_in_links (hash, purpose, account_id, expires_at)
VALUES (:hash, :purpose, :account_id, :expires_at);

-- name: link^
SELECT purpose, account_id, expires_at FROM sign_in_links WHERE hash = :hash AND expires_at > :now::timestamptz;

-- name: take_link^
DELETE FROM sign_in_links WHERE hash = :hash AND expires_at > :now::timestamptz RETURNING purpose, account_id, expires_at;

-- name: delete_links!
DELETE FROM sign_in_links WHERE purpose = :purpose AND account_id IS NOT DISTINCT FROM :account_id::uuid;

-- name: insert_ticket!
INSERT INTO preview_tickets
    (hash, account_id, session_id, project_id, policy_version, host, nonce_hash, issued_at, expires_at,
    kind, source_id)
VALUES (:hash, :account_id, :session_id, :project_id, :policy_version, :host, :nonce_hash, :issued_at, :expires_at,
    :kind, :source_id);

-- name: take_ticket^
DELETE FROM preview_tickets WHERE hash = :hash
RETURNING account_id, session_id, project_id, policy_version, host, nonce_hash, issued_at, expires_at, kind, source_id;

-- name: insert_revocation!
INSERT INTO revocations (account_id, session_id, project_id, token_id, grant_id, reason, at)
VALUES (:account_id, :session_id, :project_id, :token_id, :grant_id, :reason, :at);

-- name: revocations
SELECT account_id, session_id, project_id, token_id, grant_id, at FROM revocations WHERE at > :since;

-- name: hit^
-- A clock that was set back lets nothing leak for a while; it must not fill the bucket.
INSERT INTO rate_limits AS r (key, level, updated_at, empty_at)
VALUES (:key, 1, :now::timestamptz, :now::timestamptz + make_interval(secs => :seconds_each::float8))
ON CONFLICT (key) DO UPDATE SET
    level = greatest(0, r.level - greatest(0, extract(epoch FROM :now::timestamptz - r.updated_at))::float8 / :seconds_each) + 1,
    updated_at = :now::timestamptz,
    empty_at = :now::timestamptz + make_interval(secs =>
        greatest(0, r.level * :seconds_each - greatest(0, extract(epoch FROM :now::timestamptz - r.updated_at))::float8) + :seconds_each)
WHERE greatest(0, r.level - greatest(0, extract(epoch FROM :now::timestamptz - r.updated_at))::float8 / :seconds_each) + 1 <= :count::float8
RETURNING level;

-- name: level$
SELECT greatest(0, level - greatest(0, extract(epoch FROM :now::timestamptz - updated_at))::float8 / :seconds_each) AS level
FROM rate_limits WHERE key = :key;

-- name: forget_hits!
DELETE FROM rate_limits WHERE key = :key;

-- name: sweep
WITH old_sessions AS (DELETE FROM sessions WHERE expires_at < :now::timestamptz OR closed_at < :now::timestamptz - interval '7 days' RETURNING 1),
    old_tickets AS (DELETE FROM preview_tickets WHERE expires_at < :now::timestamptz RETURNING 1),
    old_links AS (DELETE FROM sign_in_links WHERE expires_at < :now::timestamptz RETURNING 1),
    old_limits AS (DELETE FROM rate_limits WHERE empty_at < :now::timestamptz RETURNING 1),
    old_keys AS (DELETE FROM signing_keys WHERE expires_at < :now::timestamptz RETURNING 1),
    old_revocations AS (DELETE FROM revocations WHERE at < :now::timestamptz - interval '2 days' RETURNING 1)
SELECT (SELECT count(*) FROM old_sessions) AS sessions, (SELECT count(*) FROM old_tickets) AS tickets,
    (SELECT count(*) FROM old_links) AS links, (SELECT count(*) FROM old_limits) AS limits,
    (SELECT count(*) FROM old_keys) AS keys, (SELECT count(*) FROM old_revocations) AS revocations;
