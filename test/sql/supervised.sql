-- classes: variants semi_supervised and supervised, ae_predict
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

-- three kinds of plants, of which few are named
CREATE TYPE plant_kind AS ENUM ('oak', 'fir', 'fern');
CREATE TABLE plant (id integer, height real, leaves text, light real, wet boolean,
					kind plant_kind, named plant_kind);
INSERT INTO plant
SELECT g, CASE g % 3 WHEN 0 THEN 20 WHEN 1 THEN 25 ELSE 1 END + 3 * u,
	   CASE WHEN g % 50 = 0 THEN NULL WHEN g % 3 = 1 THEN 'needle' ELSE 'broad' END,
	   CASE WHEN g % 3 = 2 THEN -1 ELSE 1 END + v, g % 6 = 2,
	   kind, CASE WHEN g % 10 = 0 THEN kind END
  FROM generate_series(1, 1500) g,
	   LATERAL (SELECT sin(g * 1.3) AS u, cos(g * 2.1) AS v,
				(ARRAY['oak', 'fir', 'fern']::plant_kind[])[g % 3 + 1] AS kind) p;
CREATE VIEW plant_row AS
SELECT height, leaves, light, wet, named AS kind FROM plant;

CREATE TABLE plant_model AS
SELECT variant, ae_train(p, jsonb_build_object('variant', variant,
						 'label', 'kind', 'epochs', 40, 'latent', 3,
						 'purpose', 'generation')) AS model
  FROM plant_row p,
	   (VALUES ('semi_supervised'), ('supervised')) v (variant)
 GROUP BY variant;

-- what shows it
SELECT variant, ae_info(model) -> 'label' AS label,
	   ae_info(model) -> 'classes' AS classes,
	   ae_info(model) -> 'labelled' AS labelled,
	   ae_info(model) -> 'condition' AS condition,
	   ae_info(model) -> 'latent' AS latent,
	   ae_info(model) #> '{options,label_weight}' IS NOT NULL AS weight,
	   (ae_info(model) ->> 'bytes')::integer = length(model) AS bytes
  FROM plant_model ORDER BY variant;
SELECT name, kind, condition
  FROM plant_model, ae_features(model) WHERE variant = 'semi_supervised';

-- the class of rows that had none; the label column is not needed, and what
-- it says is no help
SELECT variant, avg((p.label = kind::text)::integer) > 0.95 AS accuracy,
	   bool_and(probability BETWEEN 1 / 3.0 AND 1) AS probability
  FROM plant_model, plant, ae_predict(model, plant) p
 WHERE named IS NULL GROUP BY variant ORDER BY variant;
SELECT variant, bool_and(a = b AND a = c) AS same
  FROM plant_model,
	   LATERAL (SELECT height, leaves, light, wet FROM plant LIMIT 50) r,
	   ae_predict(model, r) a,
	   ae_predict(model, ROW(r.height, r.leaves, r.light, r.wet)) b,
	   LATERAL (SELECT r.*, 'fern' AS kind) s, ae_predict(model, s) c
 GROUP BY variant ORDER BY variant;
SELECT pg_typeof(p) AS type, p.label IS NOT NULL AS told
  FROM plant_model, ae_predict(model, ROW(NULL::real, NULL::text, NULL::real,
							   NULL::boolean)) p
 WHERE variant = 'supervised';

-- a row without a class is what the model takes it for
SELECT variant, bool_and(r.kind::text = (ae_predict(model, p)).label) AS told,
	   bool_and(r.height IS NOT NULL) AS heights
  FROM plant_model, plant_row p, ae_reconstruct(model, p) r
 WHERE p.kind IS NULL GROUP BY variant ORDER BY variant;
SELECT variant, bool_and(r.kind = p.kind) AS kept
  FROM plant_model, plant_row p, ae_reconstruct(model, p) r
 WHERE p.kind IS NOT NULL AND variant = 'semi_supervised' GROUP BY variant;
SELECT variant, count(r.kind) AS filled
  FROM plant_model, plant_row p, ae_impute(model, p) r
 GROUP BY variant ORDER BY variant;
SELECT variant, bool_and(ae_anomaly_score(model, p) >= 0) AS scores,
	   bool_and(array_length(ae_encode(model, p), 1) =
				CASE variant WHEN 'supervised' THEN 3 ELSE 8 END) AS codes
  FROM plant_model, (SELECT height, leaves, light, wet FROM plant) p
 GROUP BY variant ORDER BY variant;
SELECT count(*) AS lines, count(*) FILTER (WHERE feature = 'kind' AND
	   contribution = 0 AND expected IN ('oak', 'fir', 'fern')) AS kind
  FROM plant_model, (SELECT height, leaves, light, wet FROM plant
					 ORDER BY id LIMIT 1) p, ae_explain(model, p)
 WHERE variant = 'semi_supervised';

