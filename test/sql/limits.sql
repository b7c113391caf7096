-- what a session keeps beyond its limits: names, triggers; queries with more
-- than a statement; rows that are scored ahead below unusual plans
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

CREATE TABLE limit_input AS
SELECT sin(g) AS a, cos(g) AS b FROM generate_series(1, 50) g;
CREATE TABLE limit_model AS
SELECT ae_train(i, '{"epochs": 1, "hidden": [2], "latent": 1, "coreset": 0}') AS
	   one,
	   ae_train(i, '{"epochs": 2, "hidden": [2], "latent": 1, "coreset": 0}') AS
	   two
  FROM limit_input i;

-- more names than a session remembers
SELECT count(ae_store_model('limit' || n, CASE WHEN n % 2 = 0 THEN one ELSE two
							END))
  FROM limit_model, generate_series(1, 1100) n;
SELECT count(*) FILTER (WHERE ae_anomaly_score('limit' || n, i) =
						ae_anomaly_score(CASE WHEN n % 2 = 0 THEN one ELSE two
										 END, i)) AS same, count(*)
  FROM limit_model, generate_series(1, 1100) n,
	   (SELECT * FROM limit_input LIMIT 2) i;

-- more triggers than a session keeps
\set ECHO none
SELECT format('CREATE TABLE limit_%s (a float8, b float8, score float8);
			   CREATE TRIGGER score BEFORE INSERT ON limit_%1$s FOR EACH ROW
			   EXECUTE FUNCTION ae_score_trigger(''limit%1$s'', ''score'')', n)
  FROM generate_series(1, 70) n \gexec
SELECT format('INSERT INTO limit_%s SELECT * FROM limit_input LIMIT 2', n)
  FROM generate_series(1, 70) n, generate_series(1, 2) \gexec
\set ECHO all
CREATE VIEW limit_scored AS
SELECT 1 AS n, l.* FROM limit_1 l UNION ALL
SELECT 2, l.* FROM limit_2 l UNION ALL
SELECT 70, l.* FROM limit_70 l;
SELECT n, count(*), count(*) FILTER (WHERE score = ae_anomaly_score(
	ae_model('limit' || n), l)) AS same
  FROM limit_scored l GROUP BY n ORDER BY n;

-- one statement, and a query
SELECT ae_create_model('limits', 'SELECT 1; SELECT 2');
SELECT ae_create_model('limits', 'VACUUM');
SELECT ae_create_model('limits', 'DROP TABLE limit_input');

-- plans with several inputs, with batches and without
CREATE INDEX ON limit_input (a);
CREATE INDEX ON limit_input (b);
CREATE FUNCTION limit_sums() RETURNS SETOF float8 LANGUAGE plpgsql AS
$$
BEGIN
	RETURN QUERY SELECT sum(s) FROM (SELECT ae_anomaly_score(one, l) AS s
		FROM limit_model, limit_scored l LIMIT 5) q;
	RETURN QUERY SELECT sum(s) FROM (SELECT ae_anomaly_score(one, i) AS s
		FROM limit_model, (SELECT * FROM limit_input UNION ALL
						   SELECT * FROM limit_input ORDER BY a) i
		LIMIT 7) q;
	SET LOCAL enable_seqscan = off;
	SET LOCAL enable_indexscan = off;
	RETURN QUERY SELECT sum(s) FROM (SELECT ae_anomaly_score(one, i) AS s
		FROM limit_model, limit_input i
		WHERE a > 0.5 AND b > 0 OR a < -0.9 LIMIT 7) q;
END
$$;
BEGIN;
CREATE TEMP TABLE limit_sum AS
SELECT s, row_number() OVER () AS n FROM limit_sums() s;
SET LOCAL autoencoder.batch_rows = 0;
SELECT n, l.s = r.s AS same
  FROM limit_sum l JOIN (SELECT s, row_number() OVER () AS n
						   FROM limit_sums() s) r USING (n) ORDER BY n;
COMMIT;

SELECT count(*) FROM (SELECT ae_drop_model(name) FROM ae_named_model
					   WHERE name LIKE 'limit%') d;
DROP FUNCTION limit_sums;
DROP VIEW limit_scored;
DROP TABLE limit_input, limit_model;
\set ECHO none
SELECT format('DROP TABLE limit_%s', n) FROM generate_series(1, 70) n \gexec
