-- anomaly scores: floors that later changes must not fall below, and the
-- options that choose a score
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

-- numbers that look random and are the same everywhere
CREATE FUNCTION pg_temp.uniform(i integer, stream integer)
RETURNS double precision LANGUAGE sql IMMUTABLE AS
$$ SELECT (hashint8extended(i, stream) & 1048575) / 1048576.0 $$;
CREATE FUNCTION pg_temp.normal(i integer, stream integer)
RETURNS double precision LANGUAGE sql IMMUTABLE AS
$$ SELECT sqrt(-2 * ln(1 - pg_temp.uniform(i, 2 * stream))) *
		  cos(2 * pi() * pg_temp.uniform(i, 2 * stream + 1)) $$;

-- 1: four numbers from two causes; anomalies keep each number's distribution
-- but not how they hang together
CREATE TABLE machine AS
SELECT i AS id, i % 20 = 0 AS odd,
	   a + 0.1 * pg_temp.normal(i, 3) AS load,
	   a * a + 0.1 * pg_temp.normal(i, 4) AS heat,
	   sin(2 * b) + 0.1 * pg_temp.normal(i, 5) AS phase,
	   a - b + 0.1 * pg_temp.normal(i, 6) AS slip
  FROM generate_series(1, 2000) i,
	   LATERAL (SELECT pg_temp.normal(i, 1) AS a, pg_temp.normal(i, 2) AS b) c;
UPDATE machine m SET heat = o.heat, slip = o.slip
  FROM machine o WHERE m.odd AND o.id = m.id % 2000 + 7;

-- 2: labels, truths, numbers and missing values; anomalies have an ordinary
-- label that does not go with the rest
CREATE TABLE trip AS
SELECT i AS id, i % 25 = 0 AS odd,
	   CASE WHEN i % 25 = 0 THEN (ARRAY['car', 'train', 'plane'])[1 + (k + 1) % 3]
			ELSE (ARRAY['car', 'train', 'plane'])[1 + k % 3] END AS means,
	   'town ' || (i * 7) % 40 AS town,
	   CASE WHEN i % 11 <> 3 THEN (ARRAY[40, 300, 1500])[1 + k % 3] *
			exp(0.3 * pg_temp.normal(i, 1)) END AS km,
	   (ARRAY[0.8, 2.5, 5])[1 + k % 3] * exp(0.2 * pg_temp.normal(i, 2)) AS hours,
	   k % 3 = 2 AS abroad
  FROM generate_series(1, 2000) i,
	   LATERAL (SELECT (10 * pg_temp.uniform(i, 9))::integer AS k) c;

-- 3: half of the anomalies among the training rows are a clump of twins
CREATE TABLE request AS
SELECT i AS id, i % 16 = 0 AS odd,
	   CASE WHEN i % 32 = 0 THEN 6 ELSE exp(pg_temp.normal(i, 1)) END AS bytes,
	   CASE WHEN i % 32 = 0 THEN -2 WHEN i % 16 = 0 THEN 3 + pg_temp.normal(i, 4)
			ELSE pg_temp.normal(i, 2) END AS delay,
	   pg_temp.normal(i, 3) + CASE WHEN i % 16 = 0 THEN 3 ELSE 0 END AS jitter
  FROM generate_series(1, 1600) i;

CREATE FUNCTION pg_temp.auc(source text, train text, options jsonb)
RETURNS double precision LANGUAGE plpgsql AS $$
DECLARE
	result double precision;
BEGIN
	EXECUTE format(
		'WITH m AS MATERIALIZED (SELECT ae_train(t, $1) AS model
								   FROM %1$I t WHERE %2$s)
		 SELECT ae_roc_auc(ae_anomaly_score(model, t), odd) FROM %1$I t, m
		  WHERE (NOT odd AND id %% 2 = 1) OR odd', source, train)
	  INTO result
	 USING options || '{"columns": {"id": {"skip": true},
									"odd": {"skip": true}}}';
	RETURN result;
END $$;

-- trained on half of the normal rows
SELECT source, pg_temp.auc(source, 'NOT odd AND id % 2 = 0', '{}') > floor AS good
  FROM (VALUES ('machine', 0.87), ('trip', 0.98), ('request', 0.97)) f (source, floor);
-- trained on all rows
SELECT source, pg_temp.auc(source, 'true', '{}') > floor AS good
  FROM (VALUES ('machine', 0.87), ('trip', 0.98), ('request', 0.95)) f (source, floor);

-- every way to score finds something
SELECT options, pg_temp.auc('trip', 'NOT odd AND id % 2 = 0', options) > floor AS good
  FROM (VALUES ('{"score": "error"}'::jsonb, 0.98),
			   ('{"score": "distance"}', 0.98),
			   ('{"score": "neighbour", "coreset": 200}', 0.98),
			   ('{"contamination": 0}', 0.98),
			   ('{"contamination": 0.05}', 0.98),
			   ('{"contamination": "auto"}', 0.98)) o (options, floor);

-- what the options choose
CREATE TABLE chosen AS
SELECT o AS options, ae_train(m, o || '{"epochs": 2}') AS model
  FROM machine m,
	   (VALUES ('{}'::jsonb), ('{"coreset": 0}'), ('{"coreset": 100}'),
			   ('{"score": "distance"}'), ('{"score": "error"}'),
			   ('{"purpose": "embedding"}'), ('{"contamination": 0}'),
			   ('{"coreset": 16384}')) v (o)
 GROUP BY o;
SELECT options, ae_info(model) -> 'score' AS score,
	   ae_info(model) -> 'options' -> 'coreset' AS coreset,
	   ae_info(model) -> 'options' -> 'contamination' AS contamination
  FROM chosen ORDER BY options::text;

-- no training row is kept without a coreset
SELECT length(model) < 20000 AS small
  FROM chosen WHERE options = '{"coreset": 0}';
SELECT ae_train(m, '{"score": "neighbour", "coreset": 0}') FROM machine m;
SELECT ae_train(m, '{"coreset": 16385}') FROM machine m;
SELECT ae_train(m, '{"contamination": 0.6}') FROM machine m;
SELECT ae_train(m, '{"alpha": 0}') FROM machine m;

DROP TABLE machine, trip, request, chosen;
