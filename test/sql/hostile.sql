-- Data that somebody has chosen to break a training or a score.  The table in
-- docs/reliability.md has a line for each of these.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;
\set VERBOSITY terse
SET TimeZone = 'UTC';

-- what one training and all that can be asked of its model make of a table:
-- "sound", or what is not finite or out of its range, or the error
CREATE FUNCTION pg_temp.outcome(source text, options jsonb DEFAULT '{}')
RETURNS text LANGUAGE plpgsql AS
$$
DECLARE
	model bytea;
	wrong text;
	scored bigint;
BEGIN
	EXECUTE format('SELECT ae_train(r, $1) FROM %s r', source)
	   INTO model USING '{"epochs": 2}' || options;
	IF model IS NULL THEN
		RETURN 'no model';
	END IF;
	EXECUTE format($f$
		SELECT count(*), string_agg(DISTINCT w, ', ')
		  FROM %s r,
			   LATERAL (SELECT ae_anomaly_score($1, r) AS score,
							   ae_anomaly_pvalue($1, r) AS pvalue,
							   ae_encode($1, r) AS code,
							   ae_reconstruct($1, r) AS row,
							   ae_impute($1, r) AS filled) v,
			   LATERAL (SELECT CASE WHEN score IS NULL
									  OR NOT score BETWEEN 0 AND 1e308
									THEN 'score' END
						UNION ALL
						SELECT CASE WHEN pvalue IS NULL
									  OR NOT pvalue BETWEEN 0 AND 1
									THEN 'p-value' END
						UNION ALL
						SELECT CASE WHEN code::text ~ 'NaN|Inf'
									THEN 'code' END
						UNION ALL
						SELECT CASE WHEN row::text ~ 'NaN|Inf'
									  OR filled::text ~ 'NaN|Inf'
									THEN 'expected row' END) w (w)$f$, source)
	   INTO scored, wrong USING model;
	IF wrong IS NOT NULL THEN
		RETURN wrong;
	END IF;
	EXECUTE format($f$
		SELECT string_agg(DISTINCT feature, ', ')
		  FROM %s r, ae_explain($1, r)
		 WHERE NOT contribution BETWEEN -1e308 AND 1e308
			OR NOT z BETWEEN -1e308 AND 1e308$f$, source)
	   INTO wrong USING model;
	IF wrong IS NOT NULL THEN
		RETURN 'explanation of ' || wrong;
	END IF;
	EXECUTE format('SELECT ae_evaluate($1, r)::text || ae_drift($1, r)::text
					  FROM %s r', source)
	   INTO wrong USING model;
	IF wrong ~ 'NaN|Infinity' THEN
		RETURN 'report';
	END IF;
	EXECUTE format('SELECT ae_update($1, r) FROM %s r', source)
	   INTO model USING model;
	EXECUTE format('SELECT count(*) FROM %s r
					 WHERE NOT ae_anomaly_score($1, r) BETWEEN 0 AND 1e308',
				   source)
	   INTO scored USING model;
	IF scored > 0 THEN
		RETURN 'score of the updated model';
	END IF;
	PERFORM ae_info(model), ae_features(model);
	IF options ->> 'purpose' = 'generation' THEN
		EXECUTE format('SELECT count(*)
						  FROM ae_sample_rows($1, NULL::%s, 50, 1) s
						 WHERE s::text ~ ''NaN|Inf''', source)
		   INTO scored USING model;
		IF scored > 0 THEN
			RETURN 'generated row';
		END IF;
	END IF;
	RETURN 'sound';
EXCEPTION WHEN OTHERS THEN
	RETURN sqlstate || ' ' || left(sqlerrm, 100);
END
$$;

-- numbers near the ends of double precision, and what no digit is left of
CREATE TEMP TABLE extreme AS
SELECT g AS id, CASE WHEN g % 2 = 0 THEN 1e300 ELSE -1e300 END::float8 AS huge,
	   ((ARRAY['1.7976931348623157e308', '-1.7976931348623157e308',
			   '0'])[1 + g % 3])::float8 AS ends,
	   ('4.94e-324'::float8 * (g % 5)) AS denormal,
	   ('1e-310'::float8 * g)::float8 AS tiny,
	   ((ARRAY['3.4028235e38', '-3.4028235e38', '1e-45'])[1 + g % 3])::real
	   AS float_ends,
	   1e15 + g AS far_off
  FROM generate_series(1, 40) g;
SELECT scaling, options, pg_temp.outcome('extreme', options ||
	   jsonb_build_object('scaling', scaling))
  FROM unnest('{standard,robust,minmax,quantile,log,none}'::text[]) scaling,
	   (VALUES ('{}'::jsonb), ('{"score": "error"}'),
			   ('{"purpose": "generation"}'),
			   ('{"variant": "variational", "score": "elbo"}')) o (options)
 ORDER BY scaling, options;
-- far from all that was seen, and a number that is not one
SELECT scaling, ae_anomaly_score(m, ROW(1.7e308::float8)) BETWEEN 1 AND 1e308
	   AS most, ae_anomaly_pvalue(m, ROW(-1.7e308::float8)) < 0.02 AS rare
  FROM unnest('{standard,robust,minmax,quantile,log,none}'::text[]) scaling,
	   LATERAL (SELECT ae_train(ROW(g), jsonb_build_object('epochs', 2,
				'scaling', scaling)) AS m FROM generate_series(1, 200) g) t;
SELECT ae_anomaly_score(m, ROW('NaN'::float8))
  FROM (SELECT ae_train(ROW(g), '{"epochs": 1}') AS m
		  FROM generate_series(1, 9) g) t;
SELECT ae_anomaly_score(m, ROW('-Infinity'::numeric))
  FROM (SELECT ae_train(ROW(g), '{"epochs": 1}') AS m
		  FROM generate_series(1, 9) g) t;
SELECT ae_anomaly_score(m, ROW(1e131071))
  FROM (SELECT ae_train(ROW(g), '{"epochs": 1}') AS m
		  FROM generate_series(1, 9) g) t;

-- the ends of other types
CREATE TEMP TABLE limits AS
SELECT g AS id, '1e-16383'::numeric AS small_numeric,
	   '1e308'::numeric * g / 10 AS large_numeric,
	   interval '178000000 years' AS longest,
	   make_interval(years => g * 10000000) AS long,
	   9223372036854775807 - g AS most, (-9223372036854775808) + g AS least,
	   '92233720368547758.07'::money AS richest,
	   '-92233720368547758.08'::money AS poorest,
	   date '4713-01-01 BC' + g AS first_date, date '5874897-12-01' + g AS day,
	   timestamp '294276-12-31 23:59:59.999999' AS last_second,
	   timestamptz '4714-11-24 00:00:00+00 BC' AS first_second,
	   time '24:00:00' AS midnight, timetz '24:00:00-15:59' AS west,
	   timetz '00:00:00+15:59' AS east
  FROM generate_series(1, 9) g;
SELECT options, pg_temp.outcome('limits', options)
  FROM (VALUES ('{}'::jsonb), ('{"purpose": "generation"}'),
			   ('{"time_zone": "Pacific/Kiritimati"}'),
			   ('{"time_zone": "America/Adak"}')) o (options);
SELECT (ae_reconstruct(m, l)).longest, (ae_reconstruct(m, l)).most,
	   (ae_reconstruct(m, l)).poorest
  FROM (SELECT ae_train(l, '{"epochs": 1}') AS m FROM limits l) t, limits l
 LIMIT 1;

-- rows that tell little: none, one, the same again, nothing but NULL
CREATE TEMP TABLE plain (a integer, b text, c numeric(4, 1), d date);
SELECT pg_temp.outcome('plain');
INSERT INTO plain VALUES (1, 'x', 1.5, '2020-01-01');
SELECT pg_temp.outcome('plain');
INSERT INTO plain SELECT * FROM plain;
SELECT options, pg_temp.outcome('plain', options)
  FROM (VALUES ('{}'::jsonb), ('{"purpose": "generation"}'),
			   ('{"purpose": "imputation"}')) o (options);
INSERT INTO plain SELECT p.* FROM plain p, generate_series(1, 200);
SELECT options, pg_temp.outcome('plain', options)
  FROM (VALUES ('{}'::jsonb), ('{"purpose": "generation"}'),
			   ('{"variant": "variational"}')) o (options);
CREATE TEMP TABLE blank AS
SELECT NULL::integer AS a, NULL::text AS b, NULL::date AS c,
	   NULL::real[] AS d, NULL::boolean AS e, 5 AS constant, 'x' AS word,
	   true AS flag, g % 3 AS known
  FROM generate_series(1, 40) g;
SELECT options, pg_temp.outcome('blank', options)
  FROM (VALUES ('{}'::jsonb), ('{"score": "error"}'),
			   ('{"purpose": "generation"}'), ('{"purpose": "imputation"}'),
			   ('{"variant": "variational"}')) o (options);
SELECT ae_train(b, '{"columns": {"constant": {"skip": true}, "word":
	   {"skip": true}, "flag": {"skip": true}, "known": {"skip": true}}}')
  FROM blank b;

-- text: empty, too long for a label, control characters
CREATE TEMP TABLE words AS
SELECT g AS id, CASE g % 5 WHEN 0 THEN '' WHEN 1 THEN repeat('x', 1 << 20)
	   WHEN 2 THEN repeat('x', (1 << 20) - 1) || 'y' WHEN 3 THEN
	   E'\x01\t\n"\'\\{},' WHEN 4 THEN 'näß 漢字 🐘' END AS word
  FROM generate_series(1, 40) g;
SELECT pg_temp.outcome('words'), pg_temp.outcome('words',
	   '{"purpose": "generation"}');
SELECT ae_anomaly_score(m, ROW(1, repeat('z', 1 << 20)))
	   = ae_anomaly_score(m, ROW(1, 'never seen')) AS equally_new
  FROM (SELECT ae_train(w, '{"epochs": 1}') AS m FROM words w) t;
-- 100,000 labels: the common ones keep theirs, the others share buckets
SELECT count(*) FILTER (WHERE name = 'label') AS columns, max(width) AS width,
	   ae_anomaly_score(m, ROW('l1', 1)) > 0 AS scored
  FROM (SELECT ae_train(l, '{"epochs": 1, "max_seconds": 0.1}') AS m
		  FROM (SELECT 'l' || g % 100000 AS label, g % 7 AS x
				  FROM generate_series(1, 120000) g) l) t, ae_features(m)
 GROUP BY m;

-- as many columns as a query can have beside what the test adds
SELECT 'CREATE TEMP TABLE broad AS SELECT ' ||
	   string_agg((ARRAY['g', 'g * 0.5::real', '(g % 3)::text',
						 'date ''2020-01-01'' + g', 'g % 2 = 0'])[1 + i % 5] ||
				  ' AS c' || i, ', ') || ' FROM generate_series(1, 9) g'
  FROM generate_series(1, 1598) i \gexec
SELECT ae_info(m) -> 'columns' AS columns, ae_anomaly_score(m, b) > 0 AS scored
  FROM (SELECT ae_train(b, '{"epochs": 1}') AS m FROM broad b) t,
	   (SELECT * FROM broad LIMIT 1) b;
-- columns that are gone, and one that came back as another type
ALTER TABLE broad DROP c1, DROP c2, ADD c2 text DEFAULT '1';
SELECT ae_info(ae_train(b, '{"epochs": 1}')) -> 'columns' AS columns
  FROM broad b;
CREATE TEMP TABLE changed AS
SELECT g AS a, g % 7 AS b FROM generate_series(1, 30) g;
CREATE TEMP TABLE changed_model AS
SELECT ae_train(c, '{"epochs": 1}') AS m FROM changed c;
ALTER TABLE changed DROP b;
SELECT ae_anomaly_score(m, c) FROM changed_model, changed c;
ALTER TABLE changed ADD b real DEFAULT 3;
SELECT count(ae_anomaly_score(m, c)) FROM changed_model, changed c;
ALTER TABLE changed DROP b, ADD b text DEFAULT '3';
SELECT ae_anomaly_score(m, c) FROM changed_model, changed c;
ALTER TABLE changed DROP a, DROP b;
SELECT ae_train(c) FROM changed c;

-- arrays
CREATE TEMP TABLE pairs (a integer[], b integer);
INSERT INTO pairs SELECT ARRAY[[1, 2], [3, 4]], g FROM generate_series(1, 9) g;
SELECT pg_temp.outcome('pairs');
UPDATE pairs SET a = '{}';
SELECT pg_temp.outcome('pairs');
UPDATE pairs SET a = CASE WHEN b % 2 = 0 THEN '{1,2}' ELSE '{}' END::integer[];
SELECT pg_temp.outcome('pairs');
UPDATE pairs SET a = CASE WHEN b % 2 = 0 THEN ARRAY[b, NULL] END;
SELECT pg_temp.outcome('pairs');
UPDATE pairs SET a = '[-2147483647:-2147483646]={1,2}';
SELECT pg_temp.outcome('pairs');
SELECT (ae_reconstruct(m, p)).a
  FROM (SELECT ae_train(p, '{"epochs": 1}') AS m FROM pairs p) t, pairs p
 LIMIT 1;
SELECT ae_train(r) FROM (SELECT 1 AS a, ARRAY[ROW(1, 2)] AS b) r;

-- domains check what is put into them; composites in composites are refused
CREATE TYPE pg_temp.inner_row AS (x integer, y text);
CREATE DOMAIN pg_temp.small AS integer CHECK (VALUE BETWEEN -99 AND 99);
CREATE DOMAIN pg_temp.smaller AS pg_temp.small CHECK (VALUE < 50);
CREATE DOMAIN pg_temp.pair AS real[]
	CHECK (cardinality(VALUE) = 2 AND VALUE[1] < 100);
CREATE DOMAIN pg_temp.good_row AS pg_temp.inner_row CHECK ((VALUE).x < 10);
CREATE TEMP TABLE ruled AS
SELECT (g % 3)::pg_temp.smaller AS a, ARRAY[g, 2]::pg_temp.pair AS b,
	   ARRAY[g % 4, 3]::pg_temp.small[] AS c
  FROM generate_series(1, 20) g;
SELECT pg_temp.outcome('ruled');
SELECT ae_reconstruct(m, r) FROM ruled r,
	   (SELECT ae_train(r, '{"epochs": 1}') AS m
		  FROM (SELECT 70 AS a, ARRAY[1, 2] AS b, ARRAY[1, 2] AS c
				  FROM generate_series(1, 9)) r) t;
SELECT ae_impute(m, ROW(1, NULL, NULL)::ruled)
  FROM (SELECT ae_train(r, '{"epochs": 1}') AS m
		  FROM (SELECT 3 AS a, ARRAY[500, 2] AS b, ARRAY[1, 2] AS c
				  FROM generate_series(1, 9)) r) t;
SELECT pg_typeof(ae_reconstruct(m, ROW(1, 'x')::pg_temp.good_row)),
	   ae_reconstruct(m, ROW(1, 'x')::pg_temp.good_row)
  FROM (SELECT ae_train(ROW(1, 'x')::pg_temp.good_row, '{"epochs": 1}') AS m
		  FROM generate_series(1, 9)) t;
SELECT ae_reconstruct(m, ROW(1, 'x')::pg_temp.good_row)
  FROM (SELECT ae_train(ROW(50, 'x')::pg_temp.inner_row, '{"epochs": 1}') AS m
		  FROM generate_series(1, 9)) t;
CREATE TEMP TABLE nested AS
SELECT g AS a, ROW(g, 'x')::pg_temp.inner_row AS b
  FROM generate_series(1, 9) g;
SELECT pg_temp.outcome('nested'),
	   pg_temp.outcome('nested', '{"columns": {"b": {"skip": true}}}');

-- an enum that is altered: new labels are like labels never seen, a label's
-- new name is a new label, and a row cannot be given a name that is gone
CREATE TYPE level AS ENUM ('low', 'middle', 'high');
CREATE TABLE graded AS
SELECT (ARRAY['low', 'middle', 'high'])[1 + g % 3]::level AS plain,
	   (ARRAY['low', 'middle', 'high'])[1 + g % 3]::level AS ranked
  FROM generate_series(1, 30) g;
CREATE TEMP TABLE graded_model AS
SELECT ae_train(g, '{"columns": {"ranked": {"kind": "ordinal"}}}') AS m
  FROM graded g;
CREATE TEMP TABLE graded_score AS
SELECT g AS row, ae_anomaly_score(m, g) AS score FROM graded_model, graded g;
ALTER TYPE level ADD VALUE 'medium' BEFORE 'middle';
SELECT bool_and(ae_anomaly_score(m, row) = score) AS same
  FROM graded_model, graded_score;
SELECT ae_anomaly_score(m, ROW('medium', 'medium')::graded)
	   = ae_anomaly_score(m, ROW('never', 'never')) AS never_seen
  FROM graded_model;
ALTER TYPE level RENAME VALUE 'low' TO 'least';
SELECT ae_anomaly_score(m, ROW('least', 'least')::graded)
	   = ae_anomaly_score(m, ROW('medium', 'medium')::graded) AS never_seen
  FROM graded_model;
SELECT bool_and(ae_anomaly_score(m, row) = score) AS same
  FROM graded_model, graded_score WHERE (row).plain <> 'least';
CREATE TEMP TABLE gone_model AS
SELECT ae_train(g, '{"epochs": 1}') AS m
  FROM (SELECT 'low' AS plain, 5 AS ranked FROM generate_series(1, 9)) g;
CREATE TEMP TABLE lone (plain level, ranked integer);
SELECT ae_anomaly_score(m, ROW('high', 5)::lone) > 0 AS scored FROM gone_model;
SELECT ae_reconstruct(m, ROW('high', 5)::lone) FROM gone_model;
SELECT e.feature, e.actual, e.expected
  FROM gone_model, ae_explain(m, ROW('high', 5)::lone) e;
DROP TABLE lone, graded_score, graded;
DROP TYPE level;

-- the session's time zone has no say in the model's clock
CREATE TEMP TABLE clock AS
SELECT timestamptz '2024-03-30 00:00+00' + g * interval '17 minutes' AS at,
	   g % 24 AS load
  FROM generate_series(1, 300) g;
CREATE TEMP TABLE clock_model AS
SELECT ae_train(c, '{"epochs": 2, "time_zone": "Europe/Berlin"}') AS m
  FROM clock c;
CREATE TEMP TABLE clock_score AS
SELECT c AS row, ae_anomaly_score(m, c) AS score FROM clock_model, clock c;
SET TimeZone = 'Pacific/Chatham';
SET DateStyle = 'SQL, DMY';
SELECT bool_and(ae_anomaly_score(m, row) = score) AS same
  FROM clock_model, clock_score;
RESET DateStyle;
SET TimeZone = 'UTC';

-- generated columns are columns like others once they are computed
CREATE TEMP TABLE computed (a integer,
	b integer GENERATED ALWAYS AS (a * 2) STORED);
INSERT INTO computed SELECT g FROM generate_series(1, 30) g;
SELECT pg_temp.outcome('computed');
