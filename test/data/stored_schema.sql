-- What stored models are applied to, and where the results go: included by
-- the script that makes them and by the test that reads them.
CREATE TYPE stored_grade AS ENUM ('low', 'middle', 'high');
CREATE TABLE stored_row (
	id integer PRIMARY KEY,
	a float8,
	b real,
	n integer,
	g stored_grade,
	p numeric(10, 2),
	d boolean,
	c text,
	t timestamp,
	v real[],
	kind text,
	items integer[],
	weights real[]
);
-- calls: which functions are for this model
CREATE TABLE stored_model (name text PRIMARY KEY, calls text[], model bytea);
-- results with the baseline kernel, to the digits of a real
CREATE TABLE stored_value (name text, call text, id integer, numbers real[]);
-- digests of all digits, with each kernel
CREATE TABLE stored_digest (name text, kernel text, digest text);

-- a row as numbers
CREATE FUNCTION stored_numbers(r stored_row) RETURNS float8[]
LANGUAGE SQL IMMUTABLE AS
$$
	SELECT ARRAY[r.a, r.b, r.n, array_position(enum_range(r.g), r.g), r.p,
				 r.d::integer, ascii(r.c), extract(epoch FROM r.t),
				 ascii(r.kind)]::float8[] || r.v::float8[];
$$;
CREATE TABLE stored_found (kernel text, name text, call text, id integer,
						   numbers float8[]);
