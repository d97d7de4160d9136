-- Routes whose target has several members.

alter table routes drop constraint routes_kind_check;
alter table routes add constraint routes_kind_check check (kind in ('app', 'sandbox', 'spread', 'reserved'));
