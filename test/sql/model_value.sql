-- models as values: how they are stored, compared, cached and checked
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

CREATE TABLE point AS
SELECT g AS id, ARRAY[sin(g), cos(g), sin(g) + cos(g * 1.7)] AS v
  FROM generate_series(1, 300) g;

-- the same rows, options and seed give the same bytes
CREATE TABLE stored (storage text PRIMARY KEY, model bytea);
INSERT INTO stored
SELECT 'extended', ae_train(v, '{"hidden": [64], "latent": 2, "epochs": 5,
								 "coreset": 0}')
  FROM point;
SELECT model = (SELECT ae_train(v, '{"hidden": [64], "latent": 2, "epochs": 5,
									 "coreset": 0}')
				  FROM point) AS same
  FROM stored;

-- a score does not depend on how the model is stored
CREATE TABLE external (model bytea);
ALTER TABLE external ALTER model SET STORAGE EXTERNAL;
INSERT INTO external SELECT model FROM stored;
CREATE TABLE compressed (model bytea);
ALTER TABLE compressed ALTER model SET STORAGE MAIN;
INSERT INTO compressed SELECT model FROM stored;
CREATE TABLE plain (model bytea);
ALTER TABLE plain ALTER model SET STORAGE PLAIN;
INSERT INTO plain SELECT model FROM stored;
CREATE FUNCTION held_model() RETURNS bytea LANGUAGE plpgsql IMMUTABLE
AS $$ BEGIN RETURN (SELECT model || ''::bytea FROM stored); END $$;
SELECT bool_and(ae_anomaly_score(s.model, v) = ae_anomaly_score(e.model, v))
	   AS external,
	   bool_and(ae_anomaly_score(s.model, v) = ae_anomaly_score(c.model, v))
	   AS main,
	   bool_and(ae_anomaly_score(s.model, v) = ae_anomaly_score(p.model, v))
	   AS plain,
	   bool_and(ae_anomaly_score(s.model, v) =
				ae_anomaly_score(held_model(), v)) AS in_memory
  FROM stored s, external e, compressed c, plain p, point;

-- compressed, in line and outside
CREATE TABLE label_model (storage text, model bytea);
INSERT INTO label_model
SELECT 'outside',
	   ae_train(r, '{"hidden": [4], "latent": 1, "epochs": 1,
					 "max_categories": 200, "min_frequency": 1}')
  FROM (SELECT 'one of many labels that look alike: ' || i % 150 AS label, i
		  FROM generate_series(1, 300) i) r;
ALTER TABLE label_model ALTER model SET STORAGE MAIN;
INSERT INTO label_model SELECT 'in line', model || ''::bytea FROM label_model;
SELECT storage, pg_column_size(model) < 0.9 * length(model) AS compressed,
	   ae_info(model) -> 'columns' AS columns,
	   ae_anomaly_score(model, ROW('one of many labels that look alike: 7'::text, 1)) =
	   (SELECT ae_anomaly_score(model || ''::bytea,
								ROW('one of many labels that look alike: 7'::text, 1))
		  FROM label_model WHERE storage = 'outside') AS same
  FROM label_model ORDER BY storage;

-- several models through one call
INSERT INTO stored
SELECT 'seed ' || seed,
	   ae_train(v, format('{"hidden": [64], "latent": 2, "epochs": 5, "seed": %s}',
						  seed)::jsonb)
  FROM point, generate_series(1, 3) seed GROUP BY seed;
CREATE TABLE expected_score AS
SELECT storage, id, NULL::float8 AS score FROM stored, point;
DO $$
DECLARE
	s stored;
BEGIN
	FOR s IN SELECT * FROM stored LOOP
		UPDATE expected_score e SET score = ae_anomaly_score(s.model, v)
		  FROM point p WHERE p.id = e.id AND e.storage = s.storage;
	END LOOP;
