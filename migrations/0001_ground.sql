-- Accounts and how they prove themselves, audit, and what the bus needs.

CREATE SEQUENCE bus_event_ids;

CREATE TABLE accounts (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL UNIQUE CHECK (name = lower(name)),
    display_name text NOT NULL,
    email text,
    password_hash text,
    is_administrator boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sessions (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    generation integer NOT NULL DEFAULT 0,
    user_agent text NOT NULL DEFAULT '',
    address text,
    created_at timestamptz NOT NULL,
    rotated_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    closed_at timestamptz
);
CREATE INDEX sessions_of_account ON sessions (account_id) WHERE closed_at IS NULL;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE signing_keys (
    id text PRIMARY KEY,
    sealed_key bytea NOT NULL,
    signs_from timestamptz NOT NULL,
    signs_until timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE TABLE tokens (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    name text NOT NULL,
    hash bytea NOT NULL UNIQUE,
    scopes text[] NOT NULL,
    is_bootstrap boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    last_used_at timestamptz
);
CREATE INDEX tokens_of_account ON tokens (account_id);

CREATE TABLE sign_in_links (
    hash bytea PRIMARY KEY,
    purpose text NOT NULL,
    account_id uuid REFERENCES accounts ON DELETE CASCADE,
    expires_at timestamptz NOT NULL
);

CREATE TABLE preview_tickets (
    hash bytea PRIMARY KEY,
    account_id uuid NOT NULL REFERENCES accounts ON DELETE CASCADE,
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    project_id uuid NOT NULL,
    policy_version bigint NOT NULL,
    host text NOT NULL,
    nonce_hash bytea NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

-- What was issued before `at` and matches every column that is set counts no more.
CREATE TABLE revocations (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    account_id uuid,
    session_id uuid,
    project_id uuid,
    token_id uuid,
    reason text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX revocations_by_time ON revocations (at);

CREATE TABLE rate_limits (
    key bytea PRIMARY KEY,
    level double precision NOT NULL,
    updated_at timestamptz NOT NULL,
    empty_at timestamptz NOT NULL
);
CREATE INDEX rate_limits_by_end ON rate_limits (empty_at);

CREATE TABLE audit (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT now(),
    actor uuid,
    action text NOT NULL,
    resource text NOT NULL,
    address text,
    detail jsonb NOT NULL DEFAULT '{}'
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log only grows';
END $$;
CREATE TRIGGER audit_only_grows BEFORE UPDATE OR DELETE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
