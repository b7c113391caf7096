-- applying a model: codes, reconstructions, imputation, anomaly scores
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

-- two hidden causes, u and v, behind six columns
CREATE TABLE reading AS
SELECT g AS id,
	   10 + 5 * u AS x,
	   (100 + 20 * v + 3 * u)::real AS y,
	   round(50 + 30 * u)::integer AS n,
	   (7 + 3 * v)::numeric(8, 2) AS price,
	   CASE WHEN u > 0.3 THEN 'high' WHEN u < -0.3 THEN 'low'
			ELSE 'mid' END AS level,
	   v > 0 AS above
  FROM generate_series(1, 500) g,
	   LATERAL (SELECT sin(g * 1.3) AS u, cos(g * 2.1) AS v) cause;

CREATE TABLE reading_model AS
SELECT ae_train(r, '{"hidden": [32], "latent": 3, "epochs": 200,
					 "columns": {"id": {"skip": true}}}') AS model
  FROM reading r;

CREATE TABLE vector AS
SELECT id, ARRAY[x, y, n] AS v FROM reading;
CREATE TABLE vector_model AS
SELECT ae_train(v, '{"hidden": [16], "latent": 2, "epochs": 200}') AS model
  FROM vector;

-- a code has the model's width
SELECT array_length(ae_encode(model, r), 1) AS width,
	   pg_typeof(ae_encode(model, r)) AS type
  FROM reading r, reading_model WHERE id = 1;
SELECT count(DISTINCT ae_encode(model, r)) > 400 AS rows_differ
  FROM reading r, reading_model;

-- decoding a code gives the reconstruction, labels as subscripts
SELECT count(*) AS rows,
	   bool_and(abs(d[1] - (rec).x) < 1e-6) AS x,
	   bool_and(abs(d[3] - (rec).n) <= 0.5) AS n,
	   bool_and(f.categories[d[5]::integer] = (rec).level) AS level,
	   bool_and((d[6] >= 0.5) = (rec).above) AS above
  FROM (SELECT ae_decode(model, ae_encode(model, r)) AS d,
			   ae_reconstruct(model, r) AS rec
		  FROM reading r, reading_model) s,
	   reading_model m, ae_features(m.model) f
 WHERE f.name = 'level';

-- a reconstruction has the row's own type and is close to it
SELECT pg_typeof(rec) AS type,
	   bool_and((rec).id = id) AS id_kept,
	   avg(abs((rec).x - x)) < 0.5 AS x,
	   avg(abs((rec).y - y)) < 2 AS y,
	   avg(abs((rec).n - n)) < 3 AS n,
	   bool_and(scale((rec).price) = 2) AS scale,
	   avg(((rec).level = level)::integer) > 0.95 AS level,
	   avg(((rec).above = above)::integer) > 0.95 AS above
  FROM (SELECT r.*, ae_reconstruct(model, r) AS rec
		  FROM reading r, reading_model) s
 GROUP BY 1;
SELECT pg_typeof(ae_reconstruct(model, v)) AS type,
	   bool_and(array_length(ae_reconstruct(model, v), 1) = 3) AS length,
	   avg(abs((ae_reconstruct(model, v))[1] - v[1])) < 0.5 AS near
  FROM vector, vector_model
 GROUP BY 1;

-- a subquery's row comes back as record
SELECT bool_and(abs((to_jsonb(rec) ->> 'x')::float8 - x) < 4) AS near
  FROM (SELECT s.x, ae_reconstruct(model, s) AS rec
		  FROM (SELECT x, y, n, price, level, above FROM reading) s,
			   reading_model) t;

-- imputation fills NULLs, better than by the mean, and leaves the rest alone
CREATE TABLE filler AS
SELECT ae_train(r, '{"purpose": "imputation", "hidden": [64], "epochs": 200,
					 "columns": {"id": {"skip": true}}}') AS model
  FROM reading r;
CREATE TABLE gap (LIKE reading);
INSERT INTO gap SELECT id, NULL, y, n, price, NULL, above FROM reading;
SELECT bool_and((filled).y = y AND (filled).n = n AND (filled).price = price
				AND (filled).above = above) AS kept,
	   avg(abs((filled).x - truth)) < 0.5 * avg(abs(10 - truth)) AS x,
	   avg(((filled).level = label)::integer) > 0.8 AS level
  FROM (SELECT g.*, r.x AS truth, r.level AS label,
			   ae_impute(model, g) AS filled
		  FROM gap g JOIN reading r USING (id), filler) s;
