-- name: find_link^
select * from provider_links where project_id = :project_id;

-- name: find_link_by_id^
select * from provider_links where id = :id;

-- name: add_link!
insert into provider_links (
    id, project_id, provider, base_url, repository, repository_id, web_url, clone_url, ssh_url, default_branch,
    is_private, connection_id, token, token_user, hook_secret, state, created_by, created_at, changed_at
) values (
    :id, :project_id, :provider, :base_url, :repository, :repository_id, :web_url, :clone_url, :ssh_url,
    :default_branch, :is_private, :connection_id, :token, :token_user, :hook_secret, :state, :created_by, :now, :now
);

-- name: set_link_repository!
update provider_links set repository = :repository, repository_id = :repository_id, web_url = :web_url,
    clone_url = :clone_url, ssh_url = :ssh_url, default_branch = :default_branch, is_private = :is_private,
    checked_at = :now, changed_at = :now
where id = :id;

-- name: set_link_state!
update provider_links set state = :state, reason = :reason, changed_at = :now
where id = :id and (state, reason) is distinct from (:state, :reason);

-- name: set_link_hook!
update provider_links set hook_id = :hook_id, told_by_app = :told_by_app, changed_at = :now where id = :id;

-- name: set_app_changed!
update provider_links set told_by_app = false, app_changed_at = :now, changed_at = :now where id = :id;

-- name: set_link_key!
update provider_links set key_id = :key_id, key_private = :key_private, key_public = :key_public, changed_at = :now
where id = :id;

-- name: set_link_fetched!
update provider_links set fetched_at = :now where id = :id;

-- name: set_link_credential!
update provider_links set connection_id = :connection_id, token = :token, token_user = :token_user, changed_at = :now
where id = :id;

-- name: remove_link!
delete from provider_links where id = :id;
