-- SQL types as columns, and back
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;
SET TimeZone = 'UTC';

-- a constant column comes back as it went in, and its mean shows how the
-- value was read: as a number or as seconds since 2000-01-01
CREATE TYPE pg_temp.mood AS ENUM ('sad', 'fine');
CREATE DOMAIN pg_temp.positive AS numeric(6, 2) CHECK (VALUE > 0);
CREATE DOMAIN pg_temp.code AS varchar(5) NOT NULL;
CREATE TEMP TABLE thing (
	c_smallint smallint DEFAULT -7,
	c_integer integer DEFAULT 70000,
	c_bigint bigint DEFAULT 9000000000,
	c_real real DEFAULT 1.5,
	c_double double precision DEFAULT -2.25,
	c_numeric numeric DEFAULT 12345.678,
	c_numeric_typmod numeric(6, 2) DEFAULT 9999.99,
	c_domain pg_temp.positive DEFAULT 0.25,
	c_money money DEFAULT 12.34,
	c_interval interval DEFAULT '31 days 00:00:01.5',
	c_boolean boolean DEFAULT true,
	c_text text DEFAULT 'näß',
	c_varchar varchar(10) DEFAULT 'v',
	c_bpchar char(4) DEFAULT 'c',
	c_char "char" DEFAULT 'x',
	c_name name DEFAULT 'n',
	c_enum pg_temp.mood DEFAULT 'fine',
	c_domain_text pg_temp.code DEFAULT 'abcde',
	c_uuid uuid DEFAULT '00000000-0000-0000-0000-000000000001',
	c_inet inet DEFAULT '10.0.0.1/8',
	c_cidr cidr DEFAULT '10.1.0.0/16',
	c_macaddr macaddr DEFAULT '08:00:2b:01:02:03',
	c_bit bit(3) DEFAULT '101',
	c_oid oid DEFAULT 1000,
	c_date date DEFAULT '1999-12-31',
	c_time time DEFAULT '12:34:56.5',
	c_timetz timetz DEFAULT '01:00+05',
	c_timestamp timestamp DEFAULT '2000-01-02 00:00:00.25',
	c_timestamptz timestamptz DEFAULT '2000-07-01 00:00+00',
	c_array real[] DEFAULT '{1,-2.5,3}',
	c_numeric_array numeric(4, 1)[] DEFAULT '{0.5,100}',
	c_null integer,
	dropped integer
);
ALTER TABLE thing DROP COLUMN dropped;
ALTER TABLE thing ADD COLUMN c_last integer DEFAULT 3;
INSERT INTO thing (c_null) SELECT NULL FROM generate_series(1, 8);
CREATE TEMP TABLE thing_model AS
SELECT ae_train(t, '{"epochs": 200, "min_frequency": 1,
					 "time_zone": "Europe/Berlin"}') AS m
  FROM thing t;
SELECT name, type, kind, mean, categories, width
  FROM thing_model, ae_features(m);
SELECT pg_typeof(ae_reconstruct(m, t)) FROM thing t, thing_model LIMIT 1;
SELECT o.key, o.value AS original, e.value AS expected
  FROM (SELECT t, ae_reconstruct(m, t) AS r FROM thing t, thing_model
		 LIMIT 1) s,
	   jsonb_each(to_jsonb(t)) o JOIN jsonb_each(to_jsonb(r)) e USING (key)
 WHERE o.value <> e.value AND key NOT LIKE 'c_time%';
SELECT abs(extract(epoch FROM (r).c_time - (t).c_time)) < 5 AS time,
	   abs(extract(epoch FROM (r).c_timetz::time
				   - (t).c_timetz::time)) < 5 AS timetz,
	   abs(extract(epoch FROM (r).c_timestamp - (t).c_timestamp)) < 5
	   AS timestamp,
	   abs(extract(epoch FROM (r).c_timestamptz - (t).c_timestamptz)) < 5
	   AS timestamptz
  FROM (SELECT t, ae_reconstruct(m, t) AS r FROM thing t, thing_model
		 LIMIT 1) s;

-- NULLs are filled in, the rest is untouched, unknown stays NULL
SELECT (ae_impute(m, ROW(-7, NULL, 1, NULL, 0, NULL, NULL, NULL, NULL, NULL,
						 NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'abcde',
						 NULL, NULL, NULL, NULL, NULL, NULL, NULL,
						 '01:00', '01:00+00', '2020-01-01', '2020-01-01',
						 '{1,NULL,4}', NULL, NULL, NULL)::thing)).*
  FROM thing_model
\gx

