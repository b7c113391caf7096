-- named models: versions, the forms of all functions, what a statement sees
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

CREATE TABLE named_point AS
SELECT g AS id, sin(g) AS a, cos(g) AS b, 'k' || g % 3 AS k
  FROM generate_series(1, 300) g;
CREATE VIEW named_input AS SELECT a, b, k FROM named_point;

-- the same as the aggregate
SELECT ae_create_model('wave', 'TABLE named_input', '{"epochs": 3}');
SELECT ae_model('wave') = ae_train(p, '{"epochs": 3}') AS same
  FROM named_input p;
SELECT ae_create_model('wave', 'TABLE named_input', '{"epochs": 3}');
SELECT ae_create_model('wave', 'SELECT a, k, b FROM named_point;',
					   '{"epochs": 2}', replace => true, note => 'second');
SELECT ae_store_model('wave', ae_model('wave', 1), 'the first again');
SELECT name, version, is_current, owner = current_user::regrole AS own,
	   readers, created_at <= clock_timestamp() AS created, seconds > 0 AS timed,
	   rows, bytes = length(ae_model(name, version)) AS bytes, query, options,
	   note
  FROM ae_models ORDER BY version;

-- every function takes a name
SELECT count(*) FILTER (
		WHERE ae_anomaly_score('wave', p) = ae_anomaly_score(m, p)
		AND ae_encode('wave', p) = ae_encode(m, p)
		AND ae_decode('wave', ae_encode('wave', p)) = ae_decode(m, ae_encode(m, p))
		AND to_jsonb(ae_reconstruct('wave', p)) = to_jsonb(ae_reconstruct(m, p))
		AND to_jsonb(ae_impute('wave', p)) = to_jsonb(ae_impute(m, p))) AS same
  FROM named_input p, ae_model('wave') m;
SELECT ae_evaluate('wave', p) = ae_evaluate(ae_model('wave'), p) AS evaluate
  FROM named_input p;
SELECT ae_info('wave') = ae_info(ae_model('wave')) AS info,
	   (SELECT array_agg(f::text) FROM ae_features('wave') f) =
	   (SELECT array_agg(f::text) FROM ae_features(ae_model('wave')) f) AS features,
	   (SELECT array_agg(h::text) FROM ae_history('wave') h) =
	   (SELECT array_agg(h::text) FROM ae_history(ae_model('wave')) h) AS history;
SELECT ae_anomaly_score(NULL, p), ae_anomaly_score('wave', NULL::named_input)
  FROM named_input p LIMIT 1;
-- several names in one call
SELECT ae_create_model('ramp', 'SELECT id AS a, -id AS b, k FROM named_point',
					   '{"epochs": 1}');
SELECT count(*) FILTER (WHERE ae_anomaly_score(n, p) =
						ae_anomaly_score(ae_model(n), p)) AS same
  FROM named_input p, unnest(ARRAY['wave', 'ramp', 'wave']) n;

-- all functions that take a model take a name, and keep their other
-- properties; not those whose models come from elsewhere than the current
-- version of one name
SELECT p.proname, p.proargtypes[1:]
  FROM pg_proc p
 WHERE p.proname LIKE 'ae\_%' AND p.prokind = 'f' AND
	   'bytea'::regtype = ANY (p.proargtypes::oid[]) AND
	   p.proname NOT IN ('ae_store_model', 'ae_merge_transition') AND
	   NOT EXISTS (SELECT FROM pg_proc q
					WHERE q.proname = p.proname AND q.prosrc = p.prosrc AND
						  'text'::regtype = ANY (q.proargtypes::oid[]) AND
						  q.provolatile <> 'i' AND
						  q.proparallel = p.proparallel AND
						  q.proisstrict = p.proisstrict AND
						  q.procost = p.procost AND q.prorows = p.prorows);

-- what a statement sees
CREATE FUNCTION wave_score() RETURNS float8 LANGUAGE sql VOLATILE AS
$$SELECT ae_anomaly_score('wave', p) FROM named_input p LIMIT 1$$;
CREATE TABLE seen (what text PRIMARY KEY, score float8);
INSERT INTO seen SELECT 'v' || version, ae_anomaly_score(m.model, p)
  FROM (SELECT * FROM named_input LIMIT 1) p, ae_model_version m
 WHERE name = 'wave';
