-- Secrets of projects, sealed with the installation's key. Without a value: the name came with a remix.

create table project_secrets (
    project_id uuid not null references projects (id) on delete cascade,
    name text not null,
    sealed bytea,
    by_id uuid references accounts (id) on delete set null,
    changed_at timestamptz not null,
    primary key (project_id, name)
);
