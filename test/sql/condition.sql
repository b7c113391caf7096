-- columns that are given to encoder and decoder: option condition
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

-- large orders have amounts near 900, small ones near 40; the number of items
-- grows with the discount, which some do not have
CREATE TABLE orders (
	id integer, amount double precision, items double precision, size text,
	discount double precision, urgent boolean, day date);
INSERT INTO orders
SELECT g, CASE WHEN large THEN 900 + 100 * u ELSE 40 + 20 * u END,
	   20 + 10 * v + CASE WHEN g % 2 = 0 THEN 5 ELSE 0 END,
	   CASE WHEN g % 50 = 0 THEN NULL WHEN large THEN 'large' ELSE 'small' END,
	   CASE WHEN g % 20 > 0 THEN v END, g % 2 = 0,
	   date '2024-01-01' + g % 30
  FROM generate_series(1, 2000) g,
	   LATERAL (SELECT sin(g * 1.3) AS u, cos(g * 2.1) AS v,
				g % 3 = 0 AS large) cause;

CREATE TABLE order_model AS
SELECT ae_train(o, '{"purpose": "generation", "epochs": 40, "latent": 2,
					 "condition": ["size", "discount", "urgent", "day"],
					 "columns": {"id": {"skip": true}}}') AS model
  FROM orders o;

-- what shows it
SELECT ae_info(model) -> 'condition' AS condition,
	   ae_info(model) -> 'latent' AS latent,
	   ae_info(model) #> '{options,latent}' AS units,
	   ae_info(model) #> '{layers,3}' AS joined,
	   (ae_info(model) ->> 'bytes')::integer = length(model) AS bytes
  FROM order_model;
SELECT name, width, condition FROM order_model, ae_features(model);
SELECT name, range, "default" FROM ae_options() WHERE name = 'condition';

-- the code ends with them as the network reads them, and is decoded with them
SELECT code[3:6] AS size, code[7:8] AS urgent, array_length(code, 1) AS length
  FROM order_model, orders o, ae_encode(model, o) code
 WHERE id IN (1, 2, 3, 50) ORDER BY id;
SELECT id, d[3] AS size, round(d[4]::numeric, 4) AS discount, d[5] AS urgent,
	   date '2000-01-01' + (d[6] / 86400)::integer = day AS day
  FROM order_model, orders o, ae_decode(model, ae_encode(model, o)) d
 WHERE id IN (1, 2, 3, 50, 60) ORDER BY id;

-- they are returned as they are, NULLs included
SELECT count(*) AS rows,
	   bool_and(ROW(r.id, r.size, r.discount, r.urgent, r.day) IS NOT DISTINCT
				FROM ROW(o.id, o.size, o.discount, o.urgent, o.day)) AS same,
	   avg(abs(r.amount - o.amount)) < 20 AS amount,
	   avg(abs(r.items - o.items)) < 1 AS items
  FROM order_model, orders o, ae_reconstruct(model, o) r;
SELECT r.amount IS NOT NULL AS amount, r.size, r.discount
  FROM order_model, ae_impute(model, ROW(1, NULL, 20, NULL, NULL, true,
							  '2024-01-05')::orders) r;

-- what is given says nothing of a row
SELECT bool_and(contribution = 0 AND z IS NULL AND actual = expected) AS nothing
  FROM order_model, orders o, ae_explain(model, o) e
 WHERE id = 4 AND feature IN ('size', 'discount', 'urgent', 'day');
SELECT ae_anomaly_score(model, ROW(1, NULL, NULL, 'small', 0.1, true,
						'2024-01-05')::orders) IS NULL AS no_score,
	   ae_anomaly_score(model, ROW(1, 900, 20, 'small', 0.1, true,
						'2024-01-05')::orders) >
	   5 * ae_anomaly_score(model, ROW(1, 900, 20, 'large', 0.1, true,
						'2024-01-05')::orders) AS wrong_size
  FROM order_model;
SELECT jsonb_object_keys(ae_evaluate(model, o) -> 'columns') AS evaluated
  FROM order_model, orders o;

-- rows as they would be with it, and from what was learned of it
SELECT count(*) AS rows, bool_and(size = 'large' AND urgent) AS kept,
	   percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) BETWEEN 800 AND
	   1000 AS amount,
	   abs(avg(items) - 34) < 2 AS items,
	   avg(discount) BETWEEN 0.89 AND 0.91 AS discount
  FROM order_model, ae_sample_rows(model, ROW(NULL, NULL, NULL, 'large', 0.9,
								   true, NULL)::orders, 300, 1);