CREATE FUNCTION which(score float8) RETURNS text LANGUAGE sql AS
$$SELECT string_agg(what, ' ' ORDER BY what) FROM seen s
  WHERE s.score = which.score$$;
SELECT which(wave_score());
SELECT ae_rollback_model('wave', 2), which(wave_score());
SELECT which(wave_score());
-- a change is undone with its transaction, or to a savepoint
BEGIN;
SELECT ae_rollback_model('wave', 1);
SELECT which(wave_score());
SAVEPOINT s;
SELECT ae_rollback_model('wave', 2);
SELECT which(wave_score());
ROLLBACK TO s;
SELECT which(wave_score());
SELECT ae_create_model('gone', 'TABLE named_input', '{"epochs": 1}');
ROLLBACK;
SELECT which(wave_score());
SELECT ae_info('gone');
-- a cursor goes on with the model that it began with
BEGIN;
DECLARE c CURSOR FOR SELECT which(ae_anomaly_score('wave', p))
  FROM (SELECT * FROM named_input LIMIT 1) p, generate_series(1, 3);
FETCH c;
SELECT ae_rollback_model('wave', 1);
SELECT which(wave_score());
FETCH c;
DECLARE d CURSOR FOR SELECT which(ae_anomaly_score('wave', p))
  FROM (SELECT * FROM named_input LIMIT 1) p, generate_series(1, 3);
SELECT ae_rollback_model('wave', 2);
SELECT which(wave_score());
FETCH d;
FETCH c;
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT which(wave_score());
SELECT ae_rollback_model('wave', 3);
SELECT which(wave_score());
ROLLBACK;
-- plain DML counts, too
UPDATE ae_named_model SET current_version = 1 WHERE name = 'wave';
SELECT which(wave_score());
UPDATE ae_model_version v
   SET model = (SELECT model FROM ae_model_version
				 WHERE name = 'wave' AND version = 2)
 WHERE name = 'wave' AND version = 1;
SELECT which(wave_score());
DELETE FROM ae_model_version WHERE name = 'wave' AND version = 1;
SELECT wave_score();
UPDATE ae_named_model SET current_version = 3 WHERE name = 'wave';
SELECT which(wave_score());
-- in one expression of a loop, whose call site lives on
DO $$
DECLARE
	p named_input;
	s float8;
BEGIN
	SELECT * INTO p FROM named_input LIMIT 1;
	FOR i IN 2..3 LOOP
		PERFORM ae_rollback_model('wave', i);
		s := ae_anomaly_score('wave', p);
		RAISE NOTICE '%', which(s);
	END LOOP;
END $$;
-- and in parallel workers
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
ALTER TABLE named_point SET (parallel_workers = 2);
CREATE FUNCTION uses_workers(query text) RETURNS boolean LANGUAGE plpgsql AS
$$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
		IF line ~ 'Gather' THEN RETURN true; END IF;
	END LOOP;
	RETURN false;
END $$;
SELECT uses_workers('SELECT sum(ae_anomaly_score(''wave'', p)) FROM named_input p');
SET parallel_leader_participation = off;
SELECT count(*) FILTER (WHERE s = ae_anomaly_score(ae_model('wave'), p)) AS same
  FROM (SELECT p, ae_anomaly_score('wave', p) AS s FROM named_input p) q;
SELECT ae_create_model('wave', 'TABLE named_input', '{"epochs": 1}', true);
RESET parallel_leader_participation;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;

-- without a cache of parsed models
SET autoencoder.cache_size = 0;
SELECT ae_rollback_model('wave', 2);
SELECT which(wave_score()), which(wave_score());
RESET autoencoder.cache_size;

