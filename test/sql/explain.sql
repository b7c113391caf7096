-- how rare a score is, and why a row has it
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

SELECT p.oid::regprocedure AS function, provolatile, proisstrict, proparallel
  FROM pg_proc p
 WHERE proname IN ('ae_anomaly_pvalue', 'ae_is_anomaly', 'ae_explain')
 ORDER BY p.oid::regprocedure::text;

-- normal rows: two causes, u and v, behind numbers, categories and a flag, with
-- NULLs; odd ids are for training, even ones are fresh
SELECT setseed(0.25) \g /dev/null
CREATE TABLE normal AS
SELECT id, u, v,
	   10 + 3 * u + 0.3 * e1 AS a,
	   CASE WHEN random() > 0.05
			THEN (100 - 20 * u + 5 * v + 2 * e2)::real END AS b,
	   CASE WHEN random() > 0.05
			THEN round((exp(0.5 * v) * 40)::numeric, 2)::numeric(8, 2)
			END AS price,
	   round(50 + 10 * v + 5 * u + e3)::integer AS n,
	   CASE WHEN u + 0.1 * e4 < -0.7 THEN 'low' WHEN u + 0.1 * e4 > 0.7
			THEN 'high' ELSE 'mid' END AS level,
	   CASE WHEN random() > 0.05
			THEN (ARRAY['north', 'east', 'south', 'west'])
				 [1 + width_bucket(v + 0.1 * e1, -1, 1, 2)] END AS region,
	   v + 0.2 * e2 > 0 AS above
  FROM (SELECT id, z[1] AS u, z[2] AS v, z[3] AS e1, z[4] AS e2, z[5] AS e3,
			   z[6] AS e4
		  FROM (SELECT id, array_agg(sqrt(-2 * ln(1 - random())) *
									 cos(2 * pi() * random()) ORDER BY i) AS z
				  FROM generate_series(1, 60000) id, generate_series(1, 6) i
				 GROUP BY id ORDER BY id) d) cause
 ORDER BY id;
CREATE TABLE normal_model AS
SELECT ae_train(t) AS model
  FROM (SELECT a, b, price, n, level, region, above
		  FROM normal WHERE id % 2 = 1 ORDER BY id) t;

-- p-values of the fresh rows are uniform; the error has a part from the rows
-- that the calibration saw, a tenth of those of the training, and one from
-- those tested here
CREATE TABLE fresh AS
SELECT r.*, ae_anomaly_score(model, r) AS score,
	   ae_anomaly_pvalue(model, r) AS p
  FROM normal r, normal_model WHERE id % 2 = 0;
SELECT alpha, abs(share - alpha) <
	   4 * sqrt(alpha * (1 - alpha) * (1.0 / rows + 1.0 / 3000)) AS uniform
  FROM (SELECT alpha, count(*) AS rows, avg((p <= alpha)::integer) AS share
		  FROM fresh, unnest(ARRAY[0.5, 0.1, 0.01, 0.001]) alpha
		 GROUP BY alpha) s
 ORDER BY alpha DESC;
SELECT min(p) > 0 AS never_0, max(p) <= 1 AS at_most_1,
	   bool_and(p <= before) AS falls_with_the_score
  FROM (SELECT p, lag(p, 1, 1.0::float8) OVER (ORDER BY score) AS before
		  FROM fresh) s;

-- an alarm is a p-value of at most alpha
SELECT bool_and(ae_is_anomaly(model, f) = (p <= 0.01)) AS by_default,
	   bool_and(ae_is_anomaly(model, f, 0.1) = (p <= 0.1)) AS at_10_percent,
	   bool_and(ae_is_anomaly(model, f, p)) AS at_the_p_value
  FROM fresh f, normal_model WHERE id <= 20000 AND p < 1;
SELECT bool_and(ae_is_anomaly(model, f) = (ae_anomaly_pvalue(model, f) <= 0.2))
	   AS by_option
  FROM fresh f,
	   (SELECT ae_train(t, '{"alpha": 0.2, "epochs": 2}') AS model
		  FROM (SELECT a, n FROM normal WHERE id <= 5000) t) m
 WHERE id <= 2000;

