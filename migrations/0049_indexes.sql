-- What many builds make slow without: rows that go with others, what is on its way, and what shows a ref.

-- Whoever refers to a row that goes is looked for once for each that does.
create index builds_reused on builds (reused_from) where reused_from is not null;
create index outgoing_deliveries_build on outgoing_deliveries (build_id) where build_id is not null;
create index site_hosts_project on site_hosts (project_id);
create index sites_database on sites (database_from) where database_from is not null;
create index access_requests_of_project on access_requests (project_id);
create index prebuilds_workspace on prebuilds (workspace_id) where workspace_id is not null;

create index builds_unended on builds (project_id, ref) where state in ('waiting', 'queued', 'running');
create index sites_ref on sites (project_id, ref, shows);
create index sites_starting on sites (created_at) where state = 'starting';
