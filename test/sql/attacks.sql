-- what another role may try against those who use the extension
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
DROP ROLE IF EXISTS regress_ae_eve, regress_ae_vic, "regress_ae ""; --";
RESET client_min_messages;
\set VERBOSITY terse
CREATE ROLE regress_ae_eve;
CREATE ROLE regress_ae_vic;
CREATE ROLE "regress_ae ""; --";

-- no function has other rights than its caller's, and none is trusted
SELECT count(*) FILTER (WHERE prosecdef) AS definers,
	   count(*) FILTER (WHERE NOT has_function_privilege('regress_ae_vic',
														 p.oid, 'EXECUTE'))
	   AS reserved, count(*) > 50 AS functions
  FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e' AND
	   d.classid = 'pg_proc'::regclass
	   JOIN pg_extension e ON e.oid = d.refobjid
 WHERE e.extname = 'autoencoder';
SELECT trusted, superuser FROM pg_available_extension_versions
 WHERE name = 'autoencoder' AND installed;
-- the bytes of a model that keeps no rows are as many, whatever the rows
SELECT options, count(DISTINCT bytes) AS sizes
  FROM (VALUES ('{}'::jsonb), ('{"coreset": 0}'), ('{"score": "error"}'),
			   ('{"purpose": "embedding"}'), ('{"purpose": "imputation"}'),
			   ('{"variant": "variational", "score": "elbo"}')) o (options),
	   (VALUES (100), (1000), (3000)) n (n),
	   LATERAL (SELECT octet_length(ae_train(r, options ||
				'{"epochs": 2, "hidden": [8], "latent": 2}')) AS bytes
				  FROM (SELECT sin(g) AS a, cos(g) AS b, 'k' || g % 3 AS k
						  FROM generate_series(1, n) g) r) t
 GROUP BY options ORDER BY options;

--
-- names in the search path
--

-- Eve puts her own meaning of many names before the system's; whoever uses
-- one of them is noted
CREATE SCHEMA eve AUTHORIZATION regress_ae_eve;
GRANT USAGE ON SCHEMA eve TO PUBLIC;
SET ROLE regress_ae_eve;
CREATE TABLE eve.caught (who name DEFAULT current_user, what text);
GRANT INSERT ON eve.caught TO PUBLIC;
CREATE FUNCTION eve.catch(what pg_catalog.text) RETURNS boolean
LANGUAGE plpgsql AS
$$
BEGIN
	INSERT INTO eve.caught (what) VALUES (catch.what);
	RAISE EXCEPTION 'Eve caught % with %', current_user, what;
END
$$;
DO $$
DECLARE
	f record;
BEGIN
	FOR f IN
		SELECT * FROM (VALUES
			('abs(float8)', 'float8'), ('array_append(regrole[], regrole)',
			'regrole[]'), ('array_remove(regrole[], regrole)', 'regrole[]'),
			('clock_timestamp()', 'timestamptz'), ('now()', 'timestamptz'),
			('octet_length(bytea)', 'int'), ('octet_length(text)', 'int'),
			('pg_has_role(oid, text)', 'bool'),
			('pg_has_role(regrole, text)', 'bool'),
			('quote_ident(name)', 'text'), ('quote_ident(text)', 'text'),
			('sum(float8)', 'float8'), ('max(int)', 'int'),
			('log(float8)', 'float8'),
			('unnest(regrole[])', 'regrole'),
			('width_bucket(float8, float8[])', 'int'),
			('ae_train(record)', 'bytea'), ('ae_model(text)', 'bytea'),
			('ae_anomaly_score(bytea, record)', 'float8'),
			('ae_progress()', 'int')) v (signature, result)
	LOOP
		EXECUTE format('CREATE FUNCTION eve.%s RETURNS %s LANGUAGE plpgsql
						AS %L', f.signature, f.result,
					   format('BEGIN PERFORM eve.catch(%L); RETURN NULL; END',
							  f.signature));
	END LOOP;
	FOR f IN
		SELECT name, l, r, CASE WHEN name = '||' THEN l WHEN name = '+' THEN l
			   ELSE 'bool' END AS result
		  FROM (VALUES ('=', 'text', 'text'), ('=', 'int', 'int'),
				('=', 'regrole', 'int'), ('=', 'float8', 'float8'),
				('<>', 'int', 'int'), ('<=', 'int', 'int'),
				('<', 'float8', 'float8'), ('>', 'int', 'int'),
				('+', 'int', 'int'), ('||', 'jsonb', 'jsonb')) v (name, l, r)
	LOOP
		EXECUTE format('CREATE FUNCTION eve.operator(%s, %s) RETURNS %s
						LANGUAGE plpgsql AS %L', f.l, f.r, f.result,
					   format('BEGIN PERFORM eve.catch(%L); RETURN NULL; END',
							  f.name));
		EXECUTE format('CREATE OPERATOR eve.%s (FUNCTION = eve.operator,
						LEFTARG = %s, RIGHTARG = %s)', f.name, f.l, f.r);
		EXECUTE format('ALTER FUNCTION eve.operator(%s, %s) RENAME TO %I',
					   f.l, f.r, 'operator ' || f.name);
	END LOOP;
	FOR f IN SELECT unnest('{text,float8,int4,int8,jsonb,bytea,regrole,name}'
						   ::text[]) AS name
	LOOP
		EXECUTE format('CREATE DOMAIN eve.%I AS pg_catalog.%I
						CHECK (eve.catch(%L))', f.name, f.name,
					   'type ' || f.name);
	END LOOP;