END $$;
SELECT count(DISTINCT score) FROM expected_score WHERE id = 1;
SELECT count(*) AS wrong
  FROM (SELECT storage, id, ae_anomaly_score(model, v) AS score
		  FROM point, stored ORDER BY id, storage OFFSET 0) s
  JOIN expected_score e USING (storage, id)
 WHERE s.score <> e.score;

-- the same when no parsed model is kept, or just one
SET autoencoder.cache_size = 0;
SELECT count(*) AS wrong
  FROM (SELECT storage, id, ae_anomaly_score(model, v) AS score
		  FROM (SELECT * FROM point WHERE id <= 20) p, stored
		 ORDER BY id, storage OFFSET 0) s
  JOIN expected_score e USING (storage, id)
 WHERE s.score <> e.score;
SELECT count(*) AS contexts FROM pg_backend_memory_contexts
 WHERE name = 'autoencoder model';
SET autoencoder.cache_size = '40kB';
SELECT count(*) AS wrong
  FROM (SELECT storage, id, ae_anomaly_score(model, v) AS score
		  FROM (SELECT * FROM point WHERE id <= 20) p, stored
		 ORDER BY id, storage OFFSET 0) s
  JOIN expected_score e USING (storage, id)
 WHERE s.score <> e.score;
RESET autoencoder.cache_size;
SELECT bool_and(ae_info(model) -> 'latent' = '2') FROM stored;
-- up to PostgreSQL 17 a context names its parent, then it has a path
WITH c AS (SELECT name, to_jsonb(m) AS m FROM pg_backend_memory_contexts m)
SELECT count(*) AS contexts FROM c
 WHERE name = 'autoencoder model' AND
	   coalesce(m ->> 'parent',
				(SELECT p.name FROM c p WHERE p.m -> 'path' = (c.m -> 'path') - -1)) =
	   'CacheMemoryContext';

-- a model that is replaced is replaced at once
PREPARE seed_of(text) AS
SELECT ae_info(model) -> 'options' -> 'seed' AS seed FROM stored
 WHERE storage = $1;
EXECUTE seed_of('seed 1');
UPDATE stored SET model = (SELECT model FROM stored WHERE storage = 'seed 2')
 WHERE storage = 'seed 1';
EXECUTE seed_of('seed 1');
DO $$
DECLARE
	wrong integer := 0;
	m bytea;
BEGIN
	FOR i IN 1..3 LOOP
		UPDATE stored
		   SET model = (SELECT model FROM stored WHERE storage = 'seed 3')
		 WHERE storage = 'seed 1';
		SELECT model INTO m FROM stored WHERE storage = 'seed 1';
		wrong := wrong + (ae_anomaly_score(m, ARRAY[1, 2, 3]) <>
			(SELECT ae_anomaly_score(model, ARRAY[1, 2, 3]) FROM stored
			  WHERE storage = 'seed 3'))::integer;
		UPDATE stored
		   SET model = (SELECT model FROM stored WHERE storage = 'seed 2')
		 WHERE storage = 'seed 1';
		SELECT model INTO m FROM stored WHERE storage = 'seed 1';
		wrong := wrong + (ae_anomaly_score(m, ARRAY[1, 2, 3]) <>
			(SELECT ae_anomaly_score(model, ARRAY[1, 2, 3]) FROM stored
			  WHERE storage = 'seed 2'))::integer;
	END LOOP;
	RAISE NOTICE 'wrong: %', wrong;
END $$;

-- values that are no model
SELECT ae_info(''::bytea);
SELECT ae_info('\x00'::bytea);
SELECT ae_info(decode(repeat('ab', 5000), 'hex'));
SELECT ae_info('not a model, but longer than the sixty-four bytes of the header'::bytea);

CREATE TABLE short (model bytea);
INSERT INTO short VALUES ('\x00'), (sha256('')), (NULL);
SELECT ae_info(model) FROM short WHERE length(model) = 1;
SELECT ae_info(model) FROM short WHERE length(model) > 1;
SELECT ae_info(model) FROM short WHERE model IS NULL;