SELECT size, abs(count(*) - CASE size WHEN 'large' THEN 653 ELSE 1307 END) <
	   200 AS share, percentile_cont(0.5) WITHIN GROUP (ORDER BY amount) BETWEEN
	   CASE size WHEN 'large' THEN 800 ELSE 20 END AND
	   CASE size WHEN 'large' THEN 1000 ELSE 60 END AS amount, corr(items, discount) > 0.8 AS items
  FROM order_model, ae_sample_rows(model, NULL::orders, 2000, 1)
 WHERE size IS NOT NULL GROUP BY size ORDER BY size;
SELECT bool_and(array_length(s, 1) = 6 AND s[5] IN (0, 1)) AS cells,
	   count(*) FILTER (WHERE s[4] IS NULL) > 0 AS gaps
  FROM order_model, ae_sample(model, 200, 1) s;
-- halfway from one to another
SELECT (array_agg(r.size))[1] AS first, (array_agg(r.size))[3] AS last,
	   abs((array_agg(r.discount))[2] - (a.discount + b.discount) / 2) < 1e-4
	   AS between
  FROM order_model, orders a, orders b, ae_interpolate(model, a, b, 3) r
 WHERE a.id = 3 AND b.id = 4 GROUP BY a.discount, b.discount;

-- every kind of score, code and noise; updates and merges
CREATE TABLE order_models AS
SELECT options, ae_train(o, options || '{"epochs": 5, "condition": ["size"],
						 "columns": {"id": {"skip": true}}}') AS model
  FROM orders o,
	   (VALUES ('{}'::jsonb), ('{"variant": "variational"}'),
			   ('{"variant": "sparse"}'),
			   ('{"score": "error", "corruption": "mask"}'),
			   ('{"score": "distance", "corruption": "gaussian"}'),
			   ('{"purpose": "imputation"}'),
			   ('{"corruption": "salt_pepper"}')) v (options)
 GROUP BY options;
SELECT options, ae_info(model) -> 'condition' AS condition,
	   (SELECT bool_and(r.size IS NOT DISTINCT FROM o.size)
		  FROM orders o, ae_reconstruct(model, o) r) AS same,
	   (SELECT bool_and(ae_anomaly_score(model, o) >= 0) FROM orders o) AS scored
  FROM order_models ORDER BY options::text COLLATE "C";
SELECT bool_and((r).size IS NULL AND (r).amount IS NOT NULL) AS drawn
  FROM (SELECT ae_impute(model, ROW(1, NULL, 20, NULL, 0.1, true,
						 '2024-01-05')::orders, 3) AS r
		  FROM order_models WHERE options ->> 'purpose' = 'imputation') s;
SELECT ae_info(ae_update(model, o)) -> 'condition' AS updated
  FROM order_models, orders o WHERE options = '{}';
SELECT ae_info(ae_merge(model)) -> 'condition' AS merged
  FROM (SELECT model FROM order_models WHERE options = '{}'
		UNION ALL SELECT ae_update(model, o) FROM order_models, orders o
				   WHERE options = '{}') m;
-- elements of an array
SELECT ae_info(ae_train(ARRAY[amount, items], '{"condition": ["2"],
						"epochs": 1}')) -> 'condition' AS condition
  FROM orders;
-- workers change nothing
SELECT count(DISTINCT model) AS models
  FROM (SELECT ae_train(o, '{"epochs": 2, "condition": ["size"],
							 "workers": 0}') AS model FROM orders o
		UNION ALL
		SELECT ae_train(o, '{"epochs": 2, "condition": ["size"],
							 "workers": 2}') FROM orders o) m;

-- errors
SELECT ae_train(o, '{"condition": "size"}') FROM orders o;
SELECT ae_train(o, '{"condition": [1]}') FROM orders o;
SELECT ae_train(o, '{"condition": ["size", "size"]}') FROM orders o;
SELECT ae_train(o, '{"condition": ["colour"]}') FROM orders o;
SELECT ae_train(o, '{"condition": ["id"], "columns": {"id": {"skip": true}}}')
  FROM orders o;
SELECT ae_train(o, '{"condition": ["urgent"], "label": "urgent"}')
  FROM orders o;
SELECT ae_train(o, '{"condition": ["size", "urgent"]}')
  FROM (SELECT size, urgent FROM orders) o;
SELECT ae_train(o, '{"condition": ["size"],
					 "columns": {"size": {"weight": 2}}}') FROM orders o;
SELECT ae_train(o, '{"condition": ["discount"],
					 "columns": {"discount": {"loss": "mae"}}}') FROM orders o;
SELECT ae_update(model, o, '{"condition": []}')
  FROM order_models, orders o WHERE options = '{}';

DROP TABLE orders, order_model, order_models;
