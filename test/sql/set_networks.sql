-- networks on sets of items: mult_dae and mult_vae
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

CREATE TABLE basket AS
SELECT customer, array_agg(item) AS items
  FROM (SELECT u AS customer, (u % 3) * 10 + (u * 7 + i * 3) % 10 AS item
		  FROM generate_series(1, 300) u, generate_series(1, 5) i
		 UNION ALL
		SELECT u, (u * 11) % 30 FROM generate_series(1, 300, 4) u) t
 GROUP BY customer ORDER BY customer;
CREATE TABLE model AS
SELECT 'mult_dae' AS name,
	   ae_train(items, '{"variant": "mult_dae", "latent": 12, "epochs": 20,
				"batch_size": 30, "learning_rate": 0.01}' ORDER BY customer) AS model
  FROM basket
 UNION ALL
SELECT 'mult_vae',
	   ae_train(items, '{"variant": "mult_vae", "hidden": [20], "latent": 12,
				"epochs": 20, "batch_size": 30, "learning_rate": 0.01}'
				ORDER BY customer)
  FROM basket;

SELECT name, i ->> 'items' AS items, i ->> 'latent' AS latent,
	   i ->> 'parameters' AS parameters, i ->> 'epochs' AS epochs,
	   (SELECT string_agg(l ->> 'in' || '-' || (l ->> 'out'), ' ')
		  FROM jsonb_array_elements(i -> 'layers') l) AS layers
  FROM model, ae_info(model) i ORDER BY name;
SELECT name, o.key, o.value
  FROM model, jsonb_each(ae_info(model) -> 'options') o
 WHERE name = 'mult_vae' AND o.key <> 'time_zone' ORDER BY o.key;
SELECT name, count(*), bool_and(validation_loss IS NULL) AS none_held_out,
	   max(train_loss) FILTER (WHERE epoch = 20) <
	   max(train_loss) FILTER (WHERE epoch = 1) AS falls
  FROM model, ae_history(model) GROUP BY name ORDER BY name;

-- recommended are items of the same kind
SELECT name, count(*), bool_and(r.item_id / 10 = 1) AS same_kind,
	   bool_or(r.item_id IN (11, 14)) AS owned
  FROM model, ae_recommend(model, ARRAY[11, 14], 5) r GROUP BY name ORDER BY name;
SELECT name, count(*), bool_and(r.item_id / 10 = 1) AS same_kind,
	   bool_or(r.item_id = 11) AS itself, max(score) <= 1.000001 AS cosine
  FROM model, ae_similar_items(model, 11, 4) r GROUP BY name ORDER BY name;
SELECT name, count(*) FROM model, ae_recommend(model, '{}'::int[], 7) r
 GROUP BY name ORDER BY name;

-- a score is the inner product of the two vectors, plus a bias
SELECT m.name, count(*), max(abs(r.score - e.inner)) < 1e-5 AS same
  FROM model m, ae_recommend(model, ARRAY[21, 23], 30, '{}'::int[]) r,
	   LATERAL (SELECT i.bias + sum(a * b) AS inner
				  FROM ae_item_embeddings(m.model) i,
					   unnest(i.embedding, ae_encode(m.model, ARRAY[21, 23])) v(a, b)
				 WHERE i.item = r.item AND i.item_id = r.item_id
				 GROUP BY i.bias) e
 GROUP BY m.name ORDER BY m.name;
SELECT name, array_length(ae_encode(model, ARRAY[3, 8]), 1) AS latent,
	   ae_encode(model, ARRAY[3, 8]) = ae_encode(model, '{8,NULL,3,3,99}'::bigint[]) AS same,
	   ae_encode(model, ARRAY[3, 8]) = ae_encode(model, ARRAY[13, 18]) AS other,
	   ae_encode(model, NULL::int[]) IS NULL AS strict,
	   array_length(ae_encode(model, '{}'::text[]), 1) AS nothing
  FROM model ORDER BY name;
SELECT name, count(*), count(DISTINCT item_id), min(array_length(embedding, 1)) AS width
  FROM model, ae_item_embeddings(model) GROUP BY name ORDER BY name;

-- the same rows, options and seed: the same model; other seeds, another one
SELECT ae_train(items, '{"variant": "mult_dae", "latent": 12, "epochs": 20,
				"batch_size": 30, "learning_rate": 0.01, "verbose": false}'
				ORDER BY customer) =
	   (SELECT model FROM model WHERE name = 'mult_dae') AS same,
	   ae_train(items, '{"variant": "mult_dae", "latent": 12, "epochs": 20,
				"batch_size": 30, "learning_rate": 0.01, "seed": 7}'
				ORDER BY customer) =
	   (SELECT model FROM model WHERE name = 'mult_dae') AS other
  FROM basket;

