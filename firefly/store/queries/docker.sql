-- name: lock_blocks^
-- Whoever takes a network of an engine waits for whoever does.
SELECT pg_advisory_xact_lock(hashtextextended(:engine, 23));

-- name: forget_blocked(engine, before)!
-- What somebody else's network was in the way of may be free again.
DELETE FROM docker_subnets WHERE engine = :engine AND instance_id IS NULL AND taken_at < :before;

-- name: take_block(engine, size, instance_id, taken_at)^
INSERT INTO docker_subnets (engine, block, instance_id, taken_at)
SELECT :engine, free.block, :instance_id, :taken_at FROM generate_series(0, :size::integer - 1) AS free (block)
WHERE NOT EXISTS (SELECT FROM docker_subnets taken WHERE taken.engine = :engine AND taken.block = free.block)
ORDER BY free.block LIMIT 1 RETURNING block;

-- name: block_subnet(engine, instance_id)!
UPDATE docker_subnets SET instance_id = NULL WHERE engine = :engine AND instance_id = :instance_id;

-- name: release_block(engine, instance_id)!
DELETE FROM docker_subnets WHERE engine = :engine AND instance_id = :instance_id;

-- name: taken_blocks(engine)
SELECT instance_id FROM docker_subnets WHERE engine = :engine AND instance_id IS NOT NULL;
