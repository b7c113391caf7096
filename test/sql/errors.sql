-- what ae_train() and the matching of rows to models refuse
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;
\set VERBOSITY default

-- features that are neither a row nor an array of numbers
SELECT ae_train(1);
SELECT ae_train('{1,2}'::text);
SELECT ae_train('[1,2]'::jsonb);
SELECT ae_train('{1,2}');
SELECT ae_train(ARRAY['a', 'b']);
SELECT ae_train(ARRAY[true, false]);
SELECT ae_train(ARRAY[[1, 2], [3, 4]]);
SELECT ae_train('{}'::real[]);
SELECT ae_train(array_fill(0::real, ARRAY[100001]));
SELECT ae_train(v) FROM (VALUES (ARRAY[1, 2]), (ARRAY[1, 2, 3])) s (v);
SELECT ae_train(v) FROM (VALUES (ARRAY[1, 2]), ('{}'::integer[])) s (v);

-- columns without an encoding
SELECT ae_train(r) FROM (SELECT 1 AS a, '{}'::json AS b) r;
SELECT ae_train(r) FROM (SELECT 1 AS a, '{}'::jsonb AS b) r;
SELECT ae_train(r) FROM (SELECT 1 AS a, 'x'::bytea AS b) r;
SELECT ae_train(r) FROM (SELECT 1 AS a, point '(1,2)' AS b) r;
SELECT ae_train(r) FROM (SELECT 1 AS a, int4range(1, 2) AS b) r;
-- whose name depends on the search_path
SELECT ae_train(r) FROM (SELECT 1 AS a, 'integer'::regtype AS b) r;
SELECT ae_train(r) FROM (SELECT 1 AS a, ARRAY['x'] AS b) r;
SELECT ae_train(r) FROM (SELECT 1 AS a, ROW(1, 2) AS b) r;
SELECT ae_train(ROW(1, 'x'));
SELECT ae_train(r, '{"epochs": 1, "columns": {"b": {"skip": true}}}')
	   IS NOT NULL AS trained
  FROM (SELECT g AS a, ARRAY['x'] AS b FROM generate_series(1, 4) g) r;

-- columns of a row
SELECT ae_train(r) FROM (SELECT 1 AS a, 2 AS a) r;
SELECT ae_train(r) FROM (SELECT) r;
SELECT ae_train(CASE WHEN g = 1 THEN ROW(1, 2) ELSE ROW(1, 2, 3) END)
  FROM generate_series(1, 3) g;
SELECT ae_train(r)
  FROM (SELECT ARRAY[g, g] AS v FROM generate_series(1, 3) g
		UNION ALL SELECT ARRAY[1, 2, 3]) r;
SELECT ae_train(r) FROM (SELECT '{}'::real[] AS v) r;
SELECT ae_train(r) FROM (SELECT ARRAY[[1, 2], [3, 4]] AS v) r;
SELECT ae_train(r) FROM (SELECT array_fill(0::real, ARRAY[1000001]) AS v) r;

-- NaN and infinity
SELECT ae_train(ARRAY[1, 'NaN']::float8[]);
SELECT ae_train(ARRAY[1, '-Infinity']::real[]);
SELECT ae_train(ARRAY[NULL, 'Infinity']::float8[]);
SELECT ae_train(ARRAY[1, 'NaN']::numeric[]);
SELECT ae_train(r) FROM (SELECT 1 AS a, 'NaN'::float8 AS b) r;
SELECT ae_train(r) FROM (SELECT 1 AS a, 'Infinity'::real AS b) r;
SELECT ae_train(r) FROM (SELECT 1 AS a, 'NaN'::numeric AS b) r;
SELECT ae_train(r) FROM (SELECT 1 AS a, '-Infinity'::numeric AS b) r;
SELECT ae_train(r) FROM (SELECT 1 AS a, 1e400 AS b) r;
SELECT ae_train(r) FROM (SELECT 1 AS a, date 'infinity' AS b) r;
SELECT ae_train(r) FROM (SELECT 1 AS a, timestamp '-infinity' AS b) r;
SELECT ae_train(r) FROM (SELECT 1 AS a, timestamptz 'infinity' AS b) r;
SELECT ae_train(r) FROM (SELECT ARRAY[1, 2, 'NaN']::float8[] AS v) r;

-- too few rows
SELECT ae_train(ARRAY[1, 2]);
SELECT ae_train(NULL::real[]);
SELECT ae_train(r) FROM (SELECT NULL::real AS a FROM generate_series(1, 9)) r;

-- no window function
SELECT ae_train(ARRAY[g, 1]) OVER () FROM generate_series(1, 3) g;

