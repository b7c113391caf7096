-- batched execution: where it applies, where it must not, and what it shows
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;
SET max_parallel_workers_per_gather = 0;

CREATE TABLE sample AS
SELECT g AS id, sin(g)::real AS a, cos(g * 1.7) AS b, g % 5 AS n,
	   ARRAY[sin(g), cos(g)]::real[] AS x
  FROM generate_series(1, 300) g;
ANALYZE sample;
CREATE TABLE sample_model AS
SELECT ae_train(s, '{"epochs": 2, "columns": {"id": {"skip": true},
											  "x": {"skip": true}}}') AS model
  FROM sample s;
CREATE TABLE vector_model AS
SELECT ae_train(x, '{"epochs": 2, "score": "error"}') AS model FROM sample;
ANALYZE sample_model, vector_model;

-- a plan as all versions of the server would show it
CREATE FUNCTION plan(query text, options text DEFAULT 'COSTS OFF')
RETURNS SETOF text LANGUAGE plpgsql AS
$$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE format('EXPLAIN (%s) %s', options,
				replace(query, ':vector', '(SELECT model FROM vector_model)'))
	LOOP
		line := regexp_replace(line, ' \(returns \$\d+\)', '');
		line := regexp_replace(line, '\$\d+|\(InitPlan \d+\)\.col\d+',
							   'InitPlan', 'g');
		RETURN NEXT regexp_replace(line, '( rows=\d+)\.00 ', '\1 ');
	END LOOP;
END $$;

-- the first statement of a session is batched, too
\c -
SET max_parallel_workers_per_gather = 0;
EXPLAIN (COSTS OFF)
SELECT id, ae_anomaly_score(model, s) FROM sample s, sample_model;
SHOW autoencoder.batch_rows;

-- target lists, WHERE, ORDER BY, aggregates; with results of two or more
-- calls from one pass
\set vector '(SELECT model FROM vector_model)'
SELECT * FROM plan($$SELECT id, ae_anomaly_score(:vector, x) FROM sample
 WHERE id > 10 AND ae_anomaly_pvalue(:vector, x) < 0.5 AND a < 2$$);
SELECT * FROM plan($$SELECT id FROM sample ORDER BY ae_anomaly_score(:vector, x) DESC LIMIT 3$$);
SELECT * FROM plan($$SELECT n, avg(ae_anomaly_score(:vector, x)) FROM sample GROUP BY n$$);
SELECT * FROM plan($$SELECT ae_encode(model, x), ae_anomaly_score(model, x),
	   ae_is_anomaly(model, x) FROM sample, vector_model$$);
SELECT * FROM plan($$UPDATE sample SET b = ae_anomaly_score(:vector, x)$$);
SELECT * FROM plan($$INSERT INTO sample (id, b)
SELECT id, ae_anomaly_score(:vector, x) FROM sample$$);
SELECT * FROM plan($$CREATE TABLE copy AS SELECT ae_anomaly_score(:vector, x) FROM sample$$);
SELECT * FROM plan($$SELECT a, sum(ae_anomaly_score(:vector, x)) FROM sample GROUP BY a$$,
				   'VERBOSE, COSTS OFF');

-- what EXPLAIN ANALYZE counts
SELECT * FROM plan($$SELECT sum(ae_anomaly_score(model, x)) FROM sample, vector_model$$,
				   'ANALYZE, COSTS OFF, TIMING OFF, BUFFERS OFF, SUMMARY OFF');
SELECT * FROM plan($$SELECT ae_anomaly_score(model, x) FROM sample, vector_model LIMIT 5$$,
				   'ANALYZE, COSTS OFF, TIMING OFF, BUFFERS OFF, SUMMARY OFF');

-- not if reading ahead could be seen, or rows are locked, or nothing is sure
CREATE SEQUENCE counter;
SELECT * FROM plan($$SELECT ae_anomaly_score(:vector, x) FROM sample
 WHERE nextval('counter') > 0$$);
SELECT * FROM plan($$SELECT ae_anomaly_score(:vector, x) FROM sample FOR UPDATE$$);
SELECT * FROM plan($$SELECT CASE WHEN n = 1 THEN ae_anomaly_score(:vector, x) END FROM sample$$);
SELECT * FROM plan($$SELECT sum(ae_anomaly_score(:vector, x)) FILTER (WHERE n = 1) FROM sample$$);
SELECT * FROM plan($$SELECT EXISTS (SELECT FROM sample s
				WHERE 1 / s.id > 5 AND ae_anomaly_score(:vector, x) > 3)$$);
SET autoencoder.batch_rows = 0;
SELECT * FROM plan($$SELECT ae_anomaly_score(:vector, x) FROM sample$$);
SET autoencoder.batch_rows = -1;
RESET autoencoder.batch_rows;

-- volatile functions of the same target list are called row by row, in order
SELECT * FROM plan($$SELECT nextval('counter'), ae_anomaly_score(:vector, x) FROM sample$$);
SELECT count(*) FROM (SELECT nextval('counter') AS next, id,
							 ae_anomaly_score(:vector, x) IS NULL
						FROM sample) s WHERE next <> id;
SELECT nextval('counter') FROM
	(SELECT ae_anomaly_score(:vector, x) FROM sample LIMIT 7) s LIMIT 1;

-- a bad value is an error only when its row is wanted
UPDATE sample SET x = '{1,NaN}' WHERE id = 200;
SELECT count(score) FROM (SELECT ae_anomaly_score(:vector, x) AS score
							FROM sample WHERE id BETWEEN 150 AND 250
						   ORDER BY id LIMIT 50) s;
SELECT count(score) FROM (SELECT ae_anomaly_score(:vector, x) AS score
							FROM sample WHERE id BETWEEN 150 AND 250
						   ORDER BY id LIMIT 51) s;
