-- Projects may ask for room on the disk, as they do for memory.

alter table sandbox_wishes add column disk bigint;
