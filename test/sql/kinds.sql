-- columns of counts, of levels that have an order, and of positive numbers
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

CREATE TYPE grade AS ENUM ('poor', 'fair', 'good', 'best', 'never');
-- a hidden cause u makes visits and price larger and the grade better
CREATE TABLE stay AS
SELECT g AS id,
	   CASE WHEN g % 11 <> 0 THEN floor(8 * u * u + g % 3 / 2.0)::integer END
	   AS visits,
	   CASE WHEN g % 13 <> 0 THEN
			(ARRAY['poor', 'fair', 'good', 'best'])[1 + floor(4 * u)::integer]::grade
	   END AS grade,
	   CASE WHEN g % 17 <> 0 THEN (exp(4 * u) - 1)::numeric(8, 2) END AS price,
	   (floor(3 * u) / 2)::real AS size,
	   ARRAY[g % 4, 0, floor(5 * u)]::integer[] AS words, u AS x
  FROM generate_series(1, 1500) g, LATERAL (SELECT g * 89 % 1000 / 1000.0 AS u) cause;
CREATE VIEW kinds AS SELECT jsonb '{"id": {"skip": true},
	"visits": {"kind": "count"}, "grade": {"kind": "ordinal"},
	"price": {"kind": "positive"}, "size": {"kind": "ordinal"},
	"words": {"kind": "count"}}' AS columns;
CREATE TABLE stay_model AS
SELECT v.name, ae_train(s, v.options || jsonb_build_object('columns', columns,
			'hidden', ARRAY[24], 'latent', 4, 'epochs', 40,
			'learning_rate', 0.005, 'validation_fraction', 0)) AS model
  FROM stay s, kinds, (VALUES
	('error', jsonb '{"score": "error"}'),
	('neighbour', jsonb '{}'),
	('sparse', jsonb '{"variant": "sparse"}'),
	('variational', jsonb '{"variant": "variational", "beta": 0.1}'),
	('imputation', jsonb '{"purpose": "imputation"}'),
	('generation', jsonb '{"purpose": "generation"}')) v(name, options)
 GROUP BY v.name;

SELECT f.name, f.type, kind, scaling, round(mean::numeric, 3) AS mean, round(stddev::numeric, 3) AS stddev,
	   min, max, round(null_fraction::numeric, 3) AS nulls, categories, width
  FROM stay_model m, ae_features(model) f WHERE m.name = 'error';