-- one call site, models of sets and of rows, with and without vectors
SELECT t.n, array_length(ae_encode(t.model, t.features), 1) AS latent
  FROM (SELECT 1 AS n, (SELECT model FROM model WHERE name = 'mult_dae') AS model,
			   ARRAY[11, 14, 15] AS features
		 UNION ALL
		SELECT 2, (SELECT ae_train(ARRAY[n, n % 7, n % 5], '{"epochs": 1, "latent": 2}')
					 FROM generate_series(1, 50) n), ARRAY[11, 14, 15]
		 UNION ALL
		SELECT 3, (SELECT model FROM model WHERE name = 'mult_vae'), ARRAY[11]) t
 ORDER BY n;

-- rows held out, and the best epoch
SELECT (i ->> 'best_epoch')::int BETWEEN 1 AND 8 AS best,
	   (i ->> 'validation_loss')::float8 BETWEEN 0 AND 1 AS loss
  FROM (SELECT ae_info(ae_train(items, '{"variant": "mult_vae", "hidden": [],
		"latent": 8, "epochs": 8, "validation_fraction": 0.3, "patience": 2}')) AS i
		  FROM basket) t;
SELECT i ->> 'epochs' AS few_rows_many_epochs, i #> '{options,batch_size}' AS batch
  FROM (SELECT ae_info(ae_train(items, '{"variant": "mult_dae", "latent": 2,
							    "corruption_rate": 0}')) AS i FROM basket) t;

-- what does not belong, and what is too large
SELECT ae_train(items, '{"variant": "mult_dae", "beta": 0.1}') FROM basket;
SELECT ae_train(items, '{"variant": "mult_vae", "regularization": 5}') FROM basket;
SELECT ae_train(items, '{"variant": "mult_vae", "clip_norm": 5}') FROM basket;
SELECT ae_train(items, '{"variant": "mult_vae", "columns": {"a": {"skip": true}}}') FROM basket;
SELECT ae_train(items, '{"variant": "mult_dae", "learning_rate": 10, "epochs": 50}') IS NULL
  FROM basket;
SET autoencoder.max_model_size = '64kB';
SELECT ae_train(items, '{"variant": "mult_vae"}') FROM basket;
RESET autoencoder.max_model_size;
SELECT ae_item_embeddings(ae_train(items, '{"variant": "ease"}')) FROM basket;
SELECT ae_encode(ae_train(items, '{"variant": "ease"}'), ARRAY[1]) FROM basket;
SELECT ae_encode(model, ARRAY[1.5]) FROM model;
SELECT ae_anomaly_score(model, ARRAY[1]) FROM model;

-- sampled softmax: trained on some items at a time, the same model each time
CREATE TABLE sampled AS
SELECT v AS name,
	   ae_train(items, jsonb_build_object('variant', v, 'latent', 12, 'epochs', 20,
				'batch_size', 30, 'learning_rate', 0.01, 'negative_samples', 9)
				ORDER BY customer) AS model
  FROM basket, unnest(ARRAY['mult_dae', 'mult_vae']) v GROUP BY v;
SELECT name, i #> '{options,negative_samples}' AS negative_samples, i ->> 'parameters' AS parameters,
	   (SELECT bool_and(r.item_id / 10 = 1) FROM ae_recommend(model, ARRAY[11, 14], 5) r) AS same_kind,
	   (SELECT max(train_loss) FILTER (WHERE epoch = 20) < max(train_loss) FILTER (WHERE epoch = 1)
		  FROM ae_history(model)) AS falls
  FROM sampled, ae_info(model) i ORDER BY name;
SELECT s.name, s.model = ae_train(items, jsonb_build_object('variant', s.name, 'latent', 12,
				'epochs', 20, 'batch_size', 30, 'learning_rate', 0.01, 'negative_samples', 9)
				ORDER BY customer) AS again,
	   s.model = m.model AS as_without
  FROM sampled s JOIN model m USING (name), basket GROUP BY s.name, s.model, m.model ORDER BY name;
SELECT name, i ->> 'rows' AS rows, i #> '{options,negative_samples}' AS negative_samples
  FROM (SELECT name, ae_update(model, items, '{"epochs": 2}' ORDER BY customer) AS model
		  FROM sampled, basket GROUP BY name, model) u, ae_info(model) i ORDER BY name;
-- as many as there are items, or more: all of them
SELECT count(DISTINCT ae_encode(model, ARRAY[1, 2])) AS codes FROM (
SELECT ae_train(items, jsonb_build_object('variant', 'mult_dae', 'latent', 12, 'epochs', 2,
				'validation_fraction', 0.1, 'negative_samples', 0) ORDER BY customer) AS model FROM basket
 UNION ALL
SELECT ae_train(items, jsonb_build_object('variant', 'mult_dae', 'latent', 12, 'epochs', 2,
				'validation_fraction', 0.1, 'negative_samples', n) ORDER BY customer)
  FROM basket, unnest(ARRAY[30, 4000]) n GROUP BY n) t;
SELECT ae_train(items, '{"variant": "mult_vae", "negative_samples": -1}') FROM basket;
SELECT ae_train(items, '{"variant": "ease", "negative_samples": 5}') FROM basket;
SELECT ae_train(items, '{"input": "set", "negative_samples": 5}') FROM basket;
SELECT ae_train(t, '{"negative_samples": 5}') FROM (SELECT 1.0 AS a) t;
DROP TABLE sampled;

-- updates: new customers take other items together than the old ones did
CREATE TABLE fresh AS
SELECT u AS customer, ARRAY[u % 10, 10 + u % 10, 20 + u % 10, 20 + u % 10 / 2, 99] AS items
  FROM generate_series(1, 400) u;
CREATE TABLE updated AS
SELECT name, ae_update(model, items, '{"epochs": 12}' ORDER BY customer) AS model
  FROM model, fresh GROUP BY name, model;
SELECT name, i ->> 'rows' AS rows, i ->> 'items' AS items, i ->> 'epochs' AS epochs,
	   i #>> '{options,variant}' AS variant
  FROM updated, ae_info(model) i ORDER BY name;
SELECT u.name,
	   (SELECT count(*) FROM ae_recommend(m.model, ARRAY[4], 6) r WHERE r.item_id IN (14, 24, 22)) <
	   (SELECT count(*) FROM ae_recommend(u.model, ARRAY[4], 6) r WHERE r.item_id IN (14, 24, 22)) AS learned
  FROM model m JOIN updated u USING (name) ORDER BY name;
SELECT name, ae_update(m.model, items, '{"epochs": 12}' ORDER BY customer) = u.model AS same
  FROM model m JOIN updated u USING (name), fresh GROUP BY name, u.model ORDER BY name;
-- in parts, and with rows that have no known item
SELECT name, (ae_info(ae_update(model, items, '{"partitions": 2}' ORDER BY customer))
			  ->> 'rows')::int AS rows
  FROM model, fresh GROUP BY name, model ORDER BY name;
SELECT name, ae_encode(ae_update(model, '{777}'::int[]), ARRAY[1]) = ae_encode(model, ARRAY[1]) AS unchanged
  FROM model, generate_series(1, 3) GROUP BY name, model ORDER BY name;
SELECT ae_update(model, items, '{"dropout": 0.5}') FROM model, fresh WHERE name = 'mult_vae';
SELECT ae_update(model, items, '{"latent": 5}') FROM model, fresh WHERE name = 'mult_vae';
SELECT ae_update(CASE WHEN customer > 1 THEN ae_row(model, items) ELSE ae_row(model, ARRAY['x']) END)
  FROM model, fresh WHERE name = 'mult_vae';
SELECT ae_update(model, 5) FROM model, fresh WHERE name = 'mult_vae';
SELECT ae_update((SELECT ae_train(items, '{"variant": "ease"}') FROM basket), items) FROM fresh;
SELECT ae_merge(model) FROM updated;
DROP TABLE fresh, updated;

-- named
SELECT ae_store_model('shop', model) FROM model WHERE name = 'mult_vae';
SELECT count(*) FROM ae_item_embeddings('shop');
SELECT ae_encode('shop', ARRAY[1, 2]) = ae_encode(model, ARRAY[1, 2]) AS same
  FROM model WHERE name = 'mult_vae';
SELECT ae_update_model('shop', 'SELECT items FROM basket', '{"epochs": 1}');
SELECT (ae_info('shop') ->> 'rows')::int AS rows;
SELECT ae_drop_model('shop');

DROP TABLE basket, model;