-- divergence, and options that cannot work
SELECT ae_train(ARRAY[g, g % 7, g % 3], '{"learning_rate": 10, "optimizer": "sgd",
	   "clip_norm": 0, "warmup": 0, "epochs": 50, "hidden": [64, 64, 64],
	   "activation": "linear"}')
  FROM generate_series(1, 500) g;
SELECT ae_train(ARRAY[g, g % 7], '{"hidden": [65536, 65536]}')
  FROM generate_series(1, 9) g;

-- rows that do not match the model
CREATE TEMP TABLE row_model AS
SELECT ae_train(r, '{"epochs": 1}') AS m
  FROM (SELECT g AS a, 'x' || g % 2 AS b, date '2024-01-01' + g AS c,
			   ARRAY[g, 2] AS d, time '00:00' + g * interval '1 minute' AS e
		  FROM generate_series(1, 9) g) r;
SELECT ae_anomaly_score(m, r) FROM row_model, (SELECT 1 AS a, 'x' AS b) r;
SELECT ae_anomaly_score(m, ROW(1, 'x')) FROM row_model;
SELECT ae_anomaly_score(m, ROW('x', 1, 2, 3, 4)) FROM row_model;
SELECT ae_anomaly_score(m, ROW(1, 'x', date '2024-01-01', 2, time '00:00'))
  FROM row_model;
SELECT ae_anomaly_score(m, ROW(1, 'x', date '2024-01-01', ARRAY[2, 3, 4],
							   time '00:00'))
  FROM row_model;
SELECT ae_anomaly_score(m, ROW(1, 'x', time '00:00', ARRAY[2, 3],
							   time '00:00'))
  FROM row_model;
SELECT ae_anomaly_score(m, ROW(1, 'x', date '2024-01-01', ARRAY[2, 3],
							   timestamp '2024-01-01'))
  FROM row_model;
SELECT ae_anomaly_score(m, ROW(1, 'x', date '2024-01-01', ARRAY['2', '3'],
							   time '00:00'))
  FROM row_model;
SELECT ae_anomaly_score(m, ROW('NaN'::real, 'x', date '2024-01-01',
							   ARRAY[2, 3], time '00:00'))
  FROM row_model;
SELECT ae_anomaly_score(m, ROW('1', 'x', '2024-01-01', NULL, NULL))
  FROM row_model;
SELECT ae_anomaly_score(m, ROW('1', 'x', NULL, '{2,3}', NULL)) FROM row_model;
SELECT ae_impute(m, ROW('1', 'x', NULL, ARRAY[2, 3], NULL)) FROM row_model;
SELECT ae_anomaly_score(m, ROW('one', 'x', NULL, NULL, NULL)) FROM row_model;
SELECT ae_anomaly_score(m, ARRAY[1, 2, 3, 4, 5, 6]) FROM row_model;
SELECT ae_anomaly_score(m, 'x'::text) FROM row_model;
CREATE TEMP TABLE array_model AS
SELECT ae_train(ARRAY[g, g % 3], '{"epochs": 1, "columns":
									{"2": {"kind": "numeric"}}}') AS m
  FROM generate_series(1, 9) g;
SELECT ae_anomaly_score(m, ARRAY[1, 2, 3]) FROM array_model;
SELECT ae_anomaly_score(m, ARRAY[[1, 2]]) FROM array_model;
SELECT ae_anomaly_score(m, '{}'::real[]) FROM array_model;
SELECT ae_anomaly_score(m, ARRAY['a', 'b']) FROM array_model;
SELECT ae_anomaly_score(m, ARRAY[1, 'NaN']::float8[]) FROM array_model;
SELECT ae_anomaly_score(m, r) FROM array_model, (SELECT 1 AS x, 2 AS y) r;
SELECT ae_anomaly_score(m, ROW(1, 2, 3)) FROM array_model;
CREATE TEMP TABLE flag_model AS
SELECT ae_train(r, '{"epochs": 1, "columns": {"a": {"kind": "binary"}}}') AS m
  FROM (SELECT g % 2 AS a, g AS b FROM generate_series(1, 9) g) r;
SELECT ae_anomaly_score(m, ROW(3, 3)) FROM flag_model;
SELECT ae_anomaly_score(m, ARRAY[0.5, 3]) FROM flag_model;
SELECT ae_anomaly_score(m, ROW(true, 3)) IS NOT NULL AS scored
  FROM flag_model;

-- a setting that this build does not have
SET autoencoder.kernel = 'mmx';
SET autoencoder.no_such_setting = 1;
-- too small; the message varies with the server's version
DO $$
BEGIN
	SET autoencoder.max_model_size = '1kB';
EXCEPTION WHEN invalid_parameter_value THEN
	RAISE NOTICE 'refused';
END $$;
