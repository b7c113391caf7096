-- codes that are more than the outputs of a layer
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;
\set SHOW_CONTEXT never

CREATE TEMP TABLE reading AS
SELECT (sin(g) + cos(g * 0.7))::float4 AS a, sin(g)::float4 AS b,
	   nullif(round(cos(g * 0.7)::numeric, 2), 0.5) AS c, sin(g) > 0 AS d,
	   (ARRAY['low', 'middle', 'high'])[2 + sign(round(cos(g * 0.7)))::int] AS e
  FROM generate_series(1, 1200) g;

CREATE TYPE pg_temp.odd AS (a float4, b float4, c numeric, d boolean, e text);

CREATE FUNCTION pg_temp.model(options jsonb) RETURNS bytea
LANGUAGE SQL AS
$$
	SELECT ae_train(r, '{"epochs": 40, "hidden": [32], "workers": 0}' || options)
	  FROM reading r;
$$;

-- sparse codes: how many units are active, and that the model is of use
CREATE TEMP TABLE model AS
SELECT o.name, pg_temp.model(o.options) AS m
  FROM (VALUES ('l1', '{"variant": "sparse", "sparsity": "l1", "latent": 10,
						"sparsity_weight": 1}'::jsonb),
			   ('kl', '{"variant": "sparse", "sparsity": "kl", "latent": 10}'),
			   ('topk', '{"variant": "sparse", "latent": 10}'),
			   ('auto', '{"variant": "sparse", "active": 0.1}')) o (name, options);
SELECT name, ae_info(m) -> 'latent' AS latent,
	   round((ae_info(m) #>> '{code,active_share}')::numeric, 2) BETWEEN 0.01 AND 0.8
	   AS few_active,
	   (ae_info(m) #>> '{code,dead_share}')::numeric < 0.5 AS few_dead,
	   (SELECT max(train_loss) > 3 * min(train_loss) FROM ae_history(m)) AS learned
  FROM model ORDER BY name;
SELECT jsonb_path_query_array(ae_info(m), '$.layers[*].kind') AS layers,
	   round((ae_info(m) #>> '{code,active_share}')::numeric, 3) AS active
  FROM model WHERE name = 'topk';

-- the options in the model are those that matter
SELECT name, jsonb_object_agg(key, value) AS options
  FROM model, jsonb_each(ae_info(m) -> 'options')
 WHERE key IN ('variant', 'sparsity', 'sparsity_weight', 'active')
 GROUP BY name ORDER BY name;

-- a code has two of ten units, and decoding it is reconstruction
SELECT count(*) AS rows,
	   count(*) FILTER (WHERE (SELECT count(*) FROM unnest(code) u
								WHERE u <> 0) = 2) AS two_active,
	   count(*) FILTER (WHERE (ae_decode(m, code))[1]::float4 = (ae_reconstruct(m, r)).a)
	   AS same
  FROM model, reading r, LATERAL ae_encode(m, r) AS code
 WHERE name = 'topk';

-- scores, explanations and imputation
SELECT name, ae_anomaly_score(m, ROW(-2, 1, 1, false, 'low')::pg_temp.odd) >
	   3 * (SELECT avg(ae_anomaly_score(m, r)) FROM reading r) AS odd
  FROM model ORDER BY name;
SELECT name, count(*) AS reasons
  FROM model, ae_explain(m, (SELECT r FROM reading r LIMIT 1))
 GROUP BY name ORDER BY name;

-- any number of workers, the same bytes
SELECT name, ae_train(r, '{"epochs": 2, "batch_size": 1024, "workers": 2,
							"hidden": [32], "variant": "sparse"}' || o) =
			 ae_train(r, '{"epochs": 2, "batch_size": 1024, "workers": 0,
							"hidden": [32], "variant": "sparse"}' || o) AS same
  FROM (VALUES ('l1', '{"sparsity": "l1"}'::jsonb), ('kl', '{"sparsity": "kl"}'),
			   ('topk', '{}')) v (name, o), reading r
 GROUP BY name, o ORDER BY name;

-- updates and merges
SELECT name, ae_info(u) -> 'rows' AS rows, ae_info(u) ? 'code' AS measured,
	   jsonb_typeof(ae_info(x) #> '{code,active_share}') AS merged
  FROM (SELECT name, m, (SELECT ae_update(m, r) FROM reading r) AS u FROM model) s,
	   LATERAL (SELECT ae_merge(v) AS x FROM (VALUES (m), (u)) w (v)) t
 ORDER BY name;

-- salt and pepper is harder than nothing
SELECT (ae_info(pg_temp.model('{"corruption": "salt_pepper"}')) ->> 'train_loss')::float8 >
	   (ae_info(pg_temp.model('{"corruption": "none"}')) ->> 'train_loss')::float8 AS harder;

-- a plain model has none of it
SELECT ae_info(m) ? 'code' AS code, ae_info(m) -> 'options' -> 'variant' AS variant,
	   ae_info(m) -> 'options' ? 'active' AS active
  FROM (SELECT pg_temp.model('{"epochs": 1}') AS m) s;

-- options that do not belong together
SELECT pg_temp.model('{"active": 0.1}');
SELECT pg_temp.model('{"variant": "plain", "sparsity": "l1"}');
SELECT pg_temp.model('{"variant": "sparse", "sparsity_weight": 1}');
SELECT pg_temp.model('{"variant": "sparse", "sparsity": "l1", "active": 0.1}');
SELECT pg_temp.model('{"variant": "sparse", "sparsity": "l2"}');
SELECT pg_temp.model('{"variant": "sparse", "active": 0}');
SELECT pg_temp.model('{"variant": "thin"}');
SELECT pg_temp.model('{"variant": null}');
SELECT ae_update(m, r, '{"variant": "sparse"}') FROM model, reading r WHERE name = 'l1';
-- what is left to us belongs to anything
SELECT ae_info(pg_temp.model('{"epochs": 1, "active": "auto", "sparsity": "auto",
							   "sparsity_weight": "auto"}')) -> 'options' -> 'variant' AS variant;
