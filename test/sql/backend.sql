-- what runs here, and what runs now
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

-- names of the machine's parts differ; which are told does not
SELECT k, array(SELECT o FROM jsonb_object_keys(v) o ORDER BY o COLLATE "C") AS told
  FROM jsonb_each(ae_backend()) e (k, v)
 WHERE jsonb_typeof(v) = 'object' ORDER BY k COLLATE "C";
SELECT b ->> 'version' = extversion AS version,
	   split_part(current_setting('server_version'), '.', 1) =
	   split_part(b ->> 'postgres', '.', 1) AS major_version,
	   b -> 'kernel' -> 'available' ? (b -> 'kernel' ->> 'name') AS kernel,
	   b -> 'kernel' -> 'available' ->> 0 AS always
  FROM ae_backend() b, pg_extension WHERE extname = 'autoencoder';
SET autoencoder.kernel = 'baseline';
SELECT b -> 'kernel' ->> 'name' AS name, b -> 'kernel' ->> 'setting' AS setting
  FROM ae_backend() b;
RESET autoencoder.kernel;

-- the library is chosen when it is first used
\c -
SET autoencoder.blas = 'none';
SELECT b -> 'blas' ->> 'name' AS name, b -> 'blas' ->> 'setting' AS setting,
	   b -> 'blas' -> 'library' AS library, b -> 'blas' -> 'threads' AS threads
  FROM ae_backend() b;

-- a training as its own query sees it, and another role
CREATE ROLE regress_backend_other;
CREATE FUNCTION seen(g integer) RETURNS float8 LANGUAGE plpgsql AS
$$
DECLARE
	p record;
BEGIN
	IF g % 40 = 0 THEN
		PERFORM pg_stat_clear_snapshot();
		FOR p IN SELECT * FROM ae_progress LOOP
			RAISE NOTICE '%: %, % rows, epoch % of %, loss %',
				p.model, p.phase, p.rows_read, p.epoch, p.epochs, p.train_loss;
		END LOOP;
		SET LOCAL ROLE regress_backend_other;
		FOR p IN SELECT * FROM ae_progress LOOP
			RAISE NOTICE '%: %, % rows', p.model, p.phase, p.rows_read;
		END LOOP;
		RESET ROLE;
	END IF;
	RETURN sin(g);
END
$$;
SELECT ae_create_model('backend', 'SELECT g, seen(g) FROM generate_series(1, 50) g',
					   '{"epochs": 2}');
SELECT count(*) FROM ae_progress;

SELECT ae_drop_model('backend');
DROP FUNCTION seen;
DROP ROLE regress_backend_other;
