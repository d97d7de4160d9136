-- Whose sandbox it is where servers of several machines share a database; null: of whoever finds it.

alter table sandboxes add column node text;
