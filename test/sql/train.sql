-- the aggregate ae_train()
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

CREATE TEMP TABLE reading AS
SELECT g AS id,
	   sin(g) AS a,
	   1000 + cos(g * 1.7) AS b,
	   (ARRAY['x', 'y', 'z'])[1 + g % 3] AS label,
	   g % 2 = 0 AS flag
  FROM generate_series(1, 300) g;

-- a model is a value
CREATE TEMP TABLE model AS
SELECT ae_train(r, '{"epochs": 2, "hidden": [8], "latent": 2}') AS m
  FROM (SELECT a, b, label, flag FROM reading ORDER BY id) r;
SELECT pg_typeof(m), length(m) > 1000 AS sized FROM model;
SELECT name, type, kind FROM model, ae_features(m);

-- the same rows, options and seed give the same bytes; another seed does not
SELECT m = ae_train(r, '{"epochs": 2, "hidden": [8], "latent": 2}') AS same
  FROM model, (SELECT a, b, label, flag FROM reading ORDER BY id) r GROUP BY m;
SELECT m = ae_train(r, '{"epochs": 2, "hidden": [8], "latent": 2, "seed": 1}')
	   AS same
  FROM model, (SELECT a, b, label, flag FROM reading ORDER BY id) r GROUP BY m;

-- without options, and with NULL for options
SELECT ae_train(r) = ae_train(r, NULL) AS same,
	   ae_train(r) = ae_train(r, '{}') AS same
  FROM (SELECT a FROM reading WHERE id <= 20) r;

-- no rows, no model
SELECT ae_train(r) IS NULL AS empty FROM reading r WHERE false;
SELECT ae_train(r) FILTER (WHERE false) IS NULL AS empty FROM reading r;

-- rows whose features are NULL do not count
SELECT ae_train(v, '{"epochs": 1}')
	   = ae_train(v, '{"epochs": 1}') FILTER (WHERE v IS NOT NULL) AS same
  FROM (SELECT CASE WHEN id % 3 = 0 THEN ARRAY[a, b] END AS v
		  FROM reading) s;
SELECT ae_info(ae_train(v, '{"epochs": 1}')) -> 'rows' AS rows
  FROM (SELECT CASE WHEN id % 3 = 0 THEN ARRAY[a, b] END AS v
		  FROM reading) s;

-- FILTER, ORDER BY, DISTINCT, HAVING
SELECT ae_info(ae_train(r, '{"epochs": 1}') FILTER (WHERE flag)) -> 'rows'
	   AS rows
  FROM reading r;
SELECT ae_train(r, '{"epochs": 1}' ORDER BY id)
	   = ae_train(r, '{"epochs": 1}' ORDER BY id DESC) AS same
  FROM (SELECT id, a FROM reading) r;
SELECT ae_info(ae_train(DISTINCT ARRAY[id % 7, id % 3], '{"epochs": 1}'))
	   -> 'rows' AS rows
  FROM reading;
SELECT ae_train(r, '{"epochs": 1}') IS NOT NULL AS trained FROM reading r
HAVING count(*) > 10;
SELECT ae_train(r, '{"epochs": 1}') FROM reading r HAVING count(*) > 1000;

-- progress
\set VERBOSITY sqlstate
SELECT ae_train(r, '{"epochs": 2, "verbose": true}') IS NOT NULL AS trained
  FROM reading r;
\set VERBOSITY default

-- a model too large is refused before it is trained
SET autoencoder.max_model_size = '64kB';
SELECT ae_train(r, '{"hidden": [1000, 1000], "latent": 1000}') FROM reading r;
RESET autoencoder.max_model_size;

-- rows beyond maintenance_work_mem go to a temporary file and give the same
-- model
CREATE TEMP TABLE many AS
SELECT ARRAY[sin(g), cos(g), g % 10, g % 7, g % 5, g % 3, g, g * 0.5]
	   AS v, g % 2 AS k, g
  FROM generate_series(1, 60000) g;
CREATE TEMP TABLE many_model AS
SELECT ae_train(v, '{"epochs": 2, "hidden": [8], "latent": 2}' ORDER BY g) AS m
  FROM many;
SET maintenance_work_mem = '1MB';
SELECT m = ae_train(v, '{"epochs": 2, "hidden": [8], "latent": 2}' ORDER BY g)
	   AS same
  FROM many, many_model GROUP BY m;
SELECT k, ae_info(ae_train(v, '{"epochs": 2, "hidden": [8], "latent": 2}'))
	   -> 'rows' AS rows
  FROM many GROUP BY k ORDER BY k;

-- that file counts against temp_file_limit
SET work_mem = '64MB';
SET temp_file_limit = '100kB';
\set VERBOSITY sqlstate
SELECT ae_train(v, '{"epochs": 2}') FROM many;
\set VERBOSITY default
RESET temp_file_limit;

-- subtransactions, cursors, rescans
DO $$
BEGIN
	FOR i IN 1..3 LOOP
		BEGIN
			PERFORM ae_train(v, '{"epochs": 1, "hidden": [2], "latent": 1}')
			   FROM many;
			PERFORM ae_train(CASE WHEN g > 50000 THEN ARRAY['NaN'::float8]
							 ELSE ARRAY[g::float8] END, '{"epochs": 1}')
			   FROM many;
		EXCEPTION WHEN numeric_value_out_of_range THEN
			RAISE NOTICE '%', SQLERRM;
		END;
	END LOOP;
END
$$;
BEGIN;
DECLARE c CURSOR FOR
	SELECT k, ae_info(ae_train(v, '{"epochs": 1, "hidden": [2], "latent": 1}'))
		   -> 'rows' AS rows
	  FROM many GROUP BY k ORDER BY k;
FETCH c;
SAVEPOINT s;
SELECT ae_train(ARRAY['a']);
ROLLBACK TO s;
FETCH c;
FETCH c;
DECLARE d CURSOR WITH HOLD FOR
	SELECT ae_info(ae_train(v, '{"epochs": 1, "hidden": [2], "latent": 1}'))
		   -> 'rows' AS rows
	  FROM many;
COMMIT;
FETCH d;
CLOSE d;
SELECT n, (SELECT ae_info(ae_train(v, '{"epochs": 1, "hidden": [2], "latent": 1}'))
				  -> 'rows'
			 FROM many WHERE g <= n) AS rows
  FROM unnest(ARRAY[50000, 1000, 40000]) n;
RESET maintenance_work_mem;
RESET work_mem;

-- training can be cancelled
SET statement_timeout = '300ms';
SELECT ae_train(v, '{"epochs": 100000}') FROM many WHERE g <= 2000;
RESET statement_timeout;

-- the first rows of an array column may be NULL
SELECT f.name, f.type, f.width
  FROM (SELECT ae_train(r, '{"epochs": 1}') AS m
		  FROM (SELECT CASE WHEN id > 7 THEN ARRAY[a, b, 1] END AS v, label,
					   CASE WHEN id > 9 THEN ARRAY[id, 2] END AS w
				  FROM reading ORDER BY id) r) t, ae_features(m) f;
SELECT f.name, f.width, f.null_fraction
  FROM (SELECT ae_train(r, '{"epochs": 1}') AS m
		  FROM (SELECT NULL::float8[] AS v, label FROM reading) r) t,
	   ae_features(m) f;