END
$$;
CREATE TABLE eve.ae_named_model (name pg_catalog.text, owner pg_catalog.text,
	current_version integer, readers pg_catalog.text[]);
CREATE TABLE eve.ae_model_version (name pg_catalog.text, version integer,
	model pg_catalog.bytea);
CREATE TABLE eve.ae_real (a integer);
GRANT SELECT ON ALL TABLES IN SCHEMA eve TO PUBLIC;
RESET ROLE;
CREATE TABLE reading AS
SELECT g AS id, sin(g) AS a, cos(g) AS b, 'k' || g % 3 AS k
  FROM generate_series(1, 100) g;
CREATE TABLE scored (a float8, b float8, k text, score float8);
GRANT SELECT ON reading TO PUBLIC;
GRANT ALL ON scored TO PUBLIC;
CREATE TRIGGER score BEFORE INSERT ON scored FOR EACH ROW
	EXECUTE FUNCTION ae_score_trigger('vic', 'score');
SET ROLE regress_ae_vic;
CREATE TEMP TABLE ae_named_model (name text);
CREATE TEMP TABLE ae_model_version (name text);
CREATE DOMAIN pg_temp.float8 AS pg_catalog.float8
	CHECK (eve.catch('temporary type'));
CREATE TEMP TABLE ae_synthetic (a integer);
SET search_path = eve, pg_catalog, public;
SELECT public.ae_create_model('vic', 'SELECT a, b, k FROM public.reading',
							  '{"epochs": 1}');
SELECT public.ae_create_model('vic', 'SELECT a, b, k FROM public.reading',
							  '{"epochs": 1}', true, 'again');
SELECT public.ae_update_model('vic', 'SELECT a, b, k FROM public.reading');
SELECT public.ae_store_model('vic', public.ae_model('vic', 1));
SELECT public.ae_rollback_model('vic', 3);
SELECT public.ae_prune_model('vic', 1);
SELECT public.ae_grant_model('vic', 'public');
SELECT public.ae_revoke_model('vic', 'public');
SELECT public.ae_rename_model('vic', 'victor');
SELECT public.ae_anomaly_score('vic', ROW(1, 2, 'k1'::pg_catalog.text));
SELECT public.ae_rename_model('victor', 'vic');
SELECT public.ae_anomaly_score('vic', ROW(1, 2, 'k1'::pg_catalog.text))
	   IS NOT NULL AS scored;
INSERT INTO public.scored VALUES (1, 2, 'k1') RETURNING score IS NOT NULL AS scored;
SELECT name, version, is_current, owner, bytes IS NOT NULL AS has_bytes
  FROM public.ae_models ORDER BY version USING OPERATOR(pg_catalog.<);
SELECT count(*) FROM public.ae_progress;
SELECT count(*) FILTER (WHERE value IS NOT NULL) IS NOT NULL AS reported
  FROM public.ae_synthetic_report('SELECT a, b, k FROM public.reading',
								  'SELECT a, b, k FROM public.reading',
								  '{"epochs": 1}') r (metric, a, b, value);
