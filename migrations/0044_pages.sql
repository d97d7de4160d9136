-- Sites that are nothing but pages are served without a sandbox: they have no workspace, and routes of a kind of their own.
alter table sites add column is_pages boolean not null default false;

alter table routes drop constraint routes_kind_check;
alter table routes add constraint routes_kind_check check (
    kind in ('app', 'sandbox', 'spread', 'pages', 'reserved')
);
