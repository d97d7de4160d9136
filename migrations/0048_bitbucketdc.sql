-- Bitbucket Data Center is a provider of its own.

alter table provider_links drop constraint provider_links_provider_check;
alter table provider_links add constraint provider_links_provider_check
    check (provider in ('github', 'gitlab', 'bitbucket', 'bitbucketdc', 'gitea'));
alter table provider_connections drop constraint provider_connections_provider_check;
alter table provider_connections add constraint provider_connections_provider_check
    check (provider in ('github', 'gitlab', 'bitbucket', 'bitbucketdc', 'gitea'));
