-- Images are artifacts that are named before they are stored: `stored` is empty until they are.
drop trigger artifacts_discarded on artifacts;
create trigger artifacts_discarded after delete on artifacts for each row
when (old.stored <> '') execute function discard_stored();

-- The lowest port that an image says it listens on.
alter table artifacts add column port integer;

create index artifacts_unstored on artifacts (created_at) where kind = 'image' and stored = '';
