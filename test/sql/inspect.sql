-- what is in a model, and which options there are
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

CREATE TABLE trip AS
SELECT g AS id,
	   CASE WHEN g % 10 > 0 THEN g % 7 END AS distance,
	   ARRAY[g % 5, g % 3]::real[] AS stops,
	   (ARRAY['bus', 'bus', 'train', 'foot'])[1 + g % 4] AS means,
	   g % 3 = 0 AS paid,
	   timestamp '2024-01-01' + g * interval '7 hours' AS at
  FROM generate_series(1, 200) g;
CREATE TABLE trip_model AS
SELECT ae_train(t, '{"hidden": [20, 8], "latent": 3, "epochs": 4, "seed": 7,
					 "validation_fraction": 0.2, "activation": "tanh",
					 "columns": {"id": {"skip": true},
								 "distance": {"scaling": "minmax"}}}') AS model
  FROM trip t;

-- ae_info
SELECT k FROM trip_model, jsonb_object_keys(ae_info(model)) k ORDER BY k;
SELECT (info ->> 'bytes')::bigint = length(model) AS bytes,
	   info ->> 'library_version' = extversion AS library_version,
	   info -> 'format' AS format,
	   info -> 'rows' AS rows,
	   info -> 'columns' AS columns,
	   info -> 'latent' AS latent,
	   info -> 'epochs' AS epochs,
	   (info ->> 'best_epoch')::integer BETWEEN 1 AND 4 AS best_epoch,
	   (info ->> 'steps')::integer >= 4 AS steps,
	   info -> 'score' AS score
  FROM (SELECT model, ae_info(model) AS info FROM trip_model) m, pg_extension
 WHERE extname = 'autoencoder';
SELECT l ->> 'part' AS part, l ->> 'kind' AS kind,
	   l ->> 'activation' AS activation,
	   CASE WHEN l -> 'in' = info -> 'inputs' THEN 'inputs'
			ELSE l ->> 'in' END AS "in",
	   CASE WHEN l -> 'out' = info -> 'outputs' THEN 'outputs'
			ELSE l ->> 'out' END AS "out"
  FROM (SELECT ae_info(model) AS info FROM trip_model) m,
	   jsonb_array_elements(info -> 'layers') WITH ORDINALITY AS e (l, i)
 ORDER BY i;
SELECT sum(((l ->> 'in')::integer + 1) * (l ->> 'out')::integer) =
	   min((info ->> 'parameters')::integer) AS parameters
  FROM (SELECT ae_info(model) AS info FROM trip_model) m,
	   jsonb_array_elements(info -> 'layers') l;
SELECT o.key, o.value
  FROM trip_model, jsonb_each(ae_info(model) -> 'options') o
 WHERE o.key IN ('hidden', 'latent', 'seed', 'activation', 'validation_fraction',
				 'epochs', 'verbose', 'purpose')
 ORDER BY o.key;
-- every option of a plain model is shown, resolved
SELECT count(*) FILTER (WHERE i.key IS NULL) AS missing,
	   count(*) FILTER (WHERE i.value = '"auto"' AND o.name <> 'scaling') AS auto
  FROM trip_model m, ae_options() o
  LEFT JOIN LATERAL jsonb_each(ae_info(m.model) -> 'options') i ON i.key = o.name
 WHERE o.name NOT IN ('columns', 'label', 'sparsity', 'sparsity_weight', 'active',
					  'beta', 'kl_warmup', 'free_bits', 'contraction_weight',
					  'matching_weight', 'score_samples', 'label_weight',
					  'regularization', 'normalization', 'row_normalization',
					  'item_weights', 'negative_samples');

-- ae_features
SELECT name, type, kind, scaling,
	   round(mean::numeric, 3) AS mean, round(min::numeric, 3) AS min,
	   round(max::numeric, 3) AS max, round(null_fraction::numeric, 3) AS nulls,
	   categories
  FROM trip_model, ae_features(model)
 WHERE kind <> 'calendar';
SELECT abs(f.mean - t.mean) < 1e-9 AS mean,
	   abs(f.stddev - t.stddev) < 1e-9 AS stddev
  FROM trip_model, ae_features(model) f,
	   (SELECT avg(distance) AS mean, stddev_pop(distance) AS stddev FROM trip) t
 WHERE f.name = 'distance';
SELECT name, type, kind, scaling, null_fraction, categories, width > 1 AS wide
  FROM trip_model, ae_features(model)
 WHERE kind = 'calendar';
SELECT sum(width) = (ae_info(model) ->> 'inputs')::integer AS inputs
  FROM trip_model, ae_features(model)
 GROUP BY model;

-- ae_history
SELECT epoch, train_loss > 0 AS train, validation_loss > 0 AS validation,
	   learning_rate > 0 AS rate
  FROM trip_model, ae_history(model);
SELECT (ae_info(model) ->> 'train_loss')::float8 = h.train_loss AS train_loss,
	   (ae_info(model) ->> 'validation_loss')::float8 = h.validation_loss
	   AS validation_loss
  FROM trip_model, ae_history(model) h
 WHERE h.epoch = (ae_info(model) ->> 'best_epoch')::integer;
SELECT count(validation_loss) AS validated
  FROM (SELECT ae_train(stops, '{"hidden": [4], "latent": 1, "epochs": 3,
								 "validation_fraction": 0}') AS model
		  FROM trip) m, ae_history(model);

-- several models in one query
SELECT paid, rows, epochs
  FROM (SELECT paid, ae_info(model) -> 'rows' AS rows,
			   (SELECT count(*) FROM ae_history(model)) AS epochs
		  FROM (SELECT paid, ae_train(stops, '{"hidden": [4], "latent": 1,
												"epochs": 2}') AS model
				  FROM trip GROUP BY paid) m) s
 ORDER BY paid;

-- labels in hashed buckets, an empty one without a name
SELECT kind, array_length(categories, 1) AS buckets,
	   cardinality(array_remove(categories, NULL)) <= 6 AS named
  FROM (SELECT ae_train(r, '{"hidden": [4], "latent": 1, "epochs": 1,
							 "max_categories": 6, "min_frequency": 1}') AS model
		  FROM (SELECT 'label ' || g % 50 AS label, g FROM generate_series(1, 500) g) r) m,
	   ae_features(model)
 WHERE name = 'label';

-- ae_options
SELECT name, type, "default" FROM ae_options()
 WHERE name IN ('latent', 'hidden', 'seed', 'activation', 'columns', 'verbose')
 ORDER BY name;
SELECT range FROM ae_options() WHERE name = 'latent';
SELECT count(*) FROM ae_options()
 WHERE name = '' OR range = '' OR description !~ '^[A-Z].*\.$';

-- NULL in, NULL or nothing out
SELECT ae_info(NULL) IS NULL AS info,
	   (SELECT count(*) FROM ae_features(NULL)) AS features,
	   (SELECT count(*) FROM ae_history(NULL)) AS history;

-- everything that users may call has a description
SELECT p.proname
  FROM pg_proc p
  JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass
  JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'autoencoder'
 WHERE d.deptype = 'e' AND obj_description(p.oid, 'pg_proc') IS NULL;

DROP TABLE trip, trip_model;