SELECT count(ae_anomaly_score(:vector, x)) FROM sample;
BEGIN;
DECLARE c CURSOR FOR
SELECT id, ae_anomaly_score(:vector, x) > 0 AS positive FROM sample
 WHERE id BETWEEN 150 AND 250 ORDER BY id;
MOVE 48 FROM c;
FETCH 2 FROM c;
FETCH 1 FROM c;
ROLLBACK;
UPDATE sample SET x = '{1,2}' WHERE id = 200;

-- cursors know their row and go backwards
BEGIN;
DECLARE c SCROLL CURSOR FOR
SELECT id, ae_anomaly_score(:vector, x) > 0 AS positive FROM sample
 WHERE id < 100;
FETCH 2 FROM c;
UPDATE sample SET n = -1 WHERE CURRENT OF c RETURNING id;
FETCH FORWARD 3 FROM c;
FETCH BACKWARD 2 FROM c;
FETCH LAST FROM c;
FETCH NEXT FROM c;
FETCH PRIOR FROM c;
ROLLBACK;

BEGIN;
DECLARE c CURSOR WITH HOLD FOR
SELECT id, ae_anomaly_score(:vector, x) > 0 AS positive FROM sample
 WHERE id < 100;
FETCH 2 FROM c;
COMMIT;
FETCH 2 FROM c;
CLOSE c;

-- a prepared statement follows the setting and the parameter
PREPARE p(bytea) AS SELECT sum(ae_anomaly_score($1, x))::text FROM sample;
SET plan_cache_mode = force_generic_plan;
SELECT model AS m FROM vector_model \gset
SELECT * FROM plan($$EXECUTE p(NULL)$$);
EXECUTE p(NULL);
EXECUTE p(:'m') \gset batched_
SET autoencoder.batch_rows = 0;
SELECT * FROM plan($$EXECUTE p(NULL)$$);
EXECUTE p(:'m') \gset single_
SELECT :'batched_sum' = :'single_sum' AS same;
RESET autoencoder.batch_rows;
RESET plan_cache_mode;
DEALLOCATE p;

-- models in turn, of which the second takes no rows together and none is kept
CREATE TABLE turn AS
SELECT number, ae_train(x, options) AS model
  FROM sample, (VALUES (1, '{"epochs": 2, "score": "error", "hidden": [5]}'::jsonb),
					   (2, '{"epochs": 2, "score": "elbo", "variant": "variational"}'),
					   (3, '{"epochs": 2, "score": "error", "hidden": [64]}')) v(number, options)
 GROUP BY number, options;
SET autoencoder.batch_rows = 0;
CREATE TABLE alone AS
SELECT number, id, ae_anomaly_score(model, x) AS score FROM sample, turn WHERE number = 1
 UNION ALL
SELECT number, id, ae_anomaly_score(model, x) FROM sample, turn WHERE number = 2
 UNION ALL
SELECT number, id, ae_anomaly_score(model, x) FROM sample, turn WHERE number = 3;
RESET autoencoder.batch_rows;
SET autoencoder.cache_size = 0;
SELECT count(*), count(*) FILTER (WHERE abs(t.score - a.score) < 1e-5 * abs(a.score)) AS same
  FROM (SELECT number, id, ae_anomaly_score(model, x) AS score
		  FROM (SELECT * FROM sample, turn ORDER BY id, number OFFSET 0) t
		OFFSET 0) t JOIN alone a USING (number, id);
RESET autoencoder.cache_size;
DROP TABLE turn, alone;

-- the right to call a function is asked for, and its own settings count
CREATE ROLE batch_user;
GRANT SELECT ON sample, vector_model TO batch_user;
REVOKE EXECUTE ON FUNCTION ae_anomaly_score(bytea, anyelement) FROM public;
SET ROLE batch_user;
SELECT sum(ae_anomaly_score(model, x)) FROM sample, vector_model;
RESET ROLE;
GRANT EXECUTE ON FUNCTION ae_anomaly_score(bytea, anyelement) TO public;
BEGIN;
ALTER FUNCTION ae_anomaly_score(bytea, anyelement) SECURITY DEFINER;
SELECT * FROM plan($$SELECT ae_anomaly_score(:vector, x) FROM sample$$);
ROLLBACK;

-- columns that the model does not need are not read
CREATE TABLE heavy AS SELECT *, 'light' AS ballast FROM sample;
ALTER TABLE heavy ALTER ballast SET STORAGE EXTERNAL;
UPDATE heavy SET ballast = repeat('heavy', 100000) WHERE id = 5;
SELECT * FROM plan($$SELECT ae_anomaly_score((SELECT model FROM sample_model), h) FROM heavy h$$,
				   'VERBOSE, COSTS OFF');
SELECT count(*) FROM
	(SELECT id, ae_anomaly_score((SELECT model FROM sample_model), h) AS score
	   FROM heavy h) h
  JOIN (SELECT id, ae_anomaly_score((SELECT model FROM sample_model),
									ROW(a, b, n)) AS score
		  FROM sample) s ON s.id = h.id AND s.score = h.score;

-- the planner knows how expensive a constant model is and how rare alarms are
SELECT model AS m FROM sample_model \gset
CREATE FUNCTION plan_rows(query text) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
	RETURN plan->0->'Plan'->>'Plan Rows';
END $$;
SELECT plan_rows('SELECT FROM sample s, sample_model
				   WHERE ae_is_anomaly(model, s)');
SELECT plan_rows('SELECT FROM sample s, sample_model
				   WHERE ae_is_anomaly(model, s, 0.1)');

DROP FUNCTION plan, plan_rows;
DROP TABLE sample, sample_model, vector_model, heavy;
DROP SEQUENCE counter;
DROP ROLE batch_user;
