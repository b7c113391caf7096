-- where results are kept or computed elsewhere: parallel workers, generated
-- columns, index expressions, triggers, materialised views
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

CREATE TABLE payment AS
SELECT g AS id, 20 + 10 * sin(g) AS amount, g % 24 AS hour,
	   (ARRAY['food', 'fuel', 'rent'])[1 + g % 3] AS kind
  FROM generate_series(1, 2000) g;
CREATE TABLE payment_model AS
SELECT ae_train(p, '{"hidden": [64], "latent": 2, "epochs": 3,
					 "columns": {"id": {"skip": true}}}') AS model
  FROM payment p;
CREATE TABLE pair_model AS
SELECT ae_train(ARRAY[amount, hour], '{"hidden": [16], "latent": 1,
									   "epochs": 3}') AS model
  FROM payment;
ANALYZE payment, payment_model;

-- wrappers that return a model, for places that cannot take a table
CREATE FUNCTION payment_model() RETURNS bytea LANGUAGE plpgsql IMMUTABLE
PARALLEL SAFE
AS $$ BEGIN RETURN (SELECT model FROM public.payment_model); END $$;
CREATE FUNCTION pair_model() RETURNS bytea LANGUAGE plpgsql IMMUTABLE
PARALLEL SAFE
AS $$ BEGIN RETURN (SELECT model FROM public.pair_model); END $$;

CREATE TABLE serial_score AS
SELECT id, ae_anomaly_score(model, p) AS score, ae_encode(model, p) AS code,
	   ae_reconstruct(model, p) AS rec
  FROM payment p, payment_model;
ANALYZE serial_score;

-- parallel workers, without the leader's help
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET parallel_leader_participation = off;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
CREATE FUNCTION plan_has(nodes text, query text) RETURNS boolean LANGUAGE plpgsql
AS $$
DECLARE
	plan text := '';
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query LOOP
		plan := plan || line || E'\n';
	END LOOP;
	RETURN plan ~ nodes;
