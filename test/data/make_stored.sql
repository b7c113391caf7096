-- Makes the stored models of the current format, and what they give:
--
--   make stored-models (a superuser of a server with the extension)
--
-- writes test/data/stored_format_1.sql.  Models of a format that was released
-- are never made again: they stand for those that somebody has.
\set QUIET on
\set ON_ERROR_STOP on
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
BEGIN;
CREATE EXTENSION IF NOT EXISTS autoencoder;
CREATE SCHEMA stored_models;
SET search_path = stored_models, public;
\ir stored_schema.sql

-- what they are trained on, without a function whose digits may vary
CREATE TABLE training AS
SELECT g AS id, 10 + u + v / 10 AS a, (u * v / 50)::real AS b,
	   (u::integer + g % 3) / 2 AS n,
	   enum_range(NULL::stored_grade) AS grades,
	   (enum_range(NULL::stored_grade))[1 + u::integer / 4] AS g,
	   (1 + u * u / 7)::numeric(10, 2) AS p, v > 6 AS d,
	   CASE WHEN g % 9 > 0 THEN substr('xyz', 1 + g % 3, 1) END AS c,
	   timestamp '2024-01-01' + g * interval '7 h 13 min' AS t,
	   ARRAY[u, CASE WHEN g % 7 > 0 THEN v END]::real[] AS v,
	   (ARRAY['fir', 'oak'])[1 + g % 2] AS class, u > 10.5 AS anomaly,
	   ARRAY[1 + g % 3, 1 + g * 5 % 3, 4 + g % 4, 8 + g * 7 % 3] AS items,
	   ARRAY[1, 2, 1 + g % 3, 0.5]::real[] AS weights
  FROM generate_series(1, 90) g,
	   LATERAL (SELECT (g * 37 % 101) / 9.0 AS u, (g * 53 % 97) / 8.0 AS v) q;
INSERT INTO stored_row VALUES
	(1, 13.25, 0.5, 2, 'low', 3.5, true, 'x', '2024-01-12 10:30', '{3,4}', 'oak', '{1,5,9}', '{1,2,0.5}'),
	(2, 18.5, NULL, 4, NULL, 12.25, false, NULL, '2024-01-20 03:00', '{8.5,NULL}', NULL, '{2,6}', '{3,1}'),
	(3, NULL, 1.25, NULL, 'high', NULL, NULL, 'z', NULL, NULL, 'fir', '{3,99,10}', NULL),
	(4, 400, -7, 60, 'high', 5000, true, 'q', '2031-06-01 00:00', '{-20,90}', 'elm', '{}', '{}'),
	(5, 15.75, 2, 3, 'middle', 6.5, true, 'y', '2024-01-30 17:45', '{6,9.5}', NULL, '{7,4,1,8}', '{1,1,1,1}');

-- columns: a list for SELECT; small models, so few rows of the coreset
CREATE TABLE definition (name text, columns text, options jsonb, calls text);
\set rows 'score,encode,decode,reconstruct,impute,explain'
INSERT INTO definition VALUES
	('error', 'a, b, d', '{"score": "error"}', :'rows'),
	('distance', 'a, c', '{"score": "distance"}', :'rows'),
	('neighbour', 'a, b, c, d', '{}', :'rows'),
	('conditional', 'a, b, c, g', '{"score": "conditional"}', :'rows'),
	('kinds', 'a, n, g, p', '{"columns": {"n": {"kind": "count"}, "g": {"kind": "ordinal"}, "p": {"kind": "positive"}}}', :'rows'),
	('types', 'b, p, t, v', '{"coreset": 0}', :'rows'),
	('hashed', 'a, v, c', '{"max_categories": 2, "min_frequency": 1, "coreset": 0}', :'rows'),
	('minmax', 'a, b', '{"scaling": "minmax", "loss": "mae", "activation": "relu", "coreset": 0}', :'rows'),
	('log', 'a, p', '{"scaling": "log", "loss": "huber", "activation": "tanh", "coreset": 0}', :'rows'),
	('robust', 'a, b', '{"scaling": "robust", "activation": "silu", "coreset": 0}', :'rows'),
	('none', 'b, v', '{"scaling": "none", "activation": "elu", "coreset": 0}', :'rows'),
	('quantile', 'a', '{"scaling": "quantile", "activation": "mish", "coreset": 0}', :'rows'),
	('embedding', 'a, b, c', '{"purpose": "embedding"}', :'rows'),
	('imputation', 'a, g, c', '{"purpose": "imputation"}', :'rows' || ',draw'),
	('generation', 'a, g', '{"purpose": "generation"}', :'rows' || ',sample'),
	('l1', 'a, b, d', '{"variant": "sparse", "sparsity": "l1", "coreset": 0}', :'rows'),
	('kl', 'a, b, d', '{"variant": "sparse", "sparsity": "kl", "coreset": 0}', :'rows'),
	('topk', 'a, b, d', '{"variant": "sparse", "coreset": 0}', :'rows'),
	('variational', 'a, b, c', '{"variant": "variational", "coreset": 0}', :'rows'),
	('elbo', 'a, c, n', '{"variant": "variational", "score": "elbo", "columns": {"n": {"kind": "count"}}}', :'rows'),
	('iwae', 'a, b, d', '{"variant": "variational", "score": "iwae", "score_samples": 5}', :'rows'),
	('contractive', 'a, b', '{"contraction": "exact", "coreset": 0}', :'rows'),
	('mmd', 'a, b', '{"matching": "mmd", "coreset": 0}', :'rows'),
	('adversarial', 'a, b', '{"matching": "adversarial", "coreset": 0}', :'rows'),
	('condition', 'a, b, c', '{"condition": ["c"], "coreset": 0}', :'rows'),
	('label', 'a, b, d, anomaly', '{"label": "anomaly", "coreset": 16}', :'rows'),
	('semi_supervised', 'a, b, class AS kind', '{"variant": "semi_supervised", "label": "kind", "coreset": 0}', :'rows' || ',predict'),
	('supervised', 'a, b, class AS kind', '{"variant": "supervised", "label": "kind", "coreset": 0}', 'score,encode,decode,predict');
