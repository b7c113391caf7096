-- ae_synthetic_report: how good synthetic rows are
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;
\set SHOW_CONTEXT never

-- both halves of the real rows are alike: odd and even rows come in pairs
CREATE TABLE trip (n integer, "The Other" numeric, l text, z real, sent date, "?column?" boolean);
INSERT INTO trip
SELECT n, n, (ARRAY['a', 'b'])[1 + n % 2], CASE WHEN n % 4 > 0 THEN n % 7 END, date '2026-01-01' + n, n < 50
  FROM generate_series(0, 399) g, LATERAL (SELECT g / 2 % 100 AS n) s;
-- half as far again, backwards, all one label, never missing
CREATE TABLE made AS
SELECT n + 50 AS n, 99.0 - n AS "The Other", 'a'::text AS l, coalesce(z, 1)::real AS z, sent, "?column?" FROM trip;
CREATE FUNCTION report(made text) RETURNS TABLE (measure text, feature text, other text, made float8, held float8)
LANGUAGE SQL AS $$
	SELECT * FROM ae_synthetic_report('TABLE trip', made, '{"hidden": [32], "epochs": 500}')
$$;

CREATE TABLE bad AS SELECT * FROM report('TABLE made');
SELECT measure, count(*) AS lines, count(feature) AS of_columns, count(other) AS of_pairs
  FROM bad GROUP BY measure ORDER BY min(CASE measure WHEN 'copy' THEN 1 WHEN 'distance' THEN 2 ELSE 3 END), measure;
-- what can be told by hand
SELECT measure, feature, other, round(made::numeric, 6) AS made, round(held::numeric, 6) AS held
  FROM bad WHERE measure IN ('copy', 'gap', 'distribution') OR
				 measure = 'correlation' AND (feature IS NULL OR other = 'The Other') OR
				 measure = 'pair' AND feature = 'n' AND other = 'l';
-- the means over columns and pairs
SELECT measure, abs(max(made) FILTER (WHERE feature IS NULL) - avg(made) FILTER (WHERE feature IS NOT NULL)) < 1e-12 AS made,
	   abs(max(held) FILTER (WHERE feature IS NULL) - avg(held) FILTER (WHERE feature IS NOT NULL)) < 1e-12 AS held
  FROM bad WHERE measure IN ('gap', 'pair') GROUP BY measure ORDER BY measure;
-- what models say of them
SELECT (SELECT made > 3 * held FROM bad WHERE measure = 'distance') AS far,
	   (SELECT made > 0.9 AND held = 0.5 FROM bad WHERE measure = 'detection') AS detected,
	   (SELECT made < held FROM bad WHERE measure = 'learnt' AND feature IS NULL) AS learnt,
	   (SELECT held BETWEEN 0.9 AND 1 FROM bad WHERE measure = 'learnt' AND feature = 'l') AS label_learnt;

-- rows from the same source: as good as real ones
SELECT measure, abs(made - held) < 0.02 AS good FROM report('TABLE trip')
 WHERE feature IS NULL AND measure <> 'detection' ORDER BY measure;