-- other types can take the place of those seen in training: what counts is
-- the kind of the column and its name
SELECT count(ae_anomaly_score(m, s)) AS scored
  FROM thing_model,
	   (SELECT c_smallint::float8, c_integer::numeric, c_bigint::real,
			   c_real::integer, c_double::smallint, c_numeric::bigint,
			   c_numeric_typmod::real, c_domain::float8,
			   c_money::numeric, c_interval, c_boolean, c_text::varchar,
			   c_varchar::name, c_bpchar::text, c_char::text, c_name::text,
			   c_enum::text, c_domain_text::text, c_uuid::text,
			   c_inet::text, c_cidr::text, c_macaddr::text, c_bit::text,
			   c_oid::text, c_date::timestamp, c_time::timetz,
			   c_timetz::time, c_timestamp::date, c_timestamptz::timestamp,
			   c_array::numeric[], c_numeric_array::float8[],
			   c_null::float8, c_last::bigint, 'more' AS c_more
		  FROM thing) s;

-- values beyond a type's range are clamped
CREATE TEMP TABLE wide AS
SELECT 40000.0 AS a, 1e12 AS b, 1e30::float8 AS c, 123456.789 AS d,
	   1e30 AS e, -5.0 AS f, 1e300 AS g, 1e25 AS h
  FROM generate_series(1, 4);
CREATE TEMP TABLE narrow (a smallint, b integer, c bigint, d numeric(5, 2),
						  e numeric(20, 0), f numeric(3, 5), g real, h money);
SELECT (ae_impute(m, jsonb_populate_record(NULL::narrow, '{}'))).*
  FROM (SELECT ae_train(w, '{"epochs": 1}') AS m FROM wide w) s;
CREATE TEMP TABLE far AS
SELECT 1e15 AS a, -1e15 AS b, 1e15 AS c, -1e5 AS d, 1e20 AS e
  FROM generate_series(1, 4);
CREATE TEMP TABLE near (a timestamp, b date, c timestamptz, d time,
						e interval);
SELECT (ae_impute(m, jsonb_populate_record(NULL::near, '{}'))).*
  FROM (SELECT ae_train(f, '{"epochs": 1}') AS m FROM far f) s;

-- a domain checks what is put into it
CREATE DOMAIN pg_temp.small AS integer CHECK (VALUE < 10);
CREATE TEMP TABLE strict (a pg_temp.small);
SELECT ae_reconstruct(m, ROW(5)::strict)
  FROM (SELECT ae_train(s, '{"epochs": 1}') AS m
		  FROM (SELECT 20 AS a FROM generate_series(1, 4)) s) s;

-- arrays of every numeric type, with and without NULL
CREATE TEMP TABLE pair_model AS
SELECT ae_train(ARRAY[5, 6], '{"epochs": 1}') AS m FROM generate_series(1, 4);
SELECT pg_typeof(ae_reconstruct(m, ARRAY[1, 2]::smallint[])) AS type,
	   ae_reconstruct(m, ARRAY[1, 2]::smallint[]) AS int2,
	   ae_reconstruct(m, ARRAY[1, 2]::integer[]) AS int4,
	   ae_reconstruct(m, ARRAY[1, 2]::bigint[]) AS int8,
	   ae_reconstruct(m, ARRAY[1, 2]::real[]) AS float4,
	   ae_reconstruct(m, ARRAY[1, 2]::float8[]) AS float8,
	   ae_reconstruct(m, ARRAY[1, 2]::numeric[]) AS numeric
  FROM pair_model;
SELECT ae_impute(m, ARRAY[1, NULL]::smallint[]) AS int2,
	   ae_impute(m, ARRAY[NULL, 2]::integer[]) AS int4,
	   ae_impute(m, ARRAY[NULL, 2]::bigint[]) AS int8,
	   ae_impute(m, ARRAY[1, NULL]::real[]) AS float4,
	   ae_impute(m, ARRAY[1, NULL]::float8[]) AS float8,
	   ae_impute(m, ARRAY[NULL, 2.50]::numeric[]) AS numeric,
	   ae_impute(m, '[3:4]={NULL,2}'::integer[]) AS shifted
  FROM pair_model;
SELECT (SELECT ae_anomaly_score(m, ARRAY[1.5, 2]::real[])) =
	   ALL (ARRAY[ae_anomaly_score(m, ARRAY[1.5, 2]::float8[]),
				  ae_anomaly_score(m, ARRAY[1.5, 2]::numeric[]),
				  ae_anomaly_score(m, '[0:1]={1.5,2}'::real[]),
				  ae_anomaly_score(m, ROW(1.5, 2)),
				  ae_anomaly_score(m, ROW(1.5::real, 2::bigint))]) AS same
  FROM pair_model;
CREATE DOMAIN pg_temp.pair AS integer[] CHECK (cardinality(VALUE) = 2);
SELECT ae_reconstruct(m, ARRAY[1, 2]::pg_temp.pair) AS r FROM pair_model;

-- toasted and short values, and those of PL/pgSQL variables
CREATE TYPE pg_temp.pair_row AS (x integer, y text);
CREATE TEMP TABLE stored (a float8[], b text, r pg_temp.pair_row);
INSERT INTO stored
SELECT ARRAY(SELECT (g * i) % 10 FROM generate_series(1, 2000) i),
	   repeat('long ', 1000 * (g % 2)), ROW(g % 5, 'y'::text)::pg_temp.pair_row
  FROM generate_series(1, 6) g;
