-- The gate: service workers by leave, one entry for all hosts of a project, hosts that change hands.

alter table access_policies add column service_workers boolean not null default false;

-- Hosts of a project at which somebody was let in and that have no route of their own: those of its ports.
create table access_hosts (
    project_id uuid not null references projects (id) on delete cascade,
    host text not null,
    seen_at timestamptz not null,
    primary key (project_id, host)
);

-- Signed tickets from one host of a project to another that were used: each is good once.
create table access_spent (
    hash bytea primary key,
    expires_at timestamptz not null
);

-- When the host passed from one project to another: what browsers keep of the former one is cleared then.
alter table routes add column taken_over_at timestamptz;