-- the contributions sum to the score's excess over the median, and the shares
-- are not negative
SELECT max(score - total) - min(score - total) < 1e-6 AS same_median,
	   bool_and(CASE WHEN total > 0 THEN least >= 0 ELSE most <= 0 END)
	   AS shares,
	   bool_and(lines = 7) AS a_line_for_each_column
  FROM (SELECT id, score, sum(contribution) AS total, count(*) AS lines,
			   min(contribution) AS least, max(contribution) AS most
		  FROM fresh f, normal_model, ae_explain(model, f)
		 WHERE id <= 4000 GROUP BY id, score) s;
SELECT abs(median - percentile_cont(0.5) WITHIN GROUP (ORDER BY score)) < 0.1
	   AS median
  FROM fresh,
	   (SELECT score - sum(contribution) AS median
		  FROM fresh f, normal_model, ae_explain(model, f)
		 WHERE id = 2 GROUP BY score) m
 GROUP BY median;
SELECT bool_and(contribution <= before) AS largest_first
  FROM (SELECT contribution,
			   lag(contribution, 1, 'infinity') OVER (PARTITION BY id
													  ORDER BY line) AS before
		  FROM fresh f, normal_model,
			   ROWS FROM (ae_explain(model, f)) WITH ORDINALITY
			   AS e (feature, actual, expected, contribution, z, line)
		 WHERE id <= 4000) s;

-- the same with the other scores
CREATE TABLE kind_model AS
SELECT kind, ae_train(t, jsonb_build_object('score', kind, 'epochs', 5))
	   AS model
  FROM (SELECT a, b, price, n, level, region, above
		  FROM normal WHERE id <= 5000) t,
	   unnest('{error,distance,neighbour}'::text[]) kind
 GROUP BY kind;
SELECT kind, max(own - total) - min(own - total) < 1e-6 AS same_median,
	   bool_and(CASE WHEN total > 0 THEN least >= 0 ELSE most <= 0 END)
	   AS shares
  FROM (SELECT kind, id, ae_anomaly_score(model, f) AS own
		  FROM kind_model, fresh f WHERE id <= 400) s
  JOIN (SELECT kind, id, sum(contribution) AS total,
			   min(contribution) AS least, max(contribution) AS most
		  FROM kind_model, fresh f, ae_explain(model, f)
		 WHERE id <= 400 GROUP BY kind, id) e USING (kind, id)
 GROUP BY kind ORDER BY kind;

-- one cell altered to a value that is common by itself but not in this row
CREATE TABLE planted AS
SELECT altered, n.id, n.u, n.v,
	   CASE altered WHEN 'a' THEN 10 - 3 * u ELSE a END AS a,
	   CASE altered WHEN 'b' THEN (100 + 20 * u + 5 * v)::real ELSE b END AS b,
	   CASE altered WHEN 'price'
			THEN round((exp(-0.5 * v) * 40)::numeric, 2)::numeric(8, 2)
			ELSE price END AS price,
	   CASE altered WHEN 'n' THEN round(50 - 10 * v + 5 * u)::integer
			ELSE n END AS n,
	   CASE altered WHEN 'level' THEN CASE WHEN u > 0 THEN 'low' ELSE 'high' END
			ELSE level END AS level,
	   CASE altered WHEN 'region'
			THEN CASE WHEN v > 0 THEN 'north' ELSE 'south' END
			ELSE region END AS region,
	   CASE altered WHEN 'above' THEN v < 0 ELSE above END AS above
  FROM normal n,
	   unnest('{a,b,price,n,level,region,above}'::text[]) altered
 WHERE id % 2 = 0 AND id <= 3000 AND abs(u) BETWEEN 1.3 AND 2.5 AND
	   abs(v) BETWEEN 1.3 AND 2.5;
CREATE TABLE planted_line AS
SELECT altered, id, e.*
  FROM planted p, normal_model,
	   ROWS FROM (ae_explain(model, p)) WITH ORDINALITY
	   AS e (feature, actual, expected, contribution, z, line);
SELECT altered, count(*) > 20 AS rows,
	   avg((line = 1)::integer) >= 0.9 AS found_first
  FROM planted_line WHERE feature = altered GROUP BY altered ORDER BY altered;
SELECT avg(ae_is_anomaly(model, p)::integer) >= 0.9 AS alarm
  FROM planted p, normal_model;
