-- every kind of autoencoder does everything that a model does, on columns of
-- every kind
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

CREATE TYPE pg_temp.grade AS ENUM ('low', 'middle', 'high');
CREATE TEMP TABLE thing AS
SELECT (10 * u)::float4 AS a, (3 * v + u)::numeric(6, 2) AS b,
	   CASE WHEN g % 11 > 0 THEN round(20 * exp(u))::int END AS c, u > 0 AS d,
	   (ARRAY['red', 'green', 'blue'])[2 + sign(round(v))::int] AS e,
	   (enum_range(NULL::pg_temp.grade))[2 + round(u)::int] AS f,
	   timestamp '2026-01-01' + g * interval '7 hours' AS h,
	   CASE WHEN g % 13 > 0 THEN ARRAY[u, v, u * v]::float4[] END AS i
  FROM generate_series(1, 600) g, LATERAL (SELECT sin(g * 1.3) AS u, cos(g * 2.1) AS v) x;

CREATE TEMP TABLE family (name text, options jsonb);
\copy family (name, options) FROM stdin
plain	{}
gaussian	{"corruption": "gaussian"}
mask	{"corruption": "mask"}
swap	{"corruption": "swap"}
salt_pepper	{"corruption": "salt_pepper"}
l1	{"variant": "sparse", "sparsity": "l1"}
kl	{"variant": "sparse", "sparsity": "kl"}
topk	{"variant": "sparse", "sparsity": "topk"}
contractive	{"contraction": "exact", "activation": "tanh"}
hutchinson	{"contraction": "hutchinson", "variant": "sparse"}
mmd	{"matching": "mmd"}
adversarial	{"matching": "adversarial"}
variational	{"variant": "variational"}
elbo	{"variant": "variational", "score": "elbo"}
iwae	{"variant": "variational", "score": "iwae", "score_samples": 5}
free_bits	{"variant": "variational", "free_bits": 0.1, "corruption": "mask"}
imputation	{"purpose": "imputation"}
conditional	{"score": "conditional"}
embedding	{"purpose": "embedding", "latent": 3}
generation	{"purpose": "generation"}
kinds	{"columns": {"c": {"kind": "count"}, "f": {"kind": "ordinal"}, "a": {"scaling": "robust"}}}
variational_kinds	{"variant": "variational", "purpose": "generation", "columns": {"c": {"kind": "count"}, "f": {"kind": "ordinal"}}}
variational_generation	{"purpose": "generation", "variant": "variational"}
condition	{"condition": ["e", "f"]}
condition_kinds	{"condition": ["c", "f"], "purpose": "generation", "columns": {"c": {"kind": "count"}, "f": {"kind": "ordinal"}, "b": {"weight": 2}}}
condition_generation	{"condition": ["e", "h"], "variant": "variational", "purpose": "generation"}
condition_evidence	{"condition": ["e"], "variant": "variational", "score": "elbo", "columns": {"f": {"kind": "ordinal"}}}
condition_hidden	{"condition": ["d"], "score": "conditional"}
condition_mmd	{"condition": ["e"], "matching": "mmd", "contraction": "exact"}
condition_adversarial	{"condition": ["e", "h"], "matching": "adversarial"}
semi_supervised	{"variant": "semi_supervised", "label": "e"}
semi_supervised_generation	{"variant": "semi_supervised", "label": "e", "purpose": "generation", "condition": ["d"], "columns": {"c": {"kind": "count"}}}
supervised	{"variant": "supervised", "label": "e"}
supervised_mask	{"variant": "supervised", "label": "e", "score": "conditional", "condition": ["f"], "contraction": "hutchinson"}
\.

CREATE TEMP TABLE model AS
SELECT name,
	   (SELECT ae_train(t, '{"epochs": 3, "hidden": [24], "batch_size": 128,
							 "workers": 0}' || options)
		  FROM thing t) AS model
  FROM family;

