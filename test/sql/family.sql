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

CREATE TEMP TABLE family (number int, options jsonb);
\copy family (number, options) FROM stdin
1	{}
2	{"corruption": "gaussian"}
3	{"corruption": "mask"}
4	{"corruption": "swap"}
5	{"corruption": "salt_pepper"}
6	{"variant": "sparse", "sparsity": "l1"}
7	{"variant": "sparse", "sparsity": "kl"}
8	{"variant": "sparse", "sparsity": "topk"}
9	{"variant": "variational"}
10	{"variant": "variational", "free_bits": 0.1, "corruption": "mask"}
11	{"purpose": "imputation"}
12	{"purpose": "embedding", "latent": 3}
13	{"purpose": "generation"}
14	{"purpose": "generation", "variant": "variational"}
\.

CREATE TEMP TABLE model AS
SELECT number,
	   ae_train(t, '{"epochs": 3, "hidden": [24], "batch_size": 128, "workers": 0}' ||
				   options) AS model
  FROM family, thing t
 GROUP BY number;

-- any number of workers, the same bytes
SELECT number FROM model JOIN family USING (number), thing t
 GROUP BY number, model
HAVING ae_train(t, '{"epochs": 3, "hidden": [24], "batch_size": 128, "workers": 2}' ||
				   options) <> model;

-- each of these lists the models for which it does not hold
CREATE TEMP VIEW scored AS
SELECT number, t.a, ae_anomaly_score(model, t) AS score,
	   ae_anomaly_pvalue(model, t) AS pvalue,
	   ae_anomaly_score(model, odd) AS odd, ae_encode(model, t) AS code,
	   ae_reconstruct(model, t) AS expected,
	   ae_impute(model, t) AS filled, model
  FROM model, thing t,
	   LATERAL (SELECT 500::float4 AS a, -90.5 AS b, 0 AS c, NOT t.d AS d,
				'pink' AS e, t.f, t.h, ARRAY[9, -9, 9]::float4[] AS i) odd;
SELECT number FROM scored GROUP BY number
HAVING NOT bool_and(score >= 0 AND score < 'infinity' AND odd < 'infinity');
SELECT number FROM scored GROUP BY number
HAVING avg((odd > score)::int) < 0.99;
SELECT number FROM scored GROUP BY number
HAVING abs(percentile_cont(0.5) WITHIN GROUP (ORDER BY score) - 1) > 0.25;
SELECT number FROM scored GROUP BY number
HAVING NOT bool_and(pvalue > 0 AND pvalue <= 1);
SELECT number FROM scored GROUP BY number
HAVING NOT bool_and((ae_decode(model, code))[1]::float4 = (expected).a);
SELECT number FROM scored GROUP BY number
HAVING NOT bool_and((filled).c IS NOT NULL AND array_position((filled).i, NULL) IS NULL
					AND (filled).a = a);
SELECT number
  FROM model, (SELECT t FROM thing t LIMIT 20) x,
	   LATERAL (SELECT count(*) AS lines, bool_and(contribution > '-infinity') AS finite,
				sum(contribution) AS excess FROM ae_explain(model, x.t)) e
 GROUP BY number
HAVING NOT bool_and(lines = 8 AND finite AND excess < 'infinity');
SELECT number FROM model, thing t GROUP BY number, model
HAVING NOT (ae_evaluate(model, t) ->> 'loss')::float8 < 'infinity';

-- trained further, in one go and in parts, and put together
CREATE TEMP TABLE updated AS
SELECT number, model, ae_update(model, t, '{"epochs": 1}') AS next
  FROM model, thing t GROUP BY number, model;
SELECT number FROM updated
 WHERE (ae_info(next) ->> 'rows')::int <> 1200 OR
	   NOT ae_anomaly_score(next, (SELECT t FROM thing t LIMIT 1)) < 'infinity';
SELECT number
  FROM (SELECT number, ae_merge(m) AS merged
		  FROM updated, LATERAL (VALUES (model), (next)) v (m) GROUP BY number) s
 WHERE NOT ae_anomaly_score(merged, (SELECT t FROM thing t LIMIT 1)) < 'infinity';

-- rows of those that can make them
SELECT number, count(*) AS rows, count(s.c) BETWEEN 20 AND 60 AS some,
	   bool_and(s.e IS NOT NULL) AS labels
  FROM model, ae_sample_rows(model, NULL::thing, 50, 1) s
 WHERE ae_info(model) #>> '{options,purpose}' = 'generation'
 GROUP BY number ORDER BY number;

-- what is stored is all there is
SELECT number FROM model
 WHERE (ae_info(model) ->> 'bytes')::int <> length(model);
SELECT ae_store_model('family' || number, model) > 0 AS stored
  FROM model WHERE number IN (9, 14) ORDER BY number;
SELECT number FROM model, thing t
 WHERE number IN (9, 14) AND
	   ae_anomaly_score('family' || number, t) <> ae_anomaly_score(model, t);
SELECT ae_drop_model('family' || number) FROM model WHERE number IN (9, 14);