-- every variant learns them
SELECT m.name, e -> 'columns' -> 'visits' ? 'r2' AS counts_have_errors,
	   (e #>> '{columns,visits,r2}')::float > 0.5 AS visits,
	   (e #>> '{columns,words,r2}')::float > 0.3 AS words,
	   (e #>> '{columns,price,r2}')::float > 0.5 AS price,
	   (e #>> '{columns,grade,accuracy}')::float > 0.6 AS grade,
	   (e #>> '{columns,size,accuracy}')::float > 0.6 AS size,
	   e #> '{columns,grade,r2}' IS NULL AS levels_have_none
  FROM (SELECT name, ae_evaluate(model, s) AS e FROM stay_model, stay s
		 WHERE name IN ('error', 'sparse', 'variational', 'generation')
		 GROUP BY name) m ORDER BY m.name;

-- rows keep their types; a rate is rounded only where the column is whole
SELECT m.name, bool_and(pg_typeof(r) = 'stay'::regtype) AS typed,
	   bool_and(r.visits >= 0 AND r.price >= 0) AS not_negative,
	   bool_and(r.grade <> 'never') AS seen, bool_and(r.size IN (0, 0.5, 1)) AS levels,
	   bool_and(0 <= ALL (r.words) AND r.words[2] = 0) AS words
  FROM stay_model m, stay s, ae_reconstruct(model, s) r GROUP BY m.name ORDER BY m.name;
CREATE TABLE rate AS SELECT (g % 5)::float8 AS a, g * 0.1 AS b FROM generate_series(1, 50) g;
SELECT r.a <> round(r.a) AND r.a > 0 AS rate
  FROM (SELECT ae_train(t, '{"epochs": 1, "columns": {"a": {"kind": "count"}}}') AS model FROM rate t) m,
	   (SELECT t FROM rate t LIMIT 1) t, ae_reconstruct(model, t) r;

-- a level of labels is decoded as its subscript, one of numbers as itself
SELECT m.name, d[2] IN (1, 2, 3, 4) AS grade, d[4] IN (0, 0.5, 1) AS size,
	   d[1] >= 0 AND d[6] = 0 AS counts, array_length(d, 1)
  FROM stay_model m, stay s, LATERAL (SELECT ae_decode(model, ae_encode(model, s)) AS d) q
 WHERE s.id = 77 AND m.name <> 'imputation' ORDER BY m.name;

-- gaps are filled, drawn values are whole, levels are those of the training
SELECT bool_and(d.visits >= 0 AND d.price >= 0 AND d.grade <> 'never') AS possible,
	   count(DISTINCT d.visits) > 1 AND count(DISTINCT d.grade) > 1 AS differ,
	   bool_and(d.size = s.size AND d.words = s.words) AS kept
  FROM stay_model m, stay s, ae_impute(model, s, 200) d
 WHERE m.name = 'imputation' AND s.id = 11 * 13 * 2;
SELECT i IS NOT NULL AS filled
  FROM stay_model, ae_impute(model, ROW(1, NULL, NULL, NULL, NULL, NULL, 0.95)::stay) i
 WHERE name = 'neighbour';

-- rows that are generated, shares of levels included
SELECT count(*), bool_and(r.visits BETWEEN 0 AND 9) AS visits,
	   bool_and(r.grade <> 'never') AS grade, bool_and(r.price >= 0) AS price,
	   bool_and(r.size IN (0, 0.5, 1)) AS size, bool_and(0 <= ALL (r.words)) AS words,
	   abs(avg((r.grade = 'fair')::integer) - 0.25) < 0.06 AS fair,
	   abs(avg((r.size = 1)::integer) - 0.33) < 0.06 AS large,
	   abs(avg(r.visits) / (SELECT avg(visits) FROM stay) - 1) < 0.2 AS mean,
	   corr(r.visits, r.price) > 0.4 AS together
  FROM stay_model, ae_sample_rows(model, NULL::stay, 1500, 7) r WHERE name = 'generation';
SELECT avg(r.visits) > 4 AS many_visits, avg(r.price) > 15 AS dear
  FROM stay_model, ae_sample_rows(model, ROW(NULL, NULL, 'best', NULL, 1, NULL, NULL)::stay, 200, 7) r
 WHERE name = 'generation';
SELECT bool_and(s[2] IN (1, 2, 3, 4) OR s[2] IS NULL) AS grade, bool_and(s[1] = round(s[1])) AS visits
  FROM stay_model, ae_sample(model, 50, 3) s WHERE name = 'generation';

-- what a column never holds is far off, by a finite score
CREATE TABLE odd AS SELECT * FROM stay WHERE id = 20;
INSERT INTO odd SELECT id + 100, -3, grade, price, size, words, x FROM odd
UNION ALL SELECT id + 200, 400, grade, price, size, words, x FROM odd
UNION ALL SELECT id + 300, visits, 'never', price, size, words, x FROM odd
UNION ALL SELECT id + 400, visits, grade, -5000, size, words, x FROM odd
UNION ALL SELECT id + 500, visits, grade, price, 17, words, x FROM odd
UNION ALL SELECT id + 700, visits, grade, price, size, '{-5, 3, 100000}', x FROM odd;
SELECT m.name, count(*), bool_and(ae_anomaly_score(model, o) > 2 * (
		SELECT ae_anomaly_score(model, s) FROM stay s WHERE s.id = 20)) AS higher,
	   bool_and(ae_anomaly_score(model, o) < 'Infinity') AS finite
  FROM stay_model m, odd o WHERE m.name IN ('error', 'neighbour') AND o.id > 100
 GROUP BY m.name ORDER BY m.name;
SELECT m.name, o.id, e.feature, e.actual, e.z > 0 AS above, e.contribution > 0 AS counts
  FROM stay_model m, odd o, LATERAL (
	SELECT * FROM ae_explain(model, o) LIMIT 1) e
 WHERE m.name = 'error' AND o.id > 100 ORDER BY m.name, o.id;
SELECT count(*), bool_and(expected IS NOT NULL) AS expected,
	   abs(sum(contribution) - (ae_anomaly_score(model, o) - 1)) < 100 AS share
  FROM stay_model m, odd o, ae_explain(model, o) WHERE m.name = 'neighbour' AND o.id = 20
 GROUP BY model, o;

-- a fraction is no count, but may be scored; a label may come later
SELECT ae_anomaly_score(model, ROW(2.5, 'good', 8, 0.5, '{1, 0, 2}'::integer[], 0.6)) > 0 AS fraction
  FROM stay_model WHERE name = 'error';
ALTER TYPE grade ADD VALUE 'superb';
SELECT ae_anomaly_score(model, ROW(2, 'superb'::grade, 8, 0.5, '{1, 0, 2}'::integer[], 0.6)) >
	   ae_anomaly_score(model, ROW(2, 'good'::grade, 8, 0.5, '{1, 0, 2}'::integer[], 0.6)) AS later
  FROM stay_model WHERE name = 'error';

-- drift sees a shift of levels and counts
SELECT d.feature, d.psi > 0.25 AS drifted, d.psi >= 0 AS finite
  FROM stay_model m, LATERAL (
	SELECT ae_drift(model, s) AS lines FROM stay s WHERE s.x > 0.8) q, unnest(lines) d
 WHERE m.name = 'neighbour' AND d.feature IN ('visits', 'grade', 'size', 'price') ORDER BY 1;

-- updates and merges keep the columns; any number of workers gives the same
SELECT (SELECT array_agg(f.kind ORDER BY f.name) FROM ae_features(u) f) AS kinds,
	   (ae_info(u) ->> 'rows')::integer IS NOT NULL AS info
  FROM (SELECT ae_update(model, s) AS u FROM stay_model, stay s
		 WHERE name = 'neighbour' AND s.id > 1000) q;
SELECT count(*) FROM (
	SELECT ae_merge(u) AS m FROM (
		SELECT ae_update(model, s) AS u FROM stay_model, stay s
		 WHERE name = 'neighbour' GROUP BY s.id > 750) q) q, ae_features(m);
SELECT ae_train(s, jsonb_build_object('columns', columns, 'epochs', 2, 'workers', 0)) =
	   ae_train(s, jsonb_build_object('columns', columns, 'epochs', 2, 'workers', 1)) AS same
  FROM stay s, kinds;

-- an array's elements may be of these kinds, too
SELECT f.name, f.kind, f.categories
  FROM (SELECT ae_train(ARRAY[g % 3, g % 5, g], '{"epochs": 1, "columns": {
		"1": {"kind": "ordinal"}, "2": {"kind": "count"}, "3": {"kind": "positive"}}}') AS model
		  FROM generate_series(1, 40) g) m, ae_features(model) f;

-- nothing there, or always the same
SELECT f.kind, f.null_fraction, f.categories
  FROM (SELECT ae_train(t, '{"epochs": 1, "columns": {"a": {"kind": "count"}, "b": {"kind": "ordinal"},
		"c": {"kind": "positive"}, "d": {"kind": "ordinal"}, "e": {"kind": "count"}}}') AS model
		  FROM (SELECT NULL::integer AS a, NULL::grade AS b, NULL::real AS c,
					   4 AS d, 0 AS e, g AS f FROM generate_series(1, 30) g) t) m, ae_features(model) f;
SELECT r.* FROM (SELECT ae_train(t, '{"epochs": 1, "columns": {"a": {"kind": "count"}, "d": {"kind": "ordinal"},
		"e": {"kind": "count"}}}') AS model
		  FROM (SELECT NULL::integer AS a, 4 AS d, 0 AS e, g AS f FROM generate_series(1, 30) g) t) m,
	   LATERAL (SELECT ae_reconstruct(model, t) AS r FROM (SELECT 1 AS a, 9 AS d, 7 AS e, 10 AS f) t) q,
	   LATERAL (SELECT r ->> 'a' AS a, r ->> 'd' AS d, r ->> 'e' AS e FROM to_jsonb(q.r) r) r;

-- mistakes
SELECT ae_train(s, '{"columns": {"visits": {"kind": "counts"}}}') FROM stay s;
SELECT ae_train(t, '{"columns": {"a": {"kind": "count"}}}') FROM (VALUES (1), (-2)) t(a);
SELECT ae_train(t, '{"columns": {"a": {"kind": "count"}}}') FROM (VALUES (1), (2.5)) t(a);
SELECT ae_train(t, '{"columns": {"a": {"kind": "count"}}}') FROM (VALUES (1), (1e17)) t(a);
SELECT ae_train(t, '{"columns": {"a": {"kind": "count"}}}') FROM (VALUES (ARRAY[1, 2]), (ARRAY[1, -1])) t(a);
SELECT ae_train(a, '{"columns": {"2": {"kind": "count"}}}') FROM (VALUES (ARRAY[1, 2]), (ARRAY[1, -1])) t(a);
SELECT ae_train(t, '{"columns": {"a": {"kind": "positive"}}}') FROM (VALUES (1), (-0.5)) t(a);
SELECT ae_train(t, '{"columns": {"a": {"kind": "count"}}}') FROM (VALUES ('x')) t(a);
SELECT ae_train(t, '{"columns": {"a": {"kind": "ordinal"}}}') FROM (VALUES ('x')) t(a);
SELECT ae_train(t, '{"columns": {"a": {"kind": "ordinal"}}}') FROM (VALUES (true)) t(a);
SELECT ae_train(t, '{"columns": {"a": {"kind": "ordinal"}}}') FROM (VALUES (ARRAY[1])) t(a);
SELECT ae_train(t, '{"columns": {"a": {"kind": "positive"}}}') FROM (VALUES (now())) t(a);
SELECT ae_train(t, '{"columns": {"a": {"kind": "ordinal"}}}') FROM (SELECT a FROM generate_series(1, 101) a) t;
SELECT ae_train(t, '{"columns": {"a": {"kind": "count", "scaling": "log"}}}') FROM (VALUES (1), (2)) t(a);
SELECT ae_train(t, '{"columns": {"a": {"kind": "positive", "loss": "mae"}}}') FROM (VALUES (1), (2)) t(a);
SELECT ae_train(t, '{"columns": {"a": {"kind": "ordinal", "max_categories": 5}}}') FROM (VALUES (1), (2)) t(a);
DO $$
BEGIN
	EXECUTE 'CREATE TYPE wide AS ENUM (' ||
		(SELECT string_agg(quote_literal('l' || g), ', ') FROM generate_series(1, 101) g) || ')';
END $$;
SELECT ae_train(t, '{"columns": {"a": {"kind": "ordinal"}}}') FROM (SELECT 'l1'::wide AS a) t;
CREATE TYPE empty AS ENUM ();
SELECT ae_train(t, '{"columns": {"a": {"kind": "ordinal"}}}') FROM (SELECT NULL::empty AS a, 1 AS b) t;
SELECT ae_anomaly_score(model, ROW(1, 2, 8, 0.5, '{1, 0, 2}'::integer[], 0.6)) FROM stay_model WHERE name = 'error';
SELECT ae_anomaly_score(model, ROW(1, 'good', 8, 'good'::grade, '{1, 0, 2}'::integer[], 0.6)) FROM stay_model WHERE name = 'error';
SELECT ae_anomaly_score(model, ARRAY[1, 2, 8, 0.5, 1, 0, 2, 0.6]) FROM stay_model WHERE name = 'error';
SELECT ae_merge(m) FROM (
	SELECT ae_train(t, '{"epochs": 1, "columns": {"a": {"kind": "ordinal"}}}') AS m
	  FROM (SELECT g % n AS a, g AS b, n FROM generate_series(1, 30) g, (VALUES (3), (4)) v(n)) t GROUP BY n) q;

DROP TABLE stay_model, odd, rate;
DROP VIEW kinds;
DROP TABLE stay;
DROP TYPE grade, wide, empty;