SELECT ae_info(ae_train(s, '{"epochs": 1, "hidden": [2], "latent": 1,
						   "columns": {"r": {"skip": true}}}')) -> 'inputs'
	   AS inputs
  FROM stored s;
SELECT ae_info(ae_train(a, '{"epochs": 1, "hidden": [2], "latent": 1}'))
	   -> 'columns' AS columns
  FROM stored;
SELECT ae_info(ae_train(r, '{"epochs": 1}')) -> 'columns' AS columns
  FROM stored;
DO $$
DECLARE
	v float8[];
	r record;
	s pg_temp.pair_row;
	m bytea;
	one float8;
	two float8;
BEGIN
	SELECT ae_train(p.m, '{"epochs": 1}') INTO m
	  FROM (SELECT ARRAY[g, g % 3] AS m FROM generate_series(1, 9) g) p;
	v := ARRAY[1, 2];
	v[2] := 5;
	one := ae_anomaly_score(m, v);
	SELECT 1 AS f1, 5 AS f2 INTO r;
	two := ae_anomaly_score(m, r);
	RAISE NOTICE '%', one = two;
	SELECT ae_train(p, '{"epochs": 1}') INTO m
	  FROM (SELECT g AS x, 'y' || g % 2 AS y FROM generate_series(1, 9) g) p;
	s := ROW(1, 'y1');
	one := ae_anomaly_score(m, s);
	SELECT 1 AS x, 'y1' AS y INTO r;
	two := ae_anomaly_score(m, r);
	RAISE NOTICE '%', one = two;
	SELECT 'y1' AS y, 0 AS z, 1 AS x INTO r;
	two := ae_anomaly_score(m, r);
	RAISE NOTICE '%', one = two;
END
$$;

-- literals without a type
CREATE TEMP TABLE literal_model AS
SELECT ae_train(r, '{"epochs": 1}') AS m
  FROM (SELECT 5 AS a, 'x'::text AS b, true AS c, ARRAY[1, 2] AS d,
			   date '2024-01-01' AS e
		  FROM generate_series(1, 4)) r;
SELECT ae_anomaly_score(m, ROW('5', 'x', 'yes', NULL, NULL))
	   = ae_anomaly_score(m, ROW(5, 'x'::text, true, NULL::integer[],
								 NULL::date)) AS same
  FROM literal_model;
SELECT ae_impute(m, ROW(NULL, NULL, NULL, ARRAY[1, NULL], NULL::date)) AS r
  FROM literal_model;

-- labels: beyond the limit, never seen, blank-padded
CREATE TEMP TABLE label_model AS
SELECT ae_train(l, '{"epochs": 1, "min_frequency": 1}') AS m
  FROM (SELECT (ARRAY['a', 'b', 'c'])[1 + g % 3]::char(5) AS x
		  FROM generate_series(1, 30) g) l;
SELECT ae_anomaly_score(m, ROW('a'::char(5)))
	   = ae_anomaly_score(m, ROW('a'::text)) AS padded,
	   ae_anomaly_score(m, ROW('never'::text))
	   = ae_anomaly_score(m, ROW(repeat('x', 100000))) AS other
  FROM label_model;
RESET TimeZone;

-- a row type that is altered while a statement runs
CREATE TABLE alterable (a integer, b integer);
INSERT INTO alterable SELECT g, g % 7 FROM generate_series(1, 30) g;
CREATE FUNCTION pg_temp.alterable(g integer) RETURNS alterable
LANGUAGE plpgsql AS
$$
DECLARE
	row alterable;
BEGIN
	IF g = 2 THEN
		ALTER TABLE alterable ALTER a TYPE real;
	ELSIF g = 3 THEN
		ANALYZE alterable;
	ELSIF g = 4 THEN
		ALTER TABLE alterable DROP b, ADD b text DEFAULT '2';
	END IF;
	EXECUTE 'SELECT * FROM alterable WHERE a = 9' INTO row;
	RETURN row;
END
$$;
CREATE TEMP TABLE alterable_model AS
SELECT ae_train(r, '{"epochs": 1}') AS m FROM alterable r;
SELECT count(DISTINCT ae_anomaly_score((SELECT m FROM alterable_model),
									   pg_temp.alterable(g))) AS scores
  FROM generate_series(1, 3) g;
SELECT ae_anomaly_score((SELECT m FROM alterable_model), pg_temp.alterable(g))
  FROM generate_series(3, 4) g;
ALTER TABLE alterable ALTER a TYPE integer;
SELECT ae_train(pg_temp.alterable(g)) FROM generate_series(1, 2) g;
SELECT ae_train(pg_temp.alterable(3), '{"epochs": 1}') IS NOT NULL AS trained
  FROM generate_series(1, 3);
DROP FUNCTION pg_temp.alterable;
DROP TABLE alterable;
