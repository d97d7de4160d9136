-- When a project from a template became whole. One that stays without was interrupted, and is cleared away.

alter table projects add column filled_at timestamptz;

update projects set filled_at = created_at;