-- truncated, extended, altered; in a session that has no parsed model
SET autoencoder.cache_size = 0;
SELECT ae_info(substr(model, 1, 63)) FROM external;
SELECT ae_info(substr(model, 1, 64)) FROM external;
SELECT ae_info(substr(model, 1, length(model) - 1)) FROM external;
SELECT ae_info(model || '\x00') FROM external;
SELECT ae_info(set_byte(model, 500, get_byte(model, 500) # 1)) FROM external;
-- a newer format
SELECT ae_info(set_byte(model, 8, 2)) FROM external;

-- a bit flipped in any byte is an error
CREATE FUNCTION outcome(model bytea) RETURNS text LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM ae_anomaly_score(model, ARRAY[1, 2, 3]), ae_info(model),
		(SELECT count(*) FROM ae_features(model)),
		(SELECT count(*) FROM ae_history(model));
	RETURN 'read';
EXCEPTION
	WHEN OTHERS THEN
		RETURN CASE SQLSTATE WHEN 'XX000' THEN SQLERRM ELSE 'refused' END;
END $$;
SELECT outcome(model) FROM external;
SELECT outcome(set_byte(model, i, get_byte(model, i) # 16)) AS result,
	   count(*)
  FROM external, generate_series(0, 999) i GROUP BY 1;
SELECT outcome(set_byte(model, i, get_byte(model, i) # 1)) AS result,
	   count(*)
  FROM external, generate_series(length(model) - 500, length(model) - 1) i
 GROUP BY 1;
SELECT outcome(substr(model, 1, i)) AS result
  FROM external, generate_series(0, length(model) - 1, 61) i GROUP BY 1;
-- with a digest that is right, what the bytes say is checked all the same
CREATE FUNCTION sealed(model bytea) RETURNS bytea LANGUAGE sql IMMUTABLE
AS $$ SELECT overlay(model PLACING sha256(substr(model, 65)) FROM 25) $$;
SELECT sealed(model) = model AS digest_is_sha256 FROM external;
SELECT outcome(sealed(set_byte(model, i, get_byte(model, i) # (1 << bit))))
	   IN ('read', 'refused') AS survived
  FROM external, generate_series(64, 1200) i, generate_series(0, 7) bit
 GROUP BY 1;
SELECT outcome(sealed(substr(model, 1, i) || '\xffffffff' ||
					  substr(model, i + 5))) IN ('read', 'refused') AS survived
  FROM external, generate_series(64, 1200) i
 GROUP BY 1;
-- nothing that went wrong has left anything in the session
SELECT count(*) AS contexts FROM pg_backend_memory_contexts
 WHERE name IN ('autoencoder model', 'autoencoder scoring');
-- text of another encoding
SELECT ae_info(sealed(overlay(model PLACING '\xe97d'
							  FROM position('{}'::bytea IN model))))
  FROM (SELECT ae_train(r, '{"epochs": 1, "hidden": [4], "latent": 2}') AS model
		  FROM (SELECT id, id % 2 AS "{}" FROM point) r) s;
RESET autoencoder.cache_size;

-- a limit on the size, when a model is read, too
CREATE TABLE large AS
SELECT ae_train(v, '{"hidden": [128, 128], "latent": 2, "epochs": 1}') AS model
  FROM point;
SET autoencoder.cache_size = 0;
SET autoencoder.max_model_size = '64kB';
DO $$
BEGIN
	PERFORM ae_info(model) FROM large;
EXCEPTION
	WHEN program_limit_exceeded THEN
		RAISE NOTICE '%', regexp_replace(SQLERRM, '[0-9.]+ MB', 'N MB', 'g');
END $$;
RESET autoencoder.max_model_size;
SELECT ae_info(model) -> 'latent' AS latent FROM large;
RESET autoencoder.cache_size;

DROP FUNCTION held_model, outcome, sealed;
DROP TABLE point, stored, external, compressed, plain, label_model,
	expected_score, short, large;
