-- Parallel workers: the same bytes however many help, wherever the training runs.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

SET max_parallel_maintenance_workers = 3;
CREATE TABLE worker_row AS
SELECT sin(i) AS a, CASE WHEN i % 11 > 0 THEN cos(i * 0.7) END AS b, i % 17 AS c, 'k' || i % 5 AS kind,
       i % 3 = 0 AS flag, timestamp '2026-01-01' + i * interval '1 hour' AS t
FROM generate_series(1, 10000) i;

-- every kind of column
CREATE TYPE worker_mood AS ENUM ('sad', 'ok', 'happy');
CREATE TABLE worker_kind AS
SELECT ARRAY[sin(i), cos(i), NULLIF(i % 5, 0)]::real[] AS curve, i % 3 = 0 AS flag,
       (ARRAY['sad', 'ok', 'happy'])[1 + i % 3]::worker_mood AS mood, 'user ' || i % 997 AS hashed, date '2026-01-01' + i % 400 AS day,
       time '00:00' + i * interval '7 minutes' AS hour, timestamptz '2026-01-01 00:00Z' + i * interval '1 hour' AS at,
       i * interval '1 second' AS took, (i % 31)::numeric / 7 AS amount, i::bigint << 33 AS large,
       CASE WHEN i % 97 > 0 THEN exp(i % 20) END AS skewed, NULL::float8 AS nothing, 1 AS constant,
       'row ' || i AS skipped
FROM generate_series(1, 5000) i;

-- models with 0 to 3 workers
CREATE FUNCTION models(source regclass, options jsonb) RETURNS TABLE (workers int, model text) LANGUAGE plpgsql AS $$
BEGIN
  FOR workers IN 0..3 LOOP
    EXECUTE format('SELECT md5(ae_train(r, $1)) FROM %s r', source) INTO model
    USING '{"score": "error"}' || options || jsonb_build_object('workers', workers);
    RETURN NEXT;
  END LOOP;
END $$;

SELECT name, count(DISTINCT model) AS models, count(*) AS trainings
FROM (VALUES ('default', '{"epochs": 3}'),
             ('gaussian', '{"epochs": 2, "corruption": "gaussian"}'),
             ('mask', '{"epochs": 2, "corruption": "mask"}'),
             ('no noise', '{"epochs": 2, "corruption": "none"}'),
             ('dropout', '{"epochs": 2, "dropout": 0.2}'),
             ('validation', '{"epochs": 3, "validation_fraction": 0.2, "patience": 1}'),
             ('embedding', '{"epochs": 2, "purpose": "embedding"}'),
             ('contraction', '{"epochs": 2, "contraction": "exact", "hidden": [32, 16]}'),
             ('contraction, estimated', '{"epochs": 2, "contraction": "hutchinson", "dropout": 0.1}'),
             ('contraction, many parameters', '{"epochs": 1, "contraction": "exact", "hidden": [256, 128], "latent": 3, "batch_size": 256}'),
             ('many parameters', '{"epochs": 1, "hidden": [256, 128], "batch_size": 256}'),
             ('large batch', '{"epochs": 2, "batch_size": 1024}'),
             ('adam', '{"epochs": 2, "optimizer": "adam"}'),
             ('sgd', '{"epochs": 2, "optimizer": "sgd"}'),
             ('rmsprop', '{"epochs": 2, "optimizer": "rmsprop"}'),
             ('adagrad', '{"epochs": 2, "optimizer": "adagrad"}')) v(name, options),
     LATERAL models('worker_row', v.options::jsonb)
GROUP BY name ORDER BY name;
SELECT name, count(DISTINCT model) AS models, count(*) AS trainings
FROM (VALUES ('default', '{}'),
             ('embedding', '{"purpose": "embedding"}'),
             ('gaussian', '{"corruption": "gaussian"}'),
             ('label', '{"label": "flag", "score": "neighbour"}'),
             ('neighbour score', '{"score": "neighbour"}'),
             ('validation', '{"corruption": "mask", "validation_fraction": 0.2}'),
             ('wide', '{"hidden": [128, 64]}')) v(name, options),
     LATERAL models('worker_kind', v.options::jsonb || '{"epochs": 2, "columns": {"hashed": {"max_categories": 8}, "skipped": {"skip": true}}}')
GROUP BY name ORDER BY name;

-- rows in temporary files, by the setting
SET maintenance_work_mem = '1MB';
SET autoencoder.workers = 2;
CREATE TEMP TABLE spilled AS SELECT md5(ae_train(r, '{"epochs": 3}')) AS model FROM worker_row r;
RESET maintenance_work_mem;
SET autoencoder.workers = 0;
SELECT s.model = t.model AS same FROM spilled s, (SELECT md5(ae_train(r, '{"epochs": 3}')) AS model FROM worker_row r) t;

