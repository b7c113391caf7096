-- the aggregate ae_evaluate()
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

CREATE TABLE flight AS
SELECT g AS id,
	   g % 2 AS part,
	   1e9 + 3 * sin(g) AS a,
	   CASE WHEN g % 4 > 0 THEN (100 + 50 * cos(g * 1.7))::real END AS b,
	   ARRAY[sin(g) + cos(g * 1.7), g % 3] AS c,
	   (ARRAY['x', 'y', 'z'])[1 + g % 3] AS label,
	   sin(g) > 0 AS flag,
	   timestamp '2024-01-01' + g * interval '1 hour' AS at
  FROM generate_series(1, 400) g;
CREATE TABLE flight_model AS
SELECT ae_train(f, '{"hidden": [32], "latent": 4, "epochs": 30,
					 "columns": {"id": {"skip": true},
								 "part": {"skip": true}}}') AS model
  FROM flight f;
CREATE TABLE result AS
SELECT ae_evaluate(model, f) AS e FROM flight f, flight_model;

-- its shape
SELECT k FROM result, jsonb_object_keys(e) k ORDER BY k;
SELECT c.key, c.value ->> 'n' AS n,
	   (SELECT string_agg(k, ' ' ORDER BY k) FROM jsonb_object_keys(c.value) k)
	   AS keys
  FROM result, jsonb_each(e -> 'columns') c ORDER BY c.key;
SELECT e -> 'rows' AS rows, (e ->> 'loss')::float8 > 0 AS loss,
	   (e ->> 'r2')::float8 BETWEEN 0 AND 1 AS r2 FROM result;

-- the errors of columns, by hand
SELECT abs((e #>> '{columns,a,mse}')::float8 / mse - 1) < 1e-6 AS mse,
	   abs((e #>> '{columns,a,mae}')::float8 / mae - 1) < 1e-6 AS mae,
	   abs((e #>> '{columns,a,r2}')::float8 - (1 - mse / spread)) < 1e-6 AS r2,
	   abs((e #>> '{columns,b,mae}')::float8 / b_mae - 1) < 1e-4 AS b_mae,
	   abs((e #>> '{columns,label,accuracy}')::float8 - accuracy) < 1e-9
	   AS accuracy,
	   abs((e #>> '{columns,flag,accuracy}')::float8 - truth) < 1e-9 AS truth
  FROM result,
	   (SELECT avg(((r).a - a) ^ 2) AS mse, avg(abs((r).a - a)) AS mae,
			   var_pop(a) AS spread, avg(abs((r).b - b)) AS b_mae,
			   avg(((r).label = label)::integer) AS accuracy,
			   avg(((r).flag = flag)::integer) AS truth
		  FROM (SELECT f.*, ae_reconstruct(model, f) AS r
				  FROM flight f, flight_model) s) h;

-- the errors over all numeric cells, by hand: standard scaling
CREATE TABLE grid AS
SELECT ARRAY[sin(g), 1000 * cos(g * 1.7), sin(g) * cos(g)] AS v
  FROM generate_series(1, 300) g;
CREATE TABLE grid_model AS
SELECT ae_train(r, '{"hidden": [8], "latent": 2, "epochs": 30,
					 "scaling": "standard"}') AS model
  FROM (SELECT v[1] AS a, v[2] AS b, v[3] AS c FROM grid) r;
SELECT abs((e ->> 'mse')::float8 - mse) < 1e-5 AS mse,
	   abs((e ->> 'mae')::float8 - mae) < 1e-5 AS mae,
	   abs((e ->> 'r2')::float8 - (1 - mse)) < 1e-5 AS r2,
	   abs((e ->> 'loss')::float8 - mse) < 1e-5 AS loss
  FROM (SELECT ae_evaluate(model, r) AS e
		  FROM grid_model, (SELECT v[1] AS a, v[2] AS b, v[3] AS c FROM grid) r) s,
	   (SELECT avg(d ^ 2) AS mse, avg(abs(d)) AS mae
		  FROM (SELECT ((to_jsonb(ae_reconstruct(model, r)) ->> name)::float8 -
						(to_jsonb(r) ->> name)::float8) / stddev AS d
				  FROM grid_model, ae_features(model),
					   (SELECT v[1] AS a, v[2] AS b, v[3] AS c FROM grid) r) s) h;

-- around its own mean: shifted rows are predicted worse than by their mean
SELECT (e ->> 'r2')::float8 < 0 AS worse
  FROM (SELECT ae_evaluate(model, r) AS e
		  FROM grid_model, (SELECT v[1] + 30 AS a, v[2] AS b, v[3] AS c
							  FROM grid) r) s;

-- groups, filters, and a model for each group
SELECT part, ae_evaluate(model, f) -> 'rows' AS rows
  FROM flight f, flight_model GROUP BY part ORDER BY part;
SELECT ae_evaluate(model, f) FILTER (WHERE id <= 10) -> 'rows' AS rows
  FROM flight f, flight_model;
SELECT part, count(*) FILTER (WHERE e -> 'rows' = '200') AS evaluated
  FROM (SELECT f.part, ae_evaluate(m.model, f.c) AS e
		  FROM flight f
		  JOIN (SELECT part, ae_train(c, '{"hidden": [4], "latent": 1,
										   "epochs": 2}') AS model
				  FROM flight GROUP BY part) m USING (part)
		 GROUP BY f.part) s
 GROUP BY part ORDER BY part;
SELECT ae_evaluate(model, c)
  FROM flight, (SELECT ae_train(c, '{"hidden": [4], "latent": 1, "epochs": 1,
									 "seed": 1}') AS model FROM flight
				 UNION ALL
				SELECT ae_train(c, '{"hidden": [4], "latent": 1, "epochs": 1,
									 "seed": 2}') FROM flight) m;

-- as a window function
SELECT id, ae_evaluate(model, f) OVER (ORDER BY id ROWS 2 PRECEDING) -> 'rows'
	   AS rows
  FROM flight f, flight_model ORDER BY id LIMIT 4;

-- nothing to go by
SELECT ae_evaluate(model, f) FROM flight f, flight_model WHERE id < 0;
SELECT ae_evaluate(NULL, f) FROM flight f;
SELECT ae_evaluate(model, CASE WHEN id <= 5 THEN f END) -> 'rows' AS rows
  FROM flight f, flight_model;
SELECT e -> 'rows' AS rows, e -> 'loss' AS loss, e -> 'mse' AS mse,
	   e #> '{columns,b}' AS b, e #> '{columns,label}' AS label
  FROM (SELECT ae_evaluate(model, n) AS e
		  FROM flight_model,
			   (SELECT NULL::float8 AS a, NULL::real AS b, NULL::float8[] AS c,
					   NULL AS label, NULL::boolean AS flag,
					   NULL::timestamp AS at) n) s;
-- one row: no spread
SELECT e -> 'r2' AS r2, e #> '{columns,a,r2}' AS a
  FROM (SELECT ae_evaluate(model, f) AS e
		  FROM flight f, flight_model WHERE id = 1) s;

-- in a parallel plan
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT ae_evaluate(model, f) -> 'rows' AS rows FROM flight f, flight_model;

DROP TABLE flight, flight_model, result, grid, grid_model;
