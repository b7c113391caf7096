-- models that were stored when their format was released still give the same
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;
\getenv input PG_ABS_SRCDIR
\set schema :input '/data/stored_schema.sql'
\set apply :input '/data/stored_apply.sql'
\set format_1 :input '/data/stored_format_1.sql'
\set ECHO none
\i :schema
\i :format_1
\set ECHO all

SELECT count(*) AS models, bool_and(ae_info(model) -> 'format' = '1') AS format_1
  FROM stored_model;
\set ECHO none
\set kernel baseline
\i :apply
\set kernel avx2
\i :apply
\set kernel avx512
\i :apply
\set ECHO all

-- every kernel: to about five digits, on the scale of the result
SELECT count(*) AS results,
	   count(*) FILTER (WHERE f.numbers IS NULL) AS nulls
  FROM stored_value v JOIN stored_found f USING (name, call, id)
 WHERE f.kernel = 'baseline';
CREATE FUNCTION pg_temp.deviation(found float8[], stored real[]) RETURNS float8
LANGUAGE SQL AS
$$
	SELECT coalesce(max(CASE WHEN f IS NULL AND s IS NULL THEN 0
							 WHEN f IS NULL OR s IS NULL THEN 'Infinity'
							 ELSE abs(f - s) / greatest(abs(f), abs(s), 1) END), 0)
	  FROM unnest(found, stored) t (f, s);
$$;
SELECT f.kernel, v.name, v.call, v.id, v.numbers AS stored, f.numbers AS found
  FROM stored_value v JOIN stored_found f USING (name, call, id)
 WHERE pg_temp.deviation(f.numbers, v.numbers) > 1e-5
 ORDER BY 1, 2, 3, 4;
SELECT kernel, count(*) AS results
  FROM stored_found GROUP BY kernel
HAVING count(*) <> (SELECT count(*) FROM stored_value);

-- The same kernel: to the last bit.  Loops for another processor are other
-- kernels, and the C library has other functions for one without AVX2.
SELECT kernel, name
  FROM stored_digest
  JOIN (SELECT kernel, name, md5(string_agg(format('%s %s %s', call, id, numbers),
										 ',' ORDER BY call, id)) AS found
		  FROM stored_found GROUP BY kernel, name) f USING (kernel, name)
 WHERE found <> digest AND version() ~ 'x86_64' AND
	   ae_backend() #> '{kernel,available}' ? 'avx2'
 ORDER BY kernel, name;

-- a reader of that format writes it, too
SELECT count(*) AS updated, bool_and(ae_info(u) -> 'format' = '1') AS format_1,
	   bool_and(ae_anomaly_score(u, r) > 0) AS scores
  FROM stored_row r, LATERAL (
	SELECT ae_update(model, s) AS u FROM stored_model, stored_row s
	 WHERE name IN ('distance', 'elbo', 'conditional') GROUP BY name) q
 WHERE r.id = 1;

DROP TABLE stored_found, stored_digest, stored_value, stored_model;
DROP FUNCTION stored_numbers;
DROP TABLE stored_row;
DROP TYPE stored_grade;