-- what should have been there
SELECT altered, count(*) > 20 AS rows,
	   avg((expected = CASE feature WHEN 'level' THEN n.level
					   WHEN 'region' THEN n.region
					   ELSE left(n.above::text, 1) END)::integer) >= 0.9
	   AS expected
  FROM planted_line JOIN normal n USING (id)
 WHERE feature = altered AND altered IN ('level', 'region', 'above') AND
	   n.region IS NOT NULL
 GROUP BY altered ORDER BY altered;

-- values are as ae_reconstruct() has them, and NULL stays NULL
SELECT bool_and(actual IS NOT DISTINCT FROM CASE feature
				WHEN 'a' THEN a::text WHEN 'b' THEN b::text
				WHEN 'price' THEN price::text WHEN 'n' THEN n::text
				WHEN 'level' THEN level WHEN 'region' THEN region
				ELSE left(above::text, 1) END) AS actual,
	   bool_and(expected = CASE feature
				WHEN 'a' THEN (r).a::text WHEN 'b' THEN (r).b::text
				WHEN 'price' THEN (r).price::text WHEN 'n' THEN (r).n::text
				WHEN 'level' THEN (r).level WHEN 'region' THEN (r).region
				ELSE left((r).above::text, 1) END) AS expected,
	   count(*) > count(actual) AS some_null,
	   bool_and((z IS NULL) = (actual IS NULL)) AS z,
	   bool_and(actual IS NOT NULL OR contribution IS NOT NULL) AS contribution
  FROM fresh f, normal_model, ae_explain(model, f),
	   LATERAL (SELECT ae_reconstruct(model, f) AS r) s
 WHERE id <= 400;

-- types in their own form; a domain is not asked about what is expected
CREATE TYPE mood AS ENUM ('sad', 'fine');
CREATE DOMAIN not_3 AS integer CHECK (VALUE <> 3);
CREATE TABLE thing AS
SELECT g AS id, 5::smallint AS small, 2.5::float8 AS number,
	   12.30::numeric(6, 2) AS price, (CASE WHEN g = 1 THEN 2 ELSE 4 END)::not_3
	   AS dom, 'fine'::mood AS mood, 'ab'::char(4) AS padded, true AS flag,
	   date '2026-02-01' AS day, interval '90 minutes' AS span,
	   '{1,2.5}'::real[] AS v, NULL::text AS nothing
  FROM generate_series(1, 8) g;
CREATE TABLE thing_model AS
SELECT ae_train(t, '{"epochs": 50, "min_frequency": 1,
					 "columns": {"id": {"skip": true}}}') AS model
  FROM thing t;
SELECT feature, actual, expected
  FROM thing t, thing_model, ae_explain(model, t)
 WHERE id = 2 AND feature NOT IN ('dom') ORDER BY feature COLLATE "C";
SELECT feature, actual, expected IN ('2', '3', '4') AS expected
  FROM thing t, thing_model, ae_explain(model, t)
 WHERE id <= 2 AND feature = 'dom' ORDER BY actual;
-- elements and whole arrays may be missing
SELECT feature, actual, expected
  FROM thing_model,
	   (SELECT 5::smallint AS small, 2.5::float8 AS number,
			   12.30::numeric AS price, 4 AS dom, 'fine'::mood AS mood,
			   NULL AS padded, NULL::boolean AS flag, NULL::date AS day,
			   NULL::interval AS span, NULL::real[] AS v,
			   NULL::text AS nothing) t, ae_explain(model, t)
 WHERE actual IS NULL ORDER BY feature COLLATE "C";
SELECT feature, actual, expected
  FROM thing_model,
	   (SELECT small, number, price, dom, mood, padded, flag, day, span,
			   '{NULL,2.5}'::float8[] AS v, nothing
		  FROM thing WHERE id = 2) t, ae_explain(model, t)
 WHERE feature = 'v';

-- an array: a line for each element; ROW(...) by position
CREATE TABLE vector_model AS
SELECT ae_train(ARRAY[a, n, price], '{"epochs": 2}') AS model
  FROM normal WHERE id <= 5000;
SELECT array_agg(feature ORDER BY feature) AS features,
	   array_agg(actual ORDER BY feature) AS actual,
	   count(expected) AS expected
  FROM vector_model, ae_explain(model, ARRAY[10, 50, NULL]::numeric[]);