END $$;
SELECT plan_has('Gather.*Filter: .*ae_anomaly_score.*Parallel Seq Scan',
				'SELECT count(*) FROM payment p
				  WHERE ae_anomaly_score(payment_model(), p) > 1') AS parallel;
SELECT count(*) = (SELECT count(*) FROM serial_score WHERE score > 1) AS same
  FROM payment p WHERE ae_anomaly_score(payment_model(), p) > 1;
SELECT plan_has('Gather.*Output: .*ae_anomaly_score.*Parallel Seq Scan',
				'SELECT id, ae_anomaly_score((SELECT model FROM payment_model), p)
				   FROM payment p') AS parallel;
CREATE TABLE parallel_score AS
SELECT id, ae_anomaly_score((SELECT model FROM payment_model), p) AS score,
	   ae_encode((SELECT model FROM payment_model), p) AS code,
	   ae_reconstruct((SELECT model FROM payment_model), p) AS rec
  FROM payment p;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET parallel_leader_participation;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
SELECT count(*) FILTER (WHERE p.score = s.score) AS score_right,
	   count(*) FILTER (WHERE p.code = s.code) AS code_right,
	   count(*) FILTER (WHERE p.rec = s.rec) AS rec_right
  FROM parallel_score p JOIN serial_score s USING (id);

-- a generated column: with ROW() or an array, since it cannot take the row
CREATE TABLE scored (
	id integer,
	amount float8,
	hour integer,
	kind text,
	row_score float8 GENERATED ALWAYS AS
		(ae_anomaly_score(payment_model(), ROW(amount, hour, kind))) STORED,
	array_score float8 GENERATED ALWAYS AS
		(ae_anomaly_score(pair_model(), ARRAY[amount, hour])) STORED);
INSERT INTO scored SELECT * FROM payment;
SELECT count(*) FILTER (WHERE row_score = score) AS row_right,
	   count(*) FILTER (WHERE array_score =
						ae_anomaly_score(model, ARRAY[amount, hour])) AS array_right
  FROM scored JOIN serial_score USING (id), pair_model;
UPDATE scored SET amount = 1000 WHERE id = 77;
SELECT id FROM scored ORDER BY row_score DESC LIMIT 1;
SELECT id FROM scored ORDER BY array_score DESC LIMIT 1;

-- an index expression, over a row and over an array
CREATE INDEX payment_score ON payment
	(ae_anomaly_score(pair_model(), ARRAY[amount, hour]));
CREATE INDEX payment_code ON payment
	((ae_encode(payment_model(), ROW(amount, hour, kind))));
ANALYZE payment;
SET enable_seqscan = off;
SET enable_sort = off;
SELECT plan_has('Index Scan',
				'SELECT id FROM payment ORDER BY
				 ae_anomaly_score(pair_model(), ARRAY[amount, hour])') AS index;
INSERT INTO payment VALUES (5000, 900, 3, 'food');
SELECT id FROM payment
 ORDER BY ae_anomaly_score(pair_model(), ARRAY[amount, hour]) DESC LIMIT 1;
SELECT count(*) AS found FROM payment
 WHERE ae_encode(payment_model(), ROW(amount, hour, kind)) =
	   (SELECT code FROM serial_score WHERE id = 123);
RESET enable_seqscan;
RESET enable_sort;
DELETE FROM payment WHERE id = 5000;
REINDEX TABLE payment;

-- a trigger: the recommended form, takes the row as it is
CREATE TABLE incoming (LIKE payment);
ALTER TABLE incoming ADD score float8;
CREATE FUNCTION incoming_score() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
	SELECT ae_anomaly_score(model, NEW) INTO NEW.score FROM payment_model;
	RETURN NEW;
END $$;
CREATE TRIGGER incoming_score BEFORE INSERT OR UPDATE ON incoming
	FOR EACH ROW EXECUTE FUNCTION incoming_score();
INSERT INTO incoming SELECT * FROM payment;
SELECT count(*) AS rows, count(*) FILTER (WHERE i.score = s.score) AS right
  FROM incoming i JOIN serial_score s USING (id);
-- a new model takes effect with the next statement
BEGIN;
UPDATE payment_model
   SET model = (SELECT ae_train(p, '{"hidden": [64], "latent": 2, "epochs": 3,
									 "seed": 8,
									 "columns": {"id": {"skip": true}}}')
				  FROM payment p);
UPDATE incoming SET hour = hour;
SELECT count(*) FILTER (WHERE i.score = ae_anomaly_score(model, p)) AS new,
	   count(*) FILTER (WHERE i.score = s.score) < 20 AS not_old
  FROM incoming i JOIN serial_score s USING (id) JOIN payment p USING (id),
	   payment_model;
ROLLBACK;

-- a materialised view, and a view
CREATE MATERIALIZED VIEW suspicious AS
SELECT p.id, ae_anomaly_score(model, p) AS score FROM payment p, payment_model;
SELECT count(*) AS right FROM suspicious v JOIN serial_score s USING (id)
 WHERE v.score = s.score;
REFRESH MATERIALIZED VIEW suspicious;
SELECT count(*) AS right FROM suspicious v JOIN serial_score s USING (id)
 WHERE v.score = s.score;

-- prepared statements, cursors and SQL functions
PREPARE score_of(integer) AS
SELECT ae_anomaly_score(model, p) = s.score AS same
  FROM payment p JOIN serial_score s USING (id), payment_model WHERE id = $1;
EXECUTE score_of(1);
EXECUTE score_of(2);
BEGIN;
DECLARE c CURSOR FOR
SELECT ae_anomaly_score(model, p) = s.score AS same
  FROM payment p JOIN serial_score s USING (id), payment_model ORDER BY id;
FETCH 1 FROM c;
SAVEPOINT s;
SELECT ae_anomaly_score(model, ARRAY[1]) FROM payment_model;
ROLLBACK TO s;
FETCH 2 FROM c;
COMMIT;
CREATE FUNCTION score(p payment) RETURNS float8 LANGUAGE sql STABLE
AS $$ SELECT ae_anomaly_score(model, p) FROM payment_model $$;
SELECT count(*) AS right FROM payment p JOIN serial_score s USING (id)
 WHERE p.score = s.score;

DROP TABLE payment, payment_model, pair_model, serial_score, parallel_score,
	scored, incoming CASCADE;
DROP FUNCTION payment_model, pair_model, plan_has, incoming_score;