-- an update
SELECT count(DISTINCT md5(model)) AS models, count(*) AS updates
FROM (SELECT workers, ae_update(m.model, r, jsonb_build_object('workers', workers)) AS model
      FROM generate_series(0, 2) workers,
           (SELECT ae_train(r, '{"epochs": 1, "workers": 0}') AS model FROM worker_row r) m,
           worker_row r
      GROUP BY workers) u;

-- what does not change the weights is no part of the model
SELECT ae_info(ae_train(r, '{"epochs": 1, "workers": 1}')) #> '{options,workers}' AS workers FROM worker_row r;

-- none is allowed
SET max_parallel_maintenance_workers = 0;
SELECT s.model = t.model AS same
FROM spilled s, (SELECT md5(ae_train(r, '{"epochs": 3, "workers": 2}')) AS model FROM worker_row r) t;
SET max_parallel_maintenance_workers = 3;

-- fewer are free than were asked for
SET max_parallel_workers = 1;
SELECT s.model = t.model AS same
FROM spilled s, (SELECT md5(ae_train(r, '{"epochs": 3, "workers": 3}')) AS model FROM worker_row r) t;

-- none is free
SET max_parallel_workers = 0;
SELECT s.model = t.model AS same
FROM spilled s, (SELECT md5(ae_train(r, '{"epochs": 3, "workers": 2}')) AS model FROM worker_row r) t;
RESET max_parallel_workers;

-- places to train in
SET autoencoder.workers = 2;
CREATE TEMP TABLE trained (place text, model text);
INSERT INTO trained SELECT 'insert', md5(ae_train(r, '{"epochs": 3}')) FROM worker_row r;
SELECT ae_create_model('worker', 'TABLE worker_row', '{"epochs": 3}') AS version;
INSERT INTO trained SELECT 'named', md5(ae_model('worker'));
SELECT ae_drop_model('worker');
BEGIN;
DECLARE c CURSOR FOR SELECT 'cursor', md5(ae_train(r, '{"epochs": 3}')) FROM worker_row r;
SAVEPOINT s;
DO $$ DECLARE place text; model text; c refcursor := 'c'; BEGIN FETCH c INTO place, model; INSERT INTO trained VALUES (place, model); END $$;
RELEASE SAVEPOINT s;
COMMIT;
CREATE FUNCTION train_in_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.model IS NULL THEN
    SELECT md5(ae_train(r, '{"epochs": 3}')) INTO NEW.model FROM worker_row r;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER train BEFORE INSERT ON trained FOR EACH ROW EXECUTE FUNCTION train_in_trigger();
INSERT INTO trained VALUES ('trigger');
-- a subtransaction that fails after the training
DO $$
DECLARE m text;
BEGIN
  BEGIN
    SELECT md5(ae_train(r, '{"epochs": 3}')) INTO m FROM worker_row r;
    RAISE 'rolled back';
  EXCEPTION WHEN raise_exception THEN
    INSERT INTO trained VALUES ('exception', m);
  END;
END $$;
-- a subtransaction that fails in the training
DO $$
BEGIN
  PERFORM ae_train(r, '{"epochs": 3, "learning_rate": 10, "optimizer": "sgd", "clip_norm": 0, "activation": "linear"}') FROM worker_row r;
EXCEPTION WHEN numeric_value_out_of_range THEN
  RAISE NOTICE '%', SQLERRM;
END $$;
-- beside the workers of a parallel query, which deliver rows in any order, and in one
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
INSERT INTO trained SELECT 'groups', md5(ae_train(r, '{"epochs": 3}' ORDER BY t)) FROM worker_row r GROUP BY c < 100;
CREATE FUNCTION train_anywhere() RETURNS text PARALLEL SAFE LANGUAGE plpgsql AS
$$BEGIN RETURN (SELECT md5(ae_train(r, '{"epochs": 3}' ORDER BY t)) FROM worker_row r); END$$;
SELECT set_config(name, 'on', false) AS forced FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
CREATE TEMP TABLE in_worker AS SELECT train_anywhere() AS model;
INSERT INTO trained SELECT 'function', train_anywhere();
SELECT 'in a worker', model FROM (SELECT train_anywhere() = (SELECT model FROM spilled) AS model) t;
SELECT set_config(name, 'off', false) AS forced FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query');
SELECT place, t.model = s.model AS same FROM trained t, spilled s ORDER BY place;

-- options out of range
SELECT ae_train(r, '{"workers": -1}') FROM worker_row r;
SELECT ae_train(r, '{"max_seconds": -1}') FROM worker_row r;

-- time ends a training after its epoch, and the schedule with it
SELECT count(*) BETWEEN 1 AND 99999 AS short, (array_agg(learning_rate ORDER BY epoch DESC))[1] < 0.005 AS fallen
FROM (SELECT ae_train(r, '{"epochs": 100000, "max_seconds": 0.5}') AS model FROM worker_row r) t, ae_history(t.model);

-- nothing trains now
SELECT count(*) FROM ae_progress;

DROP FUNCTION train_anywhere, models;
DROP TABLE trained, worker_row, worker_kind;
DROP TYPE worker_mood;
DROP FUNCTION train_in_trigger;