-- rows of a class, and of all
SELECT variant, count(*) AS rows, bool_and(kind = 'fern') AS kept,
	   percentile_cont(0.5) WITHIN GROUP (ORDER BY height) < 6 AS low
  FROM plant_model, ae_sample_rows(model, ROW(NULL, NULL, NULL, NULL,
								   'fern')::plant_row, 200, 1)
 GROUP BY variant ORDER BY variant;
SELECT variant, kind, count(*) BETWEEN 100 AND 300 AS share
  FROM plant_model, ae_sample_rows(model, NULL::plant_row, 600, 1)
 GROUP BY variant, kind ORDER BY variant, kind;

-- named models, updates, merges, workers
SELECT ae_store_model('plant', model) FROM plant_model
 WHERE variant = 'semi_supervised';
SELECT (SELECT (ae_predict('plant', p)) FROM plant_row p LIMIT 1) =
	   (SELECT (ae_predict(model, p)) FROM plant_model, plant_row p
		 WHERE variant = 'semi_supervised' LIMIT 1) AS same;
SELECT ae_drop_model('plant');
SELECT variant, avg(((ae_predict(updated, p)).label = kind::text)::integer) >
	   0.9 AS accuracy
  FROM (SELECT variant, ae_update(model, r, '{"epochs": 2}') AS updated
		  FROM plant_model, plant_row r GROUP BY variant) u,
	   plant p GROUP BY variant ORDER BY variant;
SELECT (ae_predict(ae_merge(model), ROW(1::real, 'broad', -1::real, false))).label
  FROM (SELECT model FROM plant_model WHERE variant = 'supervised'
		UNION ALL
		SELECT ae_update(model, r, '{"epochs": 1}') FROM plant_model, plant_row r
		 WHERE variant = 'supervised') m;
SELECT variant, count(DISTINCT model) AS models
  FROM (SELECT variant, ae_train(p, jsonb_build_object('variant', variant,
								 'label', 'kind', 'epochs', 2, 'workers', n))
			   AS model
		  FROM plant_row p, (VALUES (0), (2)) w (n),
			   (VALUES ('semi_supervised'), ('supervised')) v (variant)
		 GROUP BY variant, n) m GROUP BY variant ORDER BY variant;

-- labels of other types; with other conditions, noise, and rows set aside
SELECT ae_info(ae_train(p, '{"variant": "semi_supervised", "label": "grown",
						"epochs": 2, "condition": ["wet"], "hidden": [8, 8],
						"corruption": "swap", "validation_fraction": 0.2}'))
	   -> 'classes' AS classes
  FROM (SELECT light, leaves, wet, height > 10 AS grown FROM plant) p;
SELECT ae_info(ae_train(p, '{"variant": "supervised", "label": "storeys",
						"epochs": 2, "corruption": "mask",
						"validation_fraction": 0.2}')) -> 'classes' AS classes
  FROM (SELECT light, leaves, (height / 10)::integer AS storeys FROM plant) p;

-- errors and NULLs
SELECT ae_predict(NULL::bytea, p) IS NULL AS no_model FROM plant p LIMIT 1;
SELECT ae_predict(model, NULL::plant) IS NULL AS no_row FROM plant_model LIMIT 1;
SELECT ae_predict(ae_train(p, '{"epochs": 1}'), ROW(1, 'broad', 1, true))
  FROM (SELECT height, leaves, light, wet FROM plant) p;
SELECT ae_train(p, '{"variant": "semi_supervised"}') FROM plant p;
SELECT ae_train(p, '{"variant": "supervised", "label": "sort"}') FROM plant p;
SELECT ae_train(p, '{"variant": "supervised", "label": "id"}') FROM plant p;
SELECT ae_train(p, '{"variant": "supervised", "label": "kind"}')
  FROM (SELECT height, kind FROM plant WHERE kind = 'oak') p;
SELECT ae_train(p, '{"variant": "supervised", "label": "kind"}')
  FROM (SELECT kind FROM plant) p;
SELECT ae_train(p, '{"variant": "supervised", "label": "kind",
					 "condition": ["kind"]}') FROM plant p;
SELECT ae_train(p, '{"variant": "supervised", "label": "kind",
					 "columns": {"kind": {"weight": 2}}}') FROM plant p;
SELECT ae_train(p, '{"variant": "semi_supervised", "label": "kind",
					 "free_bits": 0.1}') FROM plant p;
SELECT ae_train(p, '{"variant": "semi_supervised", "label": "kind",
					 "contraction": "exact"}') FROM plant p;
SELECT ae_train(p, '{"variant": "variational", "label_weight": 1}') FROM plant p;
SELECT ae_train(p, '{"variant": "supervised", "label": "weights"}')
  FROM (SELECT height, ARRAY[1, 2] AS weights FROM plant) p;

DROP VIEW plant_row;
DROP TABLE plant_model, plant;
DROP TYPE plant_kind;