-- the right columns, without what ties them together
SELECT measure, made < 0.02 AS same
  FROM report('SELECT n, "The Other", l, z, sent, "?column?" FROM
				(SELECT n, sent, row_number() OVER (ORDER BY n, sent) AS i FROM trip) a JOIN
				(SELECT "The Other", l, z, "?column?", row_number() OVER (ORDER BY md5("The Other"::text), "The Other") AS i FROM trip) b USING (i)')
 WHERE feature IS NULL AND measure IN ('gap', 'distribution', 'pair', 'correlation') ORDER BY measure;
-- one column, and one value of it
SELECT measure, feature, made, held
  FROM ae_synthetic_report('SELECT 1 AS x FROM generate_series(1, 10)', 'SELECT 1 AS x FROM generate_series(1, 10)',
						   '{"hidden": [], "epochs": 1}')
 WHERE measure IN ('copy', 'distribution', 'gap', 'pair', 'correlation');
-- every kind of type
SELECT feature, r.made, held
  FROM (VALUES ($$
	SELECT g::smallint AS a, g::bigint AS b, g::money AS c, g * interval '1 hour' AS d, g * interval '1 hour' + time '01:00' AS e,
		   now() + g * interval '1 day' AS f, now()::timestamp + g * interval '1 day' AS g, (time '01:00' + g * interval '1 hour')::timetz AS h,
		   ('n' || g % 3)::name AS i, g % 2 = 0 AS j, md5((g % 3)::text)::uuid AS k
	  FROM generate_series(1, 40) g $$)) v (q), ae_synthetic_report(q, q, '{"hidden": [], "epochs": 1}') r
 WHERE measure = 'gap';

-- the queries run as the caller would, the report does not look around
CREATE SCHEMA evil;
CREATE FUNCTION evil.abs(double precision) RETURNS double precision
LANGUAGE plpgsql AS $$ BEGIN RAISE 'called'; END $$;
CREATE FUNCTION evil.never(bigint, bigint) RETURNS boolean
LANGUAGE plpgsql AS $$ BEGIN RAISE 'called'; END $$;
CREATE OPERATOR evil.= (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = evil.never);
SET search_path = evil, pg_catalog, public;
SELECT count(*) > 0 AS unmoved FROM ae_synthetic_report('TABLE trip', 'TABLE made', '{"hidden": [], "epochs": 1}');
SELECT count(*) FROM ae_synthetic_report('SELECT abs(1.0::float8) AS x', 'SELECT 1');
RESET search_path;
DROP SCHEMA evil CASCADE;
CREATE ROLE reporter;
SET ROLE reporter;
SELECT count(*) FROM ae_synthetic_report('TABLE trip', 'SELECT 1');
SELECT count(*) > 0 AS runs FROM ae_synthetic_report('VALUES (1), (2), (3), (4)', 'VALUES (1), (2), (3), (4)', '{"hidden": [], "epochs": 1}');
RESET ROLE;
DROP ROLE reporter;

-- errors
SELECT * FROM ae_synthetic_report(NULL, 'TABLE trip');
SELECT * FROM ae_synthetic_report('TABLE trip', NULL);
SELECT * FROM ae_synthetic_report('TABLE trip', 'DELETE FROM trip');
SELECT * FROM ae_synthetic_report('TABLE trip', 'TABLE trip; DROP TABLE trip');
SELECT * FROM ae_synthetic_report('WITH gone AS (DELETE FROM trip RETURNING *) TABLE gone', 'TABLE trip');
SELECT * FROM ae_synthetic_report('TABLE trip', 'TABLE nowhere');
SELECT * FROM ae_synthetic_report('SELECT FROM trip', 'SELECT FROM trip');
SELECT * FROM ae_synthetic_report('TABLE trip', 'SELECT n FROM trip');
SELECT * FROM ae_synthetic_report('SELECT n FROM trip', 'SELECT n AS m FROM trip');
SELECT * FROM ae_synthetic_report('SELECT n FROM trip', 'SELECT n::text FROM trip');
SELECT * FROM ae_synthetic_report('SELECT n FROM trip LIMIT 3', 'SELECT n FROM trip');
SELECT * FROM ae_synthetic_report('SELECT n FROM trip', 'SELECT n FROM trip WHERE false');
SELECT * FROM ae_synthetic_report('SELECT point(n, n) FROM trip', 'SELECT point(n, n) FROM trip');
SELECT * FROM ae_synthetic_report('TABLE trip', 'TABLE made', '{"epoch": 1}');
SELECT * FROM ae_synthetic_report('TABLE trip', 'TABLE made', '"''; DROP TABLE trip; --"');
SELECT count(*) FROM trip;

DROP FUNCTION report;
DROP TABLE trip, made, bad;
