-- Who answers for each sandbox, and when it was let start: what quotas count over all servers. Which ports are open in
-- it: what a server tells that does not keep it.

alter table sandboxes add column owner text;
alter table sandboxes add column admitted_at timestamptz;
alter table sandboxes add column ports integer[] not null default '{}';

create index sandboxes_live on sandboxes (owner)
where state in ('starting', 'running', 'frozen', 'stopping') or admitted_at is not null;