-- names, versions
SELECT ae_rename_model('wave', 'tide');
SELECT ae_info('wave');
SELECT ae_info('tide') ->> 'rows' AS rows;
SELECT ae_rename_model('tide', 'ramp');
SELECT ae_rollback_model('tide', 9);
SELECT ae_rollback_model('tide', NULL);
SELECT ae_model('tide', 9);
SELECT ae_model('tied');
SELECT ae_model(NULL), ae_model('tide', NULL);
SELECT ae_prune_model('tide', 0);
SELECT ae_prune_model('tide', 1);
SELECT version, is_current FROM ae_models WHERE name = 'tide' ORDER BY version;
-- numbers go on from the last one
SELECT ae_store_model('tide', ae_model('tide'));
SELECT ae_drop_model('tide');
SELECT ae_drop_model('tide');
SELECT ae_drop_model('tide', if_exists => true);
SELECT count(*) FROM ae_model_version WHERE name = 'tide';
SELECT ae_store_model('tide', ae_model('ramp'));
SELECT ae_store_model('tide', NULL);
SELECT ae_store_model('tide', '\x00');
SELECT ae_create_model(NULL, 'TABLE named_input');
SELECT ae_create_model('', 'TABLE named_input');
SELECT ae_create_model(repeat('x', 64), 'TABLE named_input');
SELECT ae_info(repeat('x', 64));
SELECT ae_create_model('x', NULL);
SELECT ae_info('');
-- a literal without a type is a name
SELECT ae_info('\x61652d6d6f64656c00');

-- queries
SELECT ae_create_model('x', '');
SELECT ae_create_model('x', 'SELECT 1; SELECT 2');
SELECT ae_create_model('x', 'SELECT $1');
SELECT ae_create_model('x', 'SELECT * FROM no_such_table');
SELECT ae_create_model('x', 'DELETE FROM named_point RETURNING *');
SELECT ae_create_model('x', 'WITH d AS (DELETE FROM named_point RETURNING *) SELECT * FROM d');
SELECT ae_create_model('x', 'SELECT 1 AS a INTO named_other');
SELECT ae_create_model('x', 'COPY named_point TO STDOUT');
SELECT ae_create_model('x', 'COMMIT');
SELECT ae_create_model('x', 'SELECT a FROM named_point WHERE false');
SELECT ae_create_model('x', 'SELECT NULL::float8 AS a FROM named_point');
SELECT ae_create_model('x', 'SELECT a, b AS a FROM named_point');
SELECT ae_create_model('x', 'SELECT a FROM named_point', '{"latnet": 3}');
SELECT count(*) FROM ae_named_model WHERE name = 'x';
SELECT ae_create_model('x', 'VALUES (1, 2), (3, 5)', '{"epochs": 1}');
-- arrays whose length is not known at first, values out of line
SELECT ae_create_model('x',
	'SELECT v FROM (VALUES (1, NULL::real[]), (2, ''{1,2}''), (3, ''{3,1}'')) s (i, v)
	  ORDER BY i', '{"epochs": 1}', true);
CREATE TABLE named_long (id int, v float8[], note text);
ALTER TABLE named_long ALTER v SET STORAGE EXTERNAL;
INSERT INTO named_long
SELECT i, array_agg(sin(i * j)), repeat('x', 3000)
  FROM generate_series(1, 5) i, generate_series(1, 600) j GROUP BY i;
SELECT ae_create_model('x', 'SELECT v FROM named_long ORDER BY id',
					   '{"epochs": 1}', true);
SELECT ae_model('x') = ae_train(t, '{"epochs": 1}') AS same
  FROM (SELECT v FROM named_long ORDER BY id) t;
-- spilled to temporary files
SET maintenance_work_mem = '1MB';
SELECT ae_create_model('x', 'SELECT i, i % 7 AS j FROM generate_series(1, 200000) i',
					   '{"epochs": 1, "hidden": [4], "latent": 2}', true);
RESET maintenance_work_mem;
-- the trigger of the tables
SELECT ae_model_changed();
BEGIN READ ONLY;
SELECT ae_create_model('x', 'TABLE named_input');
ROLLBACK;
BEGIN READ ONLY;
SELECT ae_store_model('x', ae_model('x'));
ROLLBACK;

SELECT ae_drop_model(name) FROM ae_named_model;
DROP VIEW named_input CASCADE;
DROP TABLE named_point, named_long, seen;
DROP FUNCTION which, uses_workers;