UPDATE definition
   SET options = '{"epochs": 3, "hidden": [4], "latent": 2, "coreset": 16, "workers": 0}' || options;
\set sets 'recommend,similar'
INSERT INTO definition VALUES
	('ease', NULL, '{"variant": "ease", "min_frequency": 1}', :'sets'),
	('ease_weak', NULL, '{"input": "set", "min_frequency": 1}', :'sets'),
	('mult_dae', NULL, '{"variant": "mult_dae", "latent": 3, "epochs": 2}', :'sets' || ',encode items'),
	('mult_vae', NULL, '{"variant": "mult_vae", "hidden": [4], "latent": 3, "epochs": 2}', :'sets' || ',encode items'),
	('weights', 'items, weights', '{"variant": "mult_dae", "latent": 3, "epochs": 2, "min_frequency": 1}', 'recommend weights'),
	('columns', 'items, a, c', '{"variant": "mult_vae", "hidden": [], "latent": 3, "epochs": 2, "columns": {"items": {"kind": "set"}}}', 'recommend columns');
SELECT CASE WHEN columns IS NULL
	   THEN format('INSERT INTO stored_model SELECT %L, %L, ae_train(items, %L ORDER BY id) FROM training',
				   name, string_to_array(calls, ','), options)
	   ELSE format('INSERT INTO stored_model SELECT %L, %L, ae_train(r, %L) FROM (SELECT %s FROM training ORDER BY id) r',
				   name, string_to_array(calls, ','), options, columns)
	   END
  FROM definition ORDER BY name \gexec
-- models that come from models
INSERT INTO stored_model
SELECT 'update', calls, (SELECT ae_update(model, r)
						   FROM (SELECT a, b, c, d FROM training WHERE id > 60 ORDER BY id) r)
  FROM stored_model WHERE name = 'neighbour';
INSERT INTO stored_model
SELECT 'merge', m.calls, (SELECT ae_merge(v ORDER BY n) FROM (VALUES (1, m.model), (2, u.model)) w (n, v))
  FROM stored_model m, stored_model u WHERE m.name = 'neighbour' AND u.name = 'update';
\set kernel baseline
\ir stored_apply.sql
\set kernel avx2
\ir stored_apply.sql
\set kernel avx512
\ir stored_apply.sql
INSERT INTO stored_value
SELECT name, call, id, numbers FROM stored_found WHERE kernel = 'baseline' ORDER BY name, call, id;
INSERT INTO stored_digest
SELECT name, kernel, md5(string_agg(format('%s %s %s', call, id, numbers), ',' ORDER BY call, id))
  FROM stored_found GROUP BY name, kernel ORDER BY name, kernel;

SELECT '-- Models of format ' || (ae_info(model) ->> 'format') || ' and what they give; made by make_stored.sql.'
  FROM stored_model LIMIT 1;
\qecho 'COPY stored_row FROM stdin;'
COPY (SELECT * FROM stored_row ORDER BY id) TO STDOUT;
\qecho '\\.'
\qecho 'CREATE TEMP TABLE stored_text (name text, calls text[], model text);'
\qecho 'COPY stored_text FROM stdin;'
COPY (SELECT name, calls, translate(encode(model, 'base64'), E'\n', '')
		FROM stored_model ORDER BY name) TO STDOUT;
\qecho '\\.'
\qecho 'INSERT INTO stored_model SELECT name, calls, decode(model, ''base64'') FROM stored_text;'
\qecho 'COPY stored_value FROM stdin;'
COPY (SELECT * FROM stored_value ORDER BY name, call, id) TO STDOUT;
\qecho '\\.'
\qecho 'COPY stored_digest FROM stdin;'
COPY (SELECT * FROM stored_digest ORDER BY name, kernel) TO STDOUT;
\qecho '\\.'
ROLLBACK;