SELECT array_agg(feature ORDER BY feature) AS features,
	   array_agg(actual ORDER BY feature) AS actual,
	   count(expected) AS expected
  FROM vector_model, ae_explain(model, ROW(10, 50::real, NULL::numeric));
SELECT array_agg(feature ORDER BY feature) AS features,
	   array_agg(actual ORDER BY feature) AS actual,
	   count(expected) AS expected
  FROM vector_model, ae_explain(model, ROW('10', '50.0', NULL));
-- in the select list, and with another model row by row
SELECT count(*) FROM (SELECT ae_explain(model, ARRAY[10, 50, 40])
						FROM vector_model, generate_series(1, 3)) s;
SELECT count(*)
  FROM (SELECT model FROM vector_model
		 UNION ALL
		SELECT ae_train(ARRAY[a, n, price, a], '{"epochs": 1}')
		  FROM normal WHERE id <= 100) m,
	   LATERAL (SELECT array_fill(10, ARRAY[ncols]) AS x
				  FROM (SELECT (ae_info(model) ->> 'columns')::integer AS ncols)
					   s) r,
	   ae_explain(model, x);

-- nothing to say: NULL arguments, a row with nothing in it
SELECT ae_anomaly_pvalue(NULL::bytea, ARRAY[1, 2, 3]) IS NULL AS no_model,
	   ae_anomaly_pvalue(model, NULL::real[]) IS NULL AS no_row,
	   ae_anomaly_pvalue(model, ARRAY[NULL, NULL, NULL]::real[]) IS NULL
	   AS all_missing,
	   ae_is_anomaly(model, ARRAY[NULL, NULL, NULL]::real[]) IS NULL
	   AS no_verdict,
	   ae_is_anomaly(model, ARRAY[1, 2, 3], NULL) IS NULL AS no_alpha
  FROM vector_model;
SELECT count(*) FROM vector_model, ae_explain(model, NULL::real[]);
SELECT count(*) FROM ae_explain(NULL::bytea, ARRAY[1, 2]);
SELECT count(*)
  FROM vector_model, ae_explain(model, ARRAY[NULL, NULL, NULL]::real[]);

-- nor how rare a score is, after training on hardly anything
CREATE TABLE sparse AS
SELECT CASE WHEN g <= 5 THEN g END AS x FROM generate_series(1, 20000) g;
CREATE TABLE sparse_model AS
SELECT ae_train(s, '{"epochs": 1, "validation_fraction": 0.1}') AS model
  FROM sparse s;
SELECT ae_anomaly_pvalue(model, s) FROM sparse s, sparse_model WHERE x = 1;
SELECT feature, actual, contribution IS NOT NULL AS contribution
  FROM sparse s, sparse_model, ae_explain(model, s) WHERE x = 1;

-- mistakes
SELECT ae_is_anomaly(model, ARRAY[1, 2, 3], 0) FROM vector_model;
SELECT ae_is_anomaly(model, ARRAY[1, 2, 3], 1) FROM vector_model;
SELECT ae_is_anomaly(model, ARRAY[1, 2, 3], -0.5) FROM vector_model;
SELECT ae_is_anomaly(model, ARRAY[1, 2, 3], 'NaN') FROM vector_model;
SELECT ae_is_anomaly(model, ARRAY[NULL, NULL, NULL]::real[], 2)
  FROM vector_model;
SELECT ae_train(ARRAY[a, n], '{"alpha": 0}') FROM normal;
SELECT ae_anomaly_pvalue(model, ARRAY[1, 2]) FROM vector_model;
SELECT * FROM vector_model, ae_explain(model, ARRAY[1, 2]);
SELECT * FROM vector_model, ae_explain(model, '{1,2,3}');
SELECT * FROM vector_model, ae_explain(model, ARRAY[1, 'NaN', 3]::real[]);
SELECT * FROM normal_model, ae_explain(model, ROW(1, 2));
SELECT * FROM ae_explain('\x00'::bytea, ARRAY[1, 2]);

DROP TABLE normal, normal_model, kind_model, fresh, planted, planted_line, thing,
	 thing_model, vector_model, sparse, sparse_model;
DROP TYPE mood;
DROP DOMAIN not_3;
