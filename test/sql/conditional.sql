-- the score conditional: each column predicted from the others
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;
\set SHOW_CONTEXT never

-- b, c and e follow from a; d is noise
CREATE TEMP TABLE measured AS
SELECT g AS id, a::float4 AS a, (3 * a)::float4 AS b,
	   nullif(round((a * a)::numeric, 1), 0.5) AS c, sin(g * 7.3)::float4 AS d,
	   CASE WHEN a > 0.5 THEN 'high' WHEN a > -0.5 THEN 'middle' ELSE 'low' END AS e
  FROM generate_series(1, 1500) g, LATERAL (SELECT sin(g * 1.7) + 0.2 * cos(g) AS a) s;
CREATE FUNCTION pg_temp.model(options jsonb) RETURNS bytea
LANGUAGE SQL AS
$$
	SELECT ae_train(r, '{"score": "conditional", "epochs": 40, "workers": 0,
						 "columns": {"id": {"skip": true}}}' || options)
	  FROM measured r;
$$;
CREATE TEMP TABLE model AS SELECT pg_temp.model('{}') AS m;

-- what the score decides
SELECT ae_info(m) #>> '{options,score}' AS score, ae_info(m) #>> '{options,corruption}' AS corruption,
	   ae_info(m) #>> '{options,coreset}' AS coreset, length(m) = (ae_info(m) ->> 'bytes')::int AS bytes
  FROM model;
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY ae_anomaly_score(m, r)) BETWEEN 0.9 AND 1.1 AS median,
	   bool_and(ae_anomaly_score(m, r) > 0) AS positive,
	   avg(ae_is_anomaly(m, r, 0.1)::int) BETWEEN 0.05 AND 0.2 AS alarms,
	   bool_and(ae_anomaly_pvalue(m, r) > 0) AS pvalues
  FROM model, measured r;

-- values that are usual, each by itself, and contradict each other
CREATE TYPE pg_temp.odd AS (a float4, b float4, c numeric, d float4, e text);
SELECT name, ae_anomaly_score(m, o) > 3 AS odd, ae_is_anomaly(m, o) AS alarm,
	   (SELECT feature FROM ae_explain(m, o) LIMIT 1) AS why
  FROM model, (VALUES ('nothing', ROW(0.8, 2.4, 0.6, 0.1, 'high')::pg_temp.odd),
					  ('b', ROW(0.8, -2.4, 0.6, 0.1, 'high')::pg_temp.odd),
					  ('e', ROW(0.8, 2.4, 0.6, 0.1, 'low')::pg_temp.odd)) v (name, o);
-- what is expected of a column does not depend on its value
SELECT count(DISTINCT expected) AS expectations
  FROM model, generate_series(-3, 3) b,
	   ae_explain(m, ROW(0.8, b, 0.6, 0.1, 'high')::pg_temp.odd) WHERE feature = 'b';
-- contributions are parts of the score less its median
SELECT count(*) AS rows, bool_and(abs(score - median - parts) < 1e-9 * (1 + score)) AS add_up,
	   bool_and(least >= -1e-12 OR most <= 1e-12) AS one_sign
  FROM (SELECT r.id, ae_anomaly_score(m, r) AS score, sum(contribution) AS parts,
			   min(contribution) AS least, max(contribution) AS most
		  FROM model, measured r, ae_explain(m, r) WHERE r.id <= 100 GROUP BY r.id, m, r) s,
	   (SELECT avg(score - parts) AS median
		  FROM (SELECT ae_anomaly_score(m, r) AS score, sum(contribution) AS parts
				  FROM model, measured r, ae_explain(m, r) WHERE r.id <= 100 GROUP BY r.id, m, r) t) u;

-- missing values; nothing at all
SELECT ae_anomaly_score(m, ROW(0.8, NULL, NULL, NULL, NULL)::pg_temp.odd) > 0 AS one,
	   ae_anomaly_score(m, ROW(NULL, NULL, NULL, NULL, NULL)::pg_temp.odd) IS NULL AS nothing,
	   (SELECT count(*) FROM ae_explain(m, ROW(NULL, NULL, NULL, NULL, NULL)::pg_temp.odd)) AS lines
  FROM model;

-- the same bits alone, among others, by name and from the same training
SELECT count(*) AS rows, bool_and(ae_anomaly_score(m, r) = ae_anomaly_score(m, r)) AS same
  FROM model, measured r;
SELECT pg_temp.model('{}') = m AS same, pg_temp.model('{"workers": 2}') = m AS parallel FROM model;
SELECT ae_store_model('conditional', m) FROM model;
SELECT bool_and(ae_anomaly_score('conditional', r) = ae_anomaly_score(m, r)) AS same FROM model, measured r;
SELECT ae_drop_model('conditional');

-- what else a model can do
SELECT (ae_evaluate(m, r) ->> 'rows')::int AS rows FROM model, measured r;
SELECT (SELECT count(*) FROM unnest(d)) AS lines FROM (SELECT ae_drift(m, r) AS d FROM model, measured r) s;
SELECT count(*) AS drawn FROM model, ae_impute(m, ROW(0.8, NULL, NULL, NULL, NULL)::pg_temp.odd, 3);
SELECT ae_info(u) -> 'rows' AS rows, ae_info(u) #>> '{options,score}' AS score,
	   ae_info(x) -> 'rows' AS merged,
	   ae_anomaly_score(u, o) > 3 AS odd, ae_anomaly_score(x, o) > 3 AS odd_merged
  FROM (SELECT m, (SELECT ae_update(m, r) FROM measured r) AS u FROM model) s,
	   LATERAL (SELECT ae_merge(v) AS x FROM (VALUES (m), (u)) w (v)) t,
	   (VALUES (ROW(0.8, -2.4, 0.6, 0.1, 'high')::pg_temp.odd)) v (o);
-- with other purposes and variants
SELECT ae_info(pg_temp.model(o)) #>> '{options,corruption_rate}' AS rate
  FROM (VALUES ('{"epochs": 1, "purpose": "imputation"}'::jsonb),
			   ('{"epochs": 1, "variant": "variational"}'),
			   ('{"epochs": 1, "variant": "sparse", "corruption": "mask", "corruption_rate": 0.2}')) v (o);
-- an array is as many columns
SELECT bool_and(ae_anomaly_score(m, x) > 0) AS scores
  FROM (SELECT ARRAY[a, b, d] AS x FROM measured) r,
	   (SELECT ae_train(ARRAY[a, b, d], '{"score": "conditional", "epochs": 3}') AS m FROM measured) s;

-- only with hidden cells
SELECT pg_temp.model('{"corruption": "swap"}');
SELECT pg_temp.model('{"corruption": "none"}');
SELECT pg_temp.model('{"corruption_rate": 0}');
SELECT ae_update(m, r, '{"corruption": "gaussian"}') FROM model, measured r;
SELECT ae_train(r, '{"score": "conditional", "label": "l"}') FROM (SELECT *, id < 9 AS l FROM measured) r;
SELECT ae_train(r, '{"score": "conditionally"}') FROM measured r;
