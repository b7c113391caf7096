-- types that are called like pgvector's, but are not
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

-- base types, whose bytes may be anything
SET client_min_messages = warning;
CREATE SCHEMA fake;
CREATE TYPE fake.vector;
CREATE FUNCTION fake.vector_in(cstring) RETURNS fake.vector
	LANGUAGE internal IMMUTABLE STRICT AS 'byteain';
CREATE FUNCTION fake.vector_out(fake.vector) RETURNS cstring
	LANGUAGE internal IMMUTABLE STRICT AS 'byteaout';
CREATE TYPE fake.vector (INPUT = fake.vector_in, OUTPUT = fake.vector_out);
CREATE TYPE fake.sparsevec;
CREATE FUNCTION fake.sparsevec_in(cstring) RETURNS fake.sparsevec
	LANGUAGE internal IMMUTABLE STRICT AS 'byteain';
CREATE FUNCTION fake.sparsevec_out(fake.sparsevec) RETURNS cstring
	LANGUAGE internal IMMUTABLE STRICT AS 'byteaout';
CREATE TYPE fake.sparsevec (INPUT = fake.sparsevec_in,
							OUTPUT = fake.sparsevec_out);
RESET client_min_messages;

CREATE TABLE model AS
SELECT ae_train(ARRAY[g, -g]::real[], '{"epochs": 1}') AS m,
	   ae_train(ARRAY[g % 5, g % 3], '{"variant": "ease"}') AS sets,
	   ae_train(r, '{"epochs": 1}') AS rows
  FROM generate_series(1, 20) g,
	   LATERAL (SELECT ARRAY[g, -g]::real[] AS v) r;
CREATE TABLE thing AS
SELECT '\x02000000'::fake.vector AS v, '\x02000000'::fake.sparsevec AS s,
	   g AS n
  FROM generate_series(1, 20) g;

SELECT ae_train(v) FROM thing;
SELECT ae_train(s, '{"input": "set"}') FROM thing;
SELECT ae_train(r) FROM (SELECT v, n FROM thing) r;
SELECT ae_train(r) FROM (SELECT s, n FROM thing) r;
SELECT ae_train(r, '{"variant": "mult_dae", "columns": {"s": {"kind": "set"}}}')
  FROM (SELECT s, n FROM thing) r;
SELECT ae_anomaly_score(m, v) FROM model, thing;
SELECT ae_reconstruct(rows, r) FROM model, (SELECT v FROM thing) r;
SELECT ae_recommend(sets, s, 1) FROM model, thing;
SELECT ae_sample_rows(m, NULL::fake.vector, 1)
  FROM (SELECT ae_train(ARRAY[g, -g], '{"epochs": 1, "purpose": "generation"}')
		  FROM generate_series(1, 20) g) s(m);

-- one that belongs to another extension
ALTER EXTENSION autoencoder ADD TYPE fake.vector;
SELECT ae_anomaly_score(m, v) FROM model, thing;
ALTER EXTENSION autoencoder DROP TYPE fake.vector;

-- a composite type is a row, a domain what it is of, an enum a label
CREATE SCHEMA other;
CREATE TYPE other.vector AS (v real[]);
CREATE DOMAIN other.halfvec AS real[];
CREATE TYPE other.sparsevec AS ENUM ('a', 'b');
SELECT ae_anomaly_score(rows, ROW(ARRAY[1, -1])::other.vector) =
	   ae_anomaly_score(rows, ROW(ARRAY[1, -1]::other.halfvec)) AS same
  FROM model;
SELECT ae_train(r, '{"epochs": 1}') IS NOT NULL AS trained
  FROM (SELECT 'a'::other.sparsevec AS e, n FROM thing) r;
SELECT ae_train(r) FROM (SELECT ROW('{1}')::other.vector AS v, n FROM thing) r;
SELECT ae_recommend(sets, 'a'::other.sparsevec, 1) FROM model;

DROP TABLE thing, model;
SET client_min_messages = warning;
DROP SCHEMA fake CASCADE;
DROP SCHEMA other CASCADE;
RESET client_min_messages;
