-- scores of variational models: bounds of what a row's likelihood is
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;
\set SHOW_CONTEXT never

CREATE TABLE evidence_input AS
SELECT g AS id, (sin(g) + cos(g * 0.7))::float4 AS a, sin(g)::float4 AS b,
	   CASE WHEN g % 7 > 0 THEN round(cos(g * 0.7)::numeric, 2) END AS c, sin(g) > 0 AS d,
	   (ARRAY['low', 'middle', 'high'])[2 + sign(round(cos(g * 0.7)))::int] AS e,
	   ARRAY[sin(g * 0.3), cos(g * 0.3)]::float8[] AS f
  FROM generate_series(1, 1500) g;

CREATE FUNCTION pg_temp.model(options jsonb) RETURNS bytea
LANGUAGE SQL AS
$$
	SELECT ae_train(r, '{"variant": "variational", "epochs": 40, "hidden": [32],
						 "latent": 4, "workers": 0,
						 "columns": {"id": {"skip": true}}}' || options)
	  FROM evidence_input r;
$$;

CREATE TABLE evidence_model AS
SELECT name, pg_temp.model(jsonb_build_object('score', name)) AS model
  FROM (VALUES ('elbo'), ('iwae'), ('error')) s (name);

-- what the model says of them
SELECT name, ae_info(model) -> 'score' AS score,
	   ae_info(model) #> '{options,score_samples}' AS samples,
	   ae_info(model) #> '{options,coreset}' AS coreset,
	   (ae_info(model) #>> '{evidence,spread}')::float8 > 0.1 AS spread
  FROM evidence_model ORDER BY name;

-- numbers, 0 or more, with p-values; half of the rows score above 1
CREATE TABLE evidence_score AS
SELECT name, id, ae_anomaly_score(model, r) AS score,
	   ae_anomaly_pvalue(model, r) AS p, ae_is_anomaly(model, r) AS is_anomaly
  FROM evidence_model, evidence_input r;
SELECT name, count(*) AS rows, bool_and(score >= 0) AS positive,
	   round(avg((score > 1)::int), 2) AS above_1, bool_and(p > 0 AND p <= 1) AS p,
	   avg(is_anomaly::int) BETWEEN 0.002 AND 0.02 AS alpha
  FROM evidence_score WHERE name <> 'error' GROUP BY name ORDER BY name;
-- they order rows about as one does whose draws are many
SELECT s.name, corr(ln(s.score), ln(ae_anomaly_score(m, r))) > 0.8 AS few_draws
  FROM evidence_score s JOIN evidence_input r USING (id),
	   (SELECT pg_temp.model('{"score": "elbo", "score_samples": 500}') AS m) m
 WHERE s.name = 'elbo' GROUP BY s.name;

-- nats: with one draw either bound says the same, with many one is closer
CREATE FUNCTION pg_temp.nats(model bytea) RETURNS float8
LANGUAGE SQL AS
$$
	SELECT avg((ae_info(model) #>> '{evidence,median}')::float8 +
			   (ae_info(model) #>> '{evidence,spread}')::float8 *
			   ln(exp(ae_anomaly_score(model, r) * ln(2)) - 1))
	  FROM evidence_input r WHERE id <= 500;
$$;
CREATE TEMP TABLE bound AS
SELECT name, samples, pg_temp.nats(pg_temp.model(
	   jsonb_build_object('score', name, 'score_samples', samples))) AS nats
  FROM (VALUES ('elbo', 200), ('iwae', 1), ('iwae', 200)) s (name, samples);
SELECT abs(one.nats - elbo.nats) < 0.5 AS same, elbo.nats - many.nats > 0.1 AS closer
  FROM bound elbo, bound one, bound many
 WHERE elbo.name = 'elbo' AND (one.name, one.samples) = ('iwae', 1) AND
	   (many.name, many.samples) = ('iwae', 200);

-- the same row has the same score in any order, in a worker, by any path
SELECT bool_and(ae_anomaly_score(model, r) = score) AS backwards
  FROM (SELECT * FROM evidence_score ORDER BY id DESC) s
  JOIN evidence_input r USING (id) JOIN evidence_model USING (name);
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SELECT m.name, sum(ae_anomaly_score(model, r)::numeric) =
	   (SELECT sum(score::numeric) FROM evidence_score s WHERE s.name = m.name) AS parallel
  FROM evidence_model m, evidence_input r GROUP BY m.name, m.model ORDER BY m.name;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
SELECT ae_store_model('evidence', model) IS NOT NULL AS stored
  FROM evidence_model WHERE name = 'iwae';
SELECT bool_and(ae_anomaly_score('evidence', r) = score) AS named
  FROM evidence_score JOIN evidence_input r USING (id) WHERE name = 'iwae';
SELECT pg_temp.model('{"score": "iwae", "epochs": 2}') =
	   pg_temp.model('{"score": "iwae", "epochs": 2, "workers": 2}') AS workers;

-- an odd row, and why: shares of what it scores above the median row
CREATE TYPE evidence_odd AS (a float4, b float4, c numeric, d boolean, e text, f float8[]);
CREATE TEMP TABLE odd AS
SELECT ROW(0.9, 0.5, 3, true, 'middle', ARRAY[0, 1])::evidence_odd AS r;
SELECT name, ae_anomaly_pvalue(model, r) < 0.001 AS rare, ae_is_anomaly(model, r)
  FROM evidence_model, odd ORDER BY name;
SELECT name, count(*) AS columns, bool_and(contribution >= 0) AS one_sign,
	   abs(sum(contribution) - max(score) + 1) < 0.01 * max(score) AS adds_up,
	   (array_agg(feature ORDER BY contribution DESC))[1] AS most,
	   max(z) FILTER (WHERE feature = 'c') > 3 AS deviates
  FROM evidence_model, odd, ae_explain(model, r), ae_anomaly_score(model, r) AS score
 WHERE name <> 'error' GROUP BY name ORDER BY name;
SELECT s.name, bool_and(abs(sum - score + 1) < 0.02 * (1 + score)) AS adds_up,
	   bool_and(least = 0 OR most = 0 OR sign(least) = sign(most)) AS one_sign
  FROM evidence_score s JOIN evidence_input r USING (id) JOIN evidence_model m USING (name),
	   LATERAL (SELECT sum(contribution), min(contribution) AS least, max(contribution) AS most
				  FROM ae_explain(model, r)) e
 WHERE name <> 'error' AND id <= 50 GROUP BY s.name ORDER BY s.name;

-- missing cells are neither odd nor reassuring; a row of nothing else has no score
SELECT name, ae_anomaly_score(model, ROW(NULL, NULL, NULL, NULL, NULL, NULL)::evidence_odd) AS score,
	   ae_anomaly_pvalue(model, ROW(NULL, NULL, NULL, NULL, NULL, NULL)::evidence_odd) AS p,
	   ae_is_anomaly(model, ROW(NULL, NULL, NULL, NULL, NULL, NULL)::evidence_odd) AS odd,
	   (SELECT count(*) FROM ae_explain(model,
			   ROW(NULL, NULL, NULL, NULL, NULL, NULL)::evidence_odd)) AS reasons
  FROM evidence_model WHERE name <> 'error' ORDER BY name;
SELECT name, ae_anomaly_score(model, NULL::evidence_odd) AS nothing
  FROM evidence_model WHERE name <> 'error' ORDER BY name;
SELECT name, avg((ae_anomaly_pvalue(model, r) < 0.01)::int) < 0.05 AS usual,
	   avg(ae_anomaly_pvalue(model, r)) BETWEEN 0.3 AND 0.7 AS centred
  FROM evidence_model,
	   (SELECT a, b, NULL::numeric AS c, d, e, f FROM evidence_input) r
 WHERE name <> 'error' GROUP BY name ORDER BY name;

-- updated and merged
CREATE TEMP TABLE later AS
SELECT name, model, (SELECT ae_update(model, r) FROM evidence_input r WHERE id <= 600) AS updated
  FROM evidence_model WHERE name <> 'error';
SELECT name, ae_info(updated) -> 'rows' AS rows,
	   (SELECT abs(avg((ae_anomaly_score(updated, r) > 1)::int) - 0.5) < 0.15
		  FROM evidence_input r) AS median,
	   (SELECT corr(ln(ae_anomaly_score(updated, r)), ln(ae_anomaly_score(model, r))) > 0.8
		  FROM evidence_input r) AS alike
  FROM later ORDER BY name;
SELECT name, count(*) AS rows,
	   bool_and(abs(ln(ae_anomaly_pvalue(merged, r) / ae_anomaly_pvalue(model, r))) < 0.1)
	   FILTER (WHERE ae_anomaly_pvalue(model, r) > 0.02) AS same,
	   max(abs(ln(ae_anomaly_score(merged, r) / ae_anomaly_score(model, r)))) < 0.05 AS scores
  FROM (SELECT name, model, ae_merge(m) AS merged
		  FROM later, LATERAL (VALUES (model), (model)) v (m) GROUP BY name, model) s,
	   evidence_input r
 GROUP BY name ORDER BY name;
SELECT ae_merge(m) FROM (SELECT model FROM later WHERE name = 'elbo' UNION ALL
						 SELECT model FROM later WHERE name = 'iwae') v (m);

-- the rest of a model's uses
SELECT name, (ae_evaluate(model, r) ->> 'loss')::float8 < 0.5 AS close,
	   (ae_drift(model, r))[1].psi < 0.1 AS no_drift
  FROM evidence_model, evidence_input r GROUP BY name ORDER BY name;

-- generation: codes are drawn from where the rows' codes are
CREATE TEMP TABLE generator AS
SELECT ae_train(r, '{"variant": "variational", "purpose": "generation", "epochs": 60,
					 "columns": {"id": {"skip": true}, "f": {"skip": true}}}') AS m
  FROM evidence_input r;
SELECT (ae_info(m) -> 'components')::int > 0 AS fitted,
	   (SELECT array_agg(s.b ORDER BY s) = (SELECT array_agg(t.b ORDER BY t)
		  FROM ae_sample_rows(m, NULL::evidence_odd, 50, 7) t)
		  FROM ae_sample_rows(m, NULL::evidence_odd, 50, 7) s) AS same,
	   (SELECT count(*) FROM ae_interpolate(m,
			   (SELECT ROW(a, b, c, d, e, NULL)::evidence_odd FROM evidence_input WHERE id = 1),
			   (SELECT ROW(a, b, c, d, e, NULL)::evidence_odd FROM evidence_input WHERE id = 2), 5)) AS steps
  FROM generator;
SELECT abs(corr(s.a, s.b) - (SELECT corr(a, b) FROM evidence_input)) < 0.15 AS correlation,
	   abs(avg(s.d::int) - 0.5) < 0.1 AS shares,
	   avg((s.d = (s.b > 0))::int) > 0.85 AS together,
	   count(*) FILTER (WHERE s.c IS NULL) > 0 AS nulls
  FROM generator, ae_sample_rows(m, NULL::evidence_odd, 1000, 3) s;

-- options that do not belong together
SELECT pg_temp.model('{"variant": "plain", "score": "elbo"}');
SELECT pg_temp.model('{"variant": "sparse", "score": "iwae"}');
SELECT pg_temp.model('{"score_samples": 20}');
SELECT pg_temp.model('{"score": "error", "score_samples": 20}');
SELECT pg_temp.model('{"variant": "plain", "score_samples": 20}');
SELECT pg_temp.model('{"score": "elbo", "score_samples": 0}');
SELECT pg_temp.model('{"score": "elbo", "score_samples": 1001}');
SELECT pg_temp.model('{"score": "elbo", "label": "d"}');
SELECT ae_info(pg_temp.model('{"score": "elbo", "score_samples": "auto", "epochs": 1}'))
	   #> '{options,score_samples}' AS samples;

SELECT ae_drop_model('evidence');
DROP TABLE evidence_input, evidence_model, evidence_score, odd;
DROP TYPE evidence_odd;
