-- What scripts/upgrade.sh checks after each pg_upgrade.
SET client_min_messages = warning;
CREATE FUNCTION pg_temp.ok(good boolean, name text) RETURNS text
LANGUAGE SQL AS
$$
	SELECT CASE WHEN good THEN 'ok' ELSE 'not ok' END || ' - ' ||
		   current_setting('server_version') || ': ' || name
$$;

SELECT pg_temp.ok(current_setting('server_version_num') > server AND
				  ae_backend() ->> 'postgres' = current_setting('server_version'),
				  'another server, and a library for it') FROM before;
SELECT pg_temp.ok((SELECT jsonb_agg(member) FROM members) = members,
				  'the members of the extension') FROM before;
SELECT pg_temp.ok((SELECT md5(string_agg(model, '' ORDER BY name)) FROM stored_model) = models,
				  'models in a table') FROM before;
SELECT pg_temp.ok((SELECT jsonb_agg(m ORDER BY version) FROM ae_models m) = named,
				  'named models, their versions, owners and readers') FROM before;
SELECT pg_temp.ok((SELECT jsonb_agg(s ORDER BY id) FROM scored s) = scored AND
				  (SELECT jsonb_agg(r ORDER BY id) FROM reading r) = reading,
				  'stored scores') FROM before;

-- to the last bit
TRUNCATE stored_found;
\set kernel baseline
\ir ../data/stored_apply.sql
\set kernel avx2
\ir ../data/stored_apply.sql
\set kernel avx512
\ir ../data/stored_apply.sql
SELECT pg_temp.ok(count(*) = (SELECT count(*) FROM found_before) AND
				  count(*) FILTER (WHERE f.numbers IS DISTINCT FROM b.numbers) = 0,
				  count(*) || ' results of all kinds of models, to the last bit')
  FROM stored_found f JOIN found_before b USING (kernel, name, call, id);
SELECT pg_temp.ok(count(*) = 500 AND bool_and(ae_anomaly_score('wave', ROW(a, b, c)) = s.score AND
				  ae_anomaly_pvalue('wave', ROW(a, b, c)) = s.pvalue), 'scores by name')
  FROM scored s;
SELECT pg_temp.ok(count(*) = 500 AND bool_and(ae_anomaly_score(the_model(), ROW(a, b, c)) = score),
				  'a generated column') FROM reading;
SET enable_seqscan = off;
SELECT pg_temp.ok(count(*) = 10 AND array_agg(id ORDER BY score) =
				  (SELECT array_agg(id ORDER BY score) FROM (
					SELECT (r ->> 'id')::integer AS id, (r ->> 'score')::float8 AS score
					  FROM before, jsonb_array_elements(reading) r ORDER BY 2 DESC LIMIT 10) s),
				  'an index over scores')
  FROM (SELECT id, score FROM reading
		 ORDER BY ae_anomaly_score(the_model(), ROW(a, b, c)) DESC LIMIT 10) q;
RESET enable_seqscan;

-- training gives the same bytes
SELECT pg_temp.ok(b.train = t.train, 'ae_train()'),
	   pg_temp.ok(b.update = t.update, 'ae_update()') FROM before b, trained t \g |tr '|' '\n'

-- and models go on: undone, so that the next version finds what this one found
BEGIN;
INSERT INTO scored SELECT id + 1000, a, b, c FROM reading;
SELECT pg_temp.ok(count(*) = 500 AND bool_and(n.score = o.score AND n.pvalue = o.pvalue),
				  'the trigger')
  FROM scored n JOIN scored o ON n.id = o.id + 1000;
SET ROLE trainer;
SELECT pg_temp.ok(ae_update_model('wave', 'SELECT a, b, c FROM reading') = 3,
				  'ae_update_model()');
SELECT pg_temp.ok(ae_rollback_model('wave', 2) = 3, 'ae_rollback_model()');
SELECT pg_temp.ok(ae_create_model('new', 'SELECT a, b, c FROM reading', '{"epochs": 1}') = 1,
				  'ae_create_model()');
SET ROLE "Other Reader";
SELECT pg_temp.ok((SELECT array_agg(DISTINCT name) FROM ae_models) = '{wave}',
				  'the reader reads');
SET ROLE stranger;
SELECT pg_temp.ok((SELECT count(*) FROM ae_models) = 0, 'a stranger does not');
ROLLBACK;