SELECT bool_and(ae_impute(model, r) = r) AS untouched
  FROM reading r, filler;
SELECT bool_and((ae_impute(model, ARRAY[NULL, v[2], v[3]]))[2:3] = v[2:3])
	   AS kept,
	   count((ae_impute(model, ARRAY[NULL, v[2], v[3]]))[1]) AS filled
  FROM vector, vector_model;

-- the rows that break the pattern score highest
SELECT array_agg(id ORDER BY id) AS ids
  FROM (SELECT r.id
		  FROM (SELECT id, x, y, n, price, level, above FROM reading
				 UNION ALL SELECT 1001, 10, 100, 100, 7, 'mid', true
				 UNION ALL SELECT 1002, 15, 103, 80, 7, 'low', true) r,
			   reading_model
		 ORDER BY ae_anomaly_score(model, r) DESC LIMIT 2) s;
SELECT min(ae_anomaly_score(model, r)) >= 0 AS not_negative,
	   abs(percentile_cont(0.5) WITHIN GROUP (
			   ORDER BY ae_anomaly_score(model, r)) - 1) < 0.01 AS median_is_one
  FROM reading r, reading_model;

-- the same score to the bit, whatever comes before it
SELECT count(*) FROM (
	SELECT id, ae_anomaly_score(model, r) AS score
	  FROM reading r, reading_model
	EXCEPT
	(SELECT id, ae_anomaly_score(model, r) AS score
	   FROM reading r, reading_model ORDER BY price OFFSET 0)) s;

-- NULL arguments, and a row with nothing in it
SELECT ae_anomaly_score(NULL::bytea, r) IS NULL AS no_model,
	   ae_anomaly_score(model, NULL::reading) IS NULL AS no_row,
	   ae_anomaly_score(model, ROW(1, NULL, NULL, NULL, NULL, NULL, NULL)::reading)
	   IS NULL AS all_missing,
	   ae_encode(model, NULL::reading) IS NULL AS no_code,
	   ae_decode(model, NULL) IS NULL AS nothing_decoded
  FROM reading r, reading_model WHERE id = 1;
SELECT (ae_impute(model, ROW(1, NULL, NULL, NULL, NULL, NULL, NULL)::reading)).x
	   BETWEEN 5 AND 15 AS imputed
  FROM reading_model;

-- columns are found by name; extra ones are ignored
SELECT bool_and(ae_anomaly_score(model, r) = ae_anomaly_score(model, s)) AS same
  FROM reading r
  JOIN (SELECT above, 'extra' AS e, level, price, n, y, x, id FROM reading) s
	   USING (id), reading_model;
-- or by position, where they have no names
SELECT bool_and(ae_anomaly_score(model, r) =
				ae_anomaly_score(model, ROW(x, y, n, price, level, above)))
	   AS same
  FROM reading r, reading_model;
-- an array's type does not matter
SELECT bool_and(abs(ae_anomaly_score(model, v) -
					ae_anomaly_score(model, v::numeric[])) < 1e-9) AS same
  FROM vector, vector_model;

-- codes that are none
SELECT ae_decode(model, ARRAY[1, 2]::real[]) FROM reading_model;
SELECT ae_decode(model, '{}'::real[]) FROM reading_model;
SELECT ae_decode(model, ARRAY[[1, 2, 3]]::real[]) FROM reading_model;
SELECT ae_decode(model, ARRAY[1, NULL, 3]::real[]) FROM reading_model;
SELECT ae_decode(model, ARRAY[1, 'NaN', 3]::real[]) FROM reading_model;
SELECT ae_decode(model, ARRAY[1, 2, '-infinity']::real[]) FROM reading_model;

-- an untyped literal has no type to go by
SELECT ae_anomaly_score(model, '{1, 2, 3}') FROM vector_model;
SELECT ae_anomaly_score(model, '{1, 2, 3}'::real[]) IS NOT NULL AS typed
  FROM vector_model;

DROP TABLE reading, reading_model, vector, vector_model, filler, gap;