-- any number of workers, the same bytes
SELECT name FROM model JOIN family USING (name)
 WHERE (SELECT ae_train(t, '{"epochs": 3, "hidden": [24], "batch_size": 128,
							 "workers": 2}' || options)
		  FROM thing t) <> model;

-- each of these lists the models for which it does not hold
CREATE TEMP VIEW scored AS
SELECT name, t.a, ae_anomaly_score(model, t) AS score,
	   ae_anomaly_pvalue(model, t) AS pvalue,
	   ae_anomaly_score(model, odd) AS odd, ae_encode(model, t) AS code,
	   ae_reconstruct(model, t) AS expected,
	   ae_impute(model, t) AS filled, model
  FROM model, thing t,
	   LATERAL (SELECT 500::float4 AS a, -90.5 AS b, 0 AS c, NOT t.d AS d,
				'pink' AS e, t.f, t.h, ARRAY[9, -9, 9]::float4[] AS i) odd;
SELECT name FROM scored GROUP BY name
HAVING NOT bool_and(score >= 0 AND score < 'infinity' AND odd < 'infinity');
SELECT name FROM scored GROUP BY name
HAVING avg((odd > score)::int) < 0.99;
SELECT name FROM scored GROUP BY name
HAVING abs(percentile_cont(0.5) WITHIN GROUP (ORDER BY score) - 1) > 0.25;
SELECT name FROM scored GROUP BY name
HAVING NOT bool_and(pvalue > 0 AND pvalue <= 1);
SELECT name FROM scored GROUP BY name
HAVING NOT bool_and((ae_decode(model, code))[1]::float4 = (expected).a);
-- (a condition stays as it is)
SELECT name FROM scored GROUP BY name
HAVING NOT bool_and((filled).c IS NOT NULL AND array_position((filled).i, NULL) IS NULL
					AND (filled).a = a);
SELECT name
  FROM model, (SELECT t FROM thing t LIMIT 20) x,
	   LATERAL (SELECT count(*) AS lines, bool_and(contribution > '-infinity') AS finite,
				sum(contribution) AS excess FROM ae_explain(model, x.t)) e
 GROUP BY name
HAVING NOT bool_and(lines = 8 AND finite AND excess < 'infinity');
SELECT name FROM model, thing t GROUP BY name, model
HAVING NOT (ae_evaluate(model, t) ->> 'loss')::float8 < 'infinity';

-- trained further, in one go and in parts, and put together
CREATE TEMP TABLE updated AS
SELECT name, model, ae_update(model, t, '{"epochs": 1}') AS next
  FROM model, thing t GROUP BY name, model;
SELECT name FROM updated
 WHERE (ae_info(next) ->> 'rows')::int <> 1200 OR
	   NOT ae_anomaly_score(next, (SELECT t FROM thing t LIMIT 1)) < 'infinity';
SELECT name
  FROM (SELECT name, ae_merge(m) AS merged
		  FROM updated, LATERAL (VALUES (model), (next)) v (m) GROUP BY name) s
 WHERE NOT ae_anomaly_score(merged, (SELECT t FROM thing t LIMIT 1)) < 'infinity';

-- rows of those that can make them
SELECT name, count(*) AS rows, count(s.c) BETWEEN 20 AND 60 AS some,
	   bool_and(s.e IS NOT NULL) AS labels
  FROM model, ae_sample_rows(model, NULL::thing, 50, 1) s
 WHERE ae_info(model) #>> '{options,purpose}' = 'generation'
 GROUP BY name ORDER BY name;

-- what is stored is all there is
SELECT name FROM model
 WHERE (ae_info(model) ->> 'bytes')::int <> length(model);
SELECT ae_store_model('family_' || name, model) > 0 AS stored
  FROM model WHERE name IN ('variational', 'generation') ORDER BY name;
SELECT name FROM model, thing t
 WHERE name IN ('variational', 'generation') AND
	   ae_anomaly_score('family_' || name, t) <> ae_anomaly_score(model, t);
SELECT ae_drop_model('family_' || name) FROM model WHERE name IN ('variational', 'generation');