SELECT public.ae_drop_model('vic');
RESET search_path;
RESET ROLE;
SELECT who, what FROM eve.caught;
-- the trap works
SET ROLE regress_ae_vic;
SET search_path = eve, pg_catalog, public;
SELECT abs(1::pg_catalog.float8);
SELECT 1 = 1;
SELECT 1::pg_catalog.int4::text;
RESET search_path;
RESET ROLE;
DROP TABLE pg_temp.ae_named_model, pg_temp.ae_model_version,
	pg_temp.ae_synthetic;
DROP DOMAIN pg_temp.float8;

--
-- names, queries and options as text
--
SET ROLE regress_ae_vic;
SELECT ae_create_model(name, 'SELECT a, b FROM reading', '{"epochs": 1}',
					   note => name)
  FROM unnest(ARRAY['''; DROP TABLE reading; --', '"', '\', '$1', '@', '%s%n',
					E'a\nb']) name;
SELECT name, note = name AS same, ae_anomaly_score(name, ROW(1, 2)) > 0
	   AS scored
  FROM ae_models ORDER BY name COLLATE "C";
SELECT count(ae_rename_model(name, name || '''"\$1')),
	   count(ae_grant_model(name || '''"\$1', 'regress_ae "; --')),
	   count(ae_rollback_model(name || '''"\$1', 1)),
	   count(ae_prune_model(name || '''"\$1', 1)),
	   count(ae_drop_model(name || '''"\$1'))
  FROM (SELECT name FROM ae_models ORDER BY name COLLATE "C" OFFSET 0) m;
SELECT ae_grant_model('x', 'regress_ae_vic; DROP TABLE reading');
SELECT ae_create_model('x', 'SELECT a FROM reading; DROP TABLE scored');
SELECT ae_create_model('x', 'SELECT a FROM reading) s; DROP TABLE scored; --');
SELECT ae_create_model('x', 'DELETE FROM scored RETURNING a');
SELECT ae_create_model('x', 'WITH d AS (DELETE FROM scored RETURNING a)
							 SELECT a FROM d');
SELECT ae_create_model('x', 'SELECT a INTO evil FROM reading');
SELECT ae_create_model('x', 'COMMIT');
SELECT ae_create_model('x', 'COPY reading TO PROGRAM ''id''');
SELECT ae_create_model('x', 'SELECT a FROM reading',
	'{"columns": {"a''; DROP TABLE scored; --": {"skip": true}}}');
SELECT count(*) > 0 AS reported
  FROM ae_synthetic_report(
	'SELECT a AS "a""b''; DROP TABLE scored; --", k AS "%s$1", b AS "r"
	   FROM reading',
	'SELECT a AS "a""b''; DROP TABLE scored; --", k AS "%s$1", b AS "r"
	   FROM reading', '{"epochs": 1}');
SELECT ae_synthetic_report('SELECT a FROM reading', 'SELECT a FROM reading',
						   '{"time_zone": "''); DROP TABLE scored; --"}');
SELECT ae_synthetic_report('SELECT a FROM reading; DROP TABLE scored',
						   'SELECT a FROM reading');
-- a literal that is cut in the message is cut between characters
SELECT ae_anomaly_score('\xééééé', ROW(1, 2));
SELECT count(*) FROM ae_models;

--
-- parts of the extension put together in ways that nobody meant
--
RESET ROLE;
SET ROLE regress_ae_eve;
CREATE TEMP TABLE pair AS
SELECT sin(g) AS a, cos(g) AS b FROM generate_series(1, 60) g;
CREATE TEMP TABLE pair_model AS
SELECT ae_train(p, '{"epochs": 1, "hidden": [4], "latent": 2}') AS m FROM pair p;
CREATE AGGREGATE pg_temp.update_part(bytea, anyelement)
	(SFUNC = ae_update_transition, STYPE = ae_partial);
CREATE AGGREGATE pg_temp.merge_part(bytea)
	(SFUNC = ae_merge_transition, STYPE = ae_partial);
CREATE AGGREGATE pg_temp.merge_then_update(bytea)
	(SFUNC = ae_merge_transition, STYPE = ae_partial,
	 FINALFUNC = ae_update_final);
CREATE AGGREGATE pg_temp.update_then_merge(bytea, anyelement)
	(SFUNC = ae_update_transition, STYPE = ae_partial,
	 FINALFUNC = ae_merge_final);
CREATE AGGREGATE pg_temp.combine(ae_partial)
	(SFUNC = ae_partial_combine, STYPE = ae_partial,
	 FINALFUNC = ae_update_final);
CREATE AGGREGATE pg_temp.foreign_state(bytea, anyelement)
	(SFUNC = ae_update_transition, STYPE = ae_partial, INITCOND = '\x00');
CREATE AGGREGATE pg_temp.state_of_train(anyelement)
	(SFUNC = ae_train_transition, STYPE = internal);
SELECT pg_temp.merge_then_update(m) FROM pair_model, pair;
SELECT pg_temp.update_then_merge(m, p) FROM pair_model, pair p;
SELECT pg_temp.update_part(m, p) OVER () FROM pair_model, pair p;
SELECT pg_temp.combine(x) FROM (
	SELECT pg_temp.update_part(m, p) AS x FROM pair_model, pair p UNION ALL
	SELECT pg_temp.merge_part(m) FROM pair_model, pair p) s;
SELECT pg_temp.combine(x) IS NOT NULL AS combined FROM (
	SELECT pg_temp.update_part(m, p) AS x FROM pair_model, pair p UNION ALL
	SELECT pg_temp.update_part(m, p) FROM pair_model, pair p) s;
SELECT ae_update_final('\x00000000000000000000000000000000');
SELECT ae_update_transition(NULL, m, p) FROM pair_model, pair p;
-- a value that points at a row cannot outlive it
CREATE TEMP TABLE kept AS SELECT ae_row(m, p) AS r FROM pair_model, pair p;
SELECT ARRAY[ae_row(m, p)] FROM pair_model, pair p;
SELECT lag(ae_row(m, p)) OVER () FROM pair_model, pair p;
SELECT ae_update(ae_row(m, p) ORDER BY random()) FROM pair_model, pair p;
WITH r AS MATERIALIZED (SELECT ae_row(m, p) AS r FROM pair_model, pair p)
SELECT ae_update(r) FROM r;
DROP AGGREGATE pg_temp.update_part(bytea, anyelement),
	pg_temp.merge_part(bytea), pg_temp.merge_then_update(bytea),
	pg_temp.update_then_merge(bytea, anyelement), pg_temp.combine(ae_partial);
DROP TABLE pair, pair_model;
RESET ROLE;

--
-- row-level security of sources, and of the tables of models
--
RESET ROLE;
ALTER TABLE reading ENABLE ROW LEVEL SECURITY;
CREATE POLICY half ON reading TO regress_ae_vic USING (id <= 50);
SET ROLE regress_ae_vic;
SELECT ae_create_model('half', 'SELECT a, b, k FROM reading', '{"epochs": 1}');
SELECT ae_update_model('half', 'SELECT a, b, k FROM reading');
SELECT rows FROM ae_models ORDER BY version;
SELECT ae_info(ae_train(r, '{"epochs": 1}')) -> 'rows' AS rows FROM reading r;
SELECT count(*) > 0 AS reported
  FROM ae_synthetic_report('SELECT a, b FROM reading',
						   'SELECT a, b FROM reading', '{"epochs": 1}');
SET ROLE regress_ae_eve;
SELECT ae_create_model('none', 'SELECT a, b, k FROM reading');
SELECT ae_synthetic_report('SELECT a, b FROM reading',
						   'SELECT a, b FROM reading');
SELECT ae_update_model('half', 'SELECT 1 AS a, 2 AS b, ''x'' AS k');
SELECT count(*) FROM ae_models;
SELECT ae_evaluate('half', ROW(1, 2, 'x'));
-- nor through what the planner knows of the tables
SELECT count(*) FROM pg_stats WHERE tablename = 'ae_model_version';
CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql COST 1e-9 AS
$$
BEGIN
	RAISE NOTICE 'leaked %', $1;
	RETURN true;
END
$$;
SELECT count(*) FROM ae_models WHERE pg_temp.leak(name);
SELECT count(*) FROM ae_named_model WHERE pg_temp.leak(name);
RESET ROLE;
SELECT ae_drop_model('half');
DROP TABLE reading, scored;
SET client_min_messages = warning;
DROP SCHEMA eve CASCADE;
RESET client_min_messages;
DROP FUNCTION pg_temp.leak;
DROP ROLE regress_ae_eve, regress_ae_vic, "regress_ae ""; --";
