-- The queue of builds: in what order they come, what became of each ref, and what is built at fixed times.

-- One row for each project that ever asked for a build; numbers are never given twice.
create table build_queues (
    project_id uuid primary key references projects (id) on delete cascade,
    last_number integer not null default 0,
    -- When its refs were last compared with what the queue knows of them, and whether it ever knew of all.
    swept_at timestamptz,
    knows_all boolean not null default false
);

-- Whose turn it was when. Minutes stay when the project in which they were used is gone.
create table build_owners (
    owner_id uuid primary key references accounts (id) on delete cascade,
    served_at timestamptz
);

create table build_minutes (
    owner_id uuid not null references accounts (id) on delete cascade,
    -- The first day of the month, in UTC.
    month date not null,
    seconds double precision not null default 0,
    primary key (owner_id, month)
);

-- Where each branch and tag is, and what the queue made of that: why it was not built, where it was not.
create table build_heads (
    project_id uuid not null references projects (id) on delete cascade,
    ref text not null,
    commit text not null,
    reason text not null default '',
    seen_at timestamptz not null,
    -- It is gone, or its pull request is over; whoever shows it was told then.
    ended_at timestamptz,
    told_at timestamptz,
    primary key (project_id, ref)
);

create index build_heads_ended on build_heads (ended_at) where ended_at is not null and told_at is null;

-- As firefly.yml of the default branch has them.
create table build_schedules (
    project_id uuid not null references projects (id) on delete cascade,
    name text not null,
    expression text not null,
    next_at timestamptz not null,
    ran_at timestamptz,
    primary key (project_id, name)
);

create index build_schedules_due on build_schedules (next_at);
