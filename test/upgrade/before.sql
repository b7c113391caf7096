-- What scripts/upgrade.sh takes through pg_upgrade.
SET client_min_messages = warning;
CREATE EXTENSION autoencoder;
\ir ../data/stored_schema.sql
\ir ../data/stored_format_1.sql
\set kernel baseline
\ir ../data/stored_apply.sql
\set kernel avx2
\ir ../data/stored_apply.sql
\set kernel avx512
\ir ../data/stored_apply.sql
CREATE TABLE found_before AS TABLE stored_found;

-- named models of somebody, with versions, a reader, and one that is current
CREATE ROLE trainer;
CREATE ROLE "Other Reader";
CREATE ROLE stranger;
GRANT CREATE ON SCHEMA public TO trainer;
SET ROLE trainer;
CREATE TABLE reading AS
SELECT g AS id, (g * 37 % 101) / 9.0::float8 AS a, (g * 53 % 97)::real AS b,
	   'k' || g % 3 AS c
  FROM generate_series(1, 500) g;
GRANT SELECT ON reading TO PUBLIC;
SELECT ae_create_model('wave', 'SELECT a, b, c FROM reading ORDER BY id',
					   '{"epochs": 3}', note => 'first') \g /dev/null
SELECT ae_update_model('wave', 'SELECT a, b, c FROM reading WHERE id > 300 ORDER BY id') \g /dev/null
SELECT ae_rollback_model('wave', 1) \g /dev/null
SELECT ae_grant_model('wave', 'Other Reader') \g /dev/null
RESET ROLE;

-- the trigger, a generated column and an index over scores
CREATE TABLE scored (LIKE reading, score float8, pvalue float8);
CREATE TRIGGER score BEFORE INSERT ON scored FOR EACH ROW
	EXECUTE FUNCTION ae_score_trigger('wave', 'score', 'pvalue');
INSERT INTO scored SELECT * FROM reading;
DO $do$
BEGIN
	EXECUTE format('CREATE FUNCTION the_model() RETURNS bytea IMMUTABLE
					PARALLEL SAFE LANGUAGE plpgsql AS
					$$BEGIN RETURN %L::bytea; END$$', ae_model('wave', 2));
END
$do$;
ALTER TABLE reading ADD score float8 GENERATED ALWAYS AS
	(ae_anomaly_score(the_model(), ROW(a, b, c))) STORED;
CREATE INDEX reading_score ON reading
	(ae_anomaly_score(the_model(), ROW(a, b, c)));

CREATE VIEW trained AS
SELECT md5(ae_train(r, '{"epochs": 3}')) AS train,
	   (SELECT md5(ae_update('wave', u)) FROM reading u WHERE id > 400) AS update
  FROM (SELECT a, b, c FROM reading ORDER BY id) r;
-- from 17 on, pg_upgrade makes types of rows and arrays members as well
CREATE VIEW members AS
SELECT pg_describe_object(classid, objid, 0) COLLATE "C" AS member
  FROM pg_depend d JOIN pg_extension e ON refobjid = e.oid
 WHERE refclassid = 'pg_extension'::regclass AND extname = 'autoencoder' AND
	   NOT EXISTS (SELECT FROM pg_type t LEFT JOIN pg_class c ON c.oid = typrelid
					WHERE classid = 'pg_type'::regclass AND objid = t.oid AND
						  (typcategory = 'A' OR relkind <> 'c'))
 ORDER BY 1;
CREATE TABLE before AS
SELECT (SELECT md5(string_agg(model, '' ORDER BY name)) FROM stored_model) AS models,
	   (SELECT jsonb_agg(m ORDER BY version) FROM ae_models m) AS named,
	   (SELECT jsonb_agg(s ORDER BY id) FROM scored s) AS scored,
	   (SELECT jsonb_agg(r ORDER BY id) FROM reading r) AS reading,
	   (SELECT jsonb_agg(member) FROM members) AS members,
	   current_setting('server_version_num') AS server, t.*
  FROM trained t;
