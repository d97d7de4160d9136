-- name: begin_handshake!
insert into provider_handshakes (state, account_id, session_id, provider, url, scopes, sealed, next, expires_at)
values (:state, :account_id, :session_id, :provider, :url, :scopes, :sealed, :next, :expires_at);

-- name: take_handshake^
-- Once, and by the session that began it.
delete from provider_handshakes where state = :state and session_id = :session_id and expires_at > :now returning *;

-- name: forget_handshakes!
delete from provider_handshakes where expires_at <= :now;

-- name: of_account
select * from provider_connections where account_id = :account_id order by provider, url;

-- name: find^
select * from provider_connections where id = :id;

-- name: lock^
select * from provider_connections where id = :id for update;

-- name: at_provider^
select * from provider_connections where account_id = :account_id and provider = :provider and url = :url;

-- name: hold_account!
-- Additions to one account come one after another.
select from accounts where id = :account_id for no key update;

-- name: count_before_new$
-- How many it has; none where this is one of them.
select count(*) from provider_connections
where account_id = :account_id and not exists (select from provider_connections where id = :id);

-- name: put^
insert into provider_connections (
    id, account_id, provider, url, kind, login, user_id, scopes, sealed, expires_at, state, created_at, checked_at,
    next_check
)
values (
    :id, :account_id, :provider, :url, :kind, :login, :user_id, :scopes, :sealed, :expires_at, 'working', :now, :now,
    :next_check
)
on conflict (id) do update set kind = excluded.kind, login = excluded.login, user_id = excluded.user_id,
    scopes = excluded.scopes, sealed = excluded.sealed, expires_at = excluded.expires_at, state = 'working',
    reason = '', checked_at = excluded.checked_at, next_check = excluded.next_check
returning *;

-- name: wake_links!
-- What could not be done without it is due now.
update mirrors set wanted = wanted + 1, due_at = :now, attempts = 0 where project_id in (
    select project_id from provider_links where connection_id = :id
);

-- name: renew!
update provider_connections set sealed = :sealed, expires_at = :expires_at, scopes = :scopes where id = :id;

-- name: judge!
update provider_connections
set state = :state, reason = :reason, checked_at = :now, next_check = :next_check where id = :id;

-- name: remove$
delete from provider_connections where id = :id returning id;

-- name: take_due
update provider_connections set next_check = :until where id in (
    select id from provider_connections where next_check <= :now and state = 'working'
    order by next_check limit :most for update skip locked
)
returning *;
