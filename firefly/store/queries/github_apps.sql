-- name: find_app^
select * from github_apps where url = :url;

-- name: put_app!
insert into github_apps (url, app_id, name, owner, html_url, client_id, sealed, created_by, created_at)
values (:url, :app_id, :name, :owner, :html_url, :client_id, :sealed, :created_by, :now)
on conflict (url) do update set app_id = excluded.app_id, name = excluded.name, owner = excluded.owner,
    html_url = excluded.html_url, client_id = excluded.client_id, sealed = excluded.sealed,
    created_by = excluded.created_by, created_at = excluded.created_at;

-- name: remove_app$
delete from github_apps where url = :url returning name;

-- name: begin_handshake!
insert into github_app_handshakes (state, account_id, session_id, url, expires_at)
values (:state, :account_id, :session_id, :url, :expires_at);

-- name: take_handshake$
-- Once, and by the session that began it.
delete from github_app_handshakes where state = :state and session_id = :session_id and expires_at > :now
returning url;

-- name: forget_handshakes!
delete from github_app_handshakes where expires_at <= :now;

-- name: links_concerned
-- Those of the repositories with these ids, and of all that belong to these accounts.
select l.id from provider_links l join projects p on p.id = l.project_id and p.deleted_at is null
where l.provider = 'github' and l.base_url = :url and l.state <> 'unlinking' and (
    l.repository_id = any(:repositories::text[]) or lower(split_part(l.repository, '/', 1)) = any(:owners::text[])
)
order by l.id;

-- name: connections_of
select id from provider_connections where provider = 'github' and url = :url and user_id = :user_id and kind = 'oauth';

-- name: note_delivery$
insert into app_deliveries (delivery, event, summary, reason, projects, received_at)
values (:delivery, :event, :summary, :reason, :projects, :now) on conflict do nothing returning delivery;

-- name: is_noted$
select exists (select from app_deliveries where delivery = :delivery);

-- name: list_deliveries
select * from app_deliveries order by received_at desc limit :most;

-- name: forget_deliveries!
delete from app_deliveries where received_at < :before or delivery in (
    select delivery from app_deliveries order by received_at desc offset :most
);

-- name: forget_telling!
-- The App is gone: its repositories get hooks of their own again.
update provider_links set told_by_app = false where provider = 'github' and base_url = :url and told_by_app;
