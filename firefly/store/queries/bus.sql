-- name: notify$
SELECT pg_notify(:channel, nextval('bus_event_ids')::text || ' ' || :event::text);
