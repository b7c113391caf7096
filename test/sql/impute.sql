-- missing values drawn: what is drawn goes together, repeats, and leaves what is there
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

-- a hidden cause, true in a quarter of the rows, behind all columns
CREATE TABLE pair AS
SELECT g AS id, CASE WHEN c THEN 'a' ELSE 'b' END AS letter,
	   CASE WHEN c THEN 'x' ELSE 'y' END AS twin, c AS truth,
	   CASE WHEN c THEN 100 ELSE 200 END + g * 37 % 21 - 10 AS n,
	   date '2026-01-01' + CASE WHEN c THEN 0 ELSE 100 END + g % 7 AS day
  FROM generate_series(1, 2000) g, LATERAL (SELECT g * 7 % 4 = 0 AS c) cause;
CREATE TABLE pair_model AS
SELECT ae_train(p, '{"purpose": "imputation", "hidden": [32], "latent": 8,
					 "epochs": 60, "validation_fraction": 0,
					 "columns": {"id": {"skip": true}}}') AS model
  FROM pair p;
CREATE TABLE gap (LIKE pair);
INSERT INTO gap VALUES (1, NULL, NULL, NULL, NULL, NULL),
	(2, NULL, 'x', NULL, 95, NULL),
	(3, 'b', 'y', false, 205, '2026-04-12');

-- every cell has an input that says whether it is missing
SELECT name, null_fraction, width FROM pair_model, ae_features(model);

-- the share of each label, and twins that agree
SELECT abs(avg((d.letter = 'a')::integer) - 0.25) < 0.1 AS share,
	   avg(((d.letter = 'a') = (d.twin = 'x'))::integer) > 0.98 AS twin,
	   avg(((d.letter = 'a') = d.truth)::integer) > 0.98 AS truth,
	   avg(((d.letter = 'a') = (d.n < 150))::integer) > 0.95 AS n,
	   avg(((d.letter = 'a') = (d.day < '2026-02-15'))::integer) > 0.95 AS day,
	   stddev(d.n) FILTER (WHERE d.letter = 'b') BETWEEN 3 AND 12 AS spread,
	   bool_and(d.n BETWEEN 90 AND 210) AS in_range, count(*) AS draws
  FROM pair_model, gap g, ae_impute(model, g, 1000) d
 WHERE g.id = 1;

-- what is there stays; a row without gaps comes back as it is
SELECT g.id, count(*) AS draws,
	   bool_and(d.id = g.id AND d.twin = g.twin AND d.n = g.n) AS kept,
	   bool_and(d IS NOT NULL) AS filled, count(DISTINCT d) > 1 AS differ
  FROM pair_model, gap g, ae_impute(model, g, 20) d
 WHERE g.id > 1
 GROUP BY g.id ORDER BY g.id;

-- the same again with the same seed; more draws begin with the fewer
SELECT array_agg(d::text) AS first INTO TEMP first
  FROM pair_model, gap g, ae_impute(model, g, 5) d WHERE g.id = 1;
SELECT array_agg(d::text) = first AS same
  FROM pair_model, first, gap g, ae_impute(model, g, 5, 0) d
 WHERE g.id = 1 GROUP BY first;
SELECT (array_agg(d::text))[1:5] = first AS longer
  FROM pair_model, first, gap g, ae_impute(model, g, 9) d
 WHERE g.id = 1 GROUP BY first;
SELECT array_agg(d::text) = first AS other_seed
  FROM pair_model, first, gap g, ae_impute(model, g, 5, -7) d
 WHERE g.id = 1 GROUP BY first;

-- in a select list, by name, from a record, from an array
SELECT count(*), count(DISTINCT id) AS ids
  FROM (SELECT (ae_impute(model, g, 3)).* FROM pair_model, gap g) s;
SELECT ae_store_model('pair', model) FROM pair_model;
SELECT array_agg(d::text) = first AS by_name
  FROM first, gap g, ae_impute('pair', g, 5) d WHERE g.id = 1 GROUP BY first;
SELECT to_jsonb(d) ->> 'twin' AS twin, to_jsonb(d) ? 'n' AS n
  FROM (SELECT ae_impute(model, s, 2) AS d
		  FROM pair_model,
			   (SELECT letter, twin, truth, n, day FROM gap WHERE id = 2) s) t;
CREATE TABLE triple_model AS
SELECT ae_train(ARRAY[n, n + 1, -n], '{"corruption": "mask", "epochs": 20}') AS model
  FROM pair;
SELECT pg_typeof(d) AS type, bool_and(d[2] = 150) AS kept,
	   count(d[1]) = count(*) AS filled, count(DISTINCT d[3]) > 1 AS differ
  FROM triple_model, ae_impute(model, ARRAY[NULL, 150, NULL]::real[], 20) d
 GROUP BY 1;

-- after an update, and of models put together
SELECT count(*)
  FROM (SELECT ae_update(m.model, p, '{"epochs": 1}') AS model
		  FROM pair_model m, pair p WHERE p.id < 500) u,
	   ae_impute(u.model, ROW(1, NULL, 'x', NULL, 95, NULL)::pair, 4);
SELECT count(*)
  FROM (SELECT ae_merge(model) AS model
		  FROM (TABLE pair_model UNION ALL TABLE pair_model) t) u,
	   ae_impute(u.model, ROW(1, NULL, 'x', NULL, 95, NULL)::pair, 4);

-- NULL and wrong arguments
SELECT count(*) FROM pair_model, ae_impute(model, NULL::pair, 3);
SELECT count(*) FROM pair_model, gap g, ae_impute(model, g, NULL);
SELECT count(*) FROM gap g, ae_impute(NULL::bytea, g, 3);
SELECT count(*) FROM pair_model, gap g, ae_impute(model, g, 3, NULL);
SELECT ae_impute(model, g, 0) FROM pair_model, gap g;
SELECT ae_impute(model, g, -1) FROM pair_model, gap g;
SELECT ae_impute(ae_train(p, '{"epochs": 1}'), ROW(1, NULL, 'x', NULL, 95, NULL)::pair, 3)
  FROM pair p;

SELECT ae_drop_model('pair');
DROP TABLE pair_model, gap, pair, triple_model CASCADE;
