-- sets of items with columns beside them
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

-- what one buys depends on the country, and a little on age
CREATE TABLE customer AS
SELECT u AS id, (ARRAY['at', 'be', 'ch'])[u % 3 + 1] AS country,
	   20 + (u * 13) % 50 AS age, u % 7 = 0 AS is_new,
	   (SELECT array_agg((u % 3) * 10 + (u * 7 + i * 3) % 10) FROM generate_series(1, 4) i) AS items
  FROM generate_series(1, 300) u;
CREATE TABLE model AS
SELECT name, ae_train(c, format('{"variant": "%s", "latent": 12, "hidden": [],
					  "epochs": 30, "batch_size": 30, "learning_rate": 0.02,
					  "columns": {"items": {"kind": "set"}, "id": {"skip": true}}}', name)::jsonb
					  ORDER BY id) AS model
  FROM customer c, unnest('{mult_dae,mult_vae}'::text[]) name GROUP BY name;

SELECT m.name, f.name, f.kind, f.width FROM model m, ae_features(model) f
 WHERE m.name = 'mult_vae';
SELECT name, i ->> 'items' AS items, i ->> 'columns' AS columns, i ->> 'inputs' AS inputs,
	   i #>> '{layers,0,in}' AS first, i #>> '{layers,-1,out}' AS last
  FROM model, ae_info(model) i ORDER BY name;

-- nothing is known but the country and the age
CREATE TYPE who AS (country text, age int, is_new boolean, items int[]);
CREATE TYPE who_else AS (country text, age int, is_new boolean, items text[]);
SELECT name, country, count(*) AS items, bool_and(r.item_id / 10 = kind) AS of_the_country
  FROM model, (VALUES (0, 'at'), (1, 'be'), (2, 'ch')) v(kind, country),
	   ae_recommend(model, ROW(country, 40, false, NULL)::who, 5) r
 GROUP BY name, country ORDER BY name, country;
-- columns by name, more of them do no harm, items owned are left out
SELECT name, count(*), bool_and(r.item_id / 10 = c.id % 3) AS of_the_country,
	   bool_or(r.item_id = ANY (c.items)) AS owned
  FROM model, customer c, ae_recommend(model, c, 4) r WHERE c.id <= 3
 GROUP BY name ORDER BY name;
SELECT name, count(*) FROM model, customer c, ae_recommend(model, c, 40, '{}'::int[])
 WHERE id = 1 GROUP BY name ORDER BY name;
SELECT name, array_length(ae_encode(model, c), 1) AS latent,
	   ae_encode(model, c) = ae_encode(model, ROW(c.country, c.age, c.is_new, c.items)::who) AS same,
	   ae_encode(model, c) = ae_encode(model, ROW('be', c.age, c.is_new, c.items)::who) AS other_country,
	   ae_encode(model, ROW(NULL, NULL, NULL, c.items)::who) IS NULL AS all_missing
  FROM model, customer c WHERE id = 3 ORDER BY name;

-- updates: customers of each country now take what those of the next one took
CREATE TABLE moved AS
SELECT id, age, is_new, items, (ARRAY['be', 'ch', 'at'])[id % 3 + 1] AS country FROM customer;
CREATE TABLE updated AS
SELECT name, ae_update(model, c, '{"epochs": 20}' ORDER BY id) AS model
  FROM model, moved c GROUP BY name, model;
SELECT name, country, bool_and(r.item_id / 10 = (kind + 2) % 3) AS of_the_country_before
  FROM updated, (VALUES (0, 'at'), (1, 'be'), (2, 'ch')) v(kind, country),
	   ae_recommend(model, ROW(country, 40, false, NULL)::who, 5) r
 GROUP BY name, country ORDER BY name, country;
SELECT name, i ->> 'rows' AS rows, i ->> 'columns' AS columns, i ->> 'items' AS items
  FROM updated, ae_info(model) i ORDER BY name;
-- columns by name, a query, labels that the model does not know, empty sets
SELECT name, ae_update(m.model, ROW(country, age, is_new, items)::who, '{"epochs": 20}' ORDER BY id) = u.model AS same
  FROM model m JOIN updated u USING (name), moved GROUP BY name, u.model ORDER BY name;
SELECT ae_store_model('shop', model) FROM model WHERE name = 'mult_vae';
SELECT ae_update_model('shop', 'SELECT is_new, age, items, country FROM moved ORDER BY id', '{"epochs": 20}');
SELECT ae_encode('shop', ROW('at', 40, false, '{3}')::who) = ae_encode(model, ROW('at', 40, false, '{3}')::who) AS same
  FROM updated WHERE name = 'mult_vae';
SELECT name, ae_encode(ae_update(model, c), ROW('at', 40, false, '{3}')::who) = ae_encode(model, ROW('at', 40, false, '{3}')::who) AS unchanged
  FROM model, (VALUES (ROW('fr', 40, NULL, NULL)::who), (ROW(NULL, NULL, NULL, '{}')::who), (NULL)) c(c)
 GROUP BY name, model ORDER BY name;
-- in parts, some of which come from other processes
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT ae_update(ae_row('shop', c, '{"partitions": 2}')) FROM moved c;
SELECT ae_info(ae_update(ae_row('shop', c, '{"partitions": 2}'))) ->> 'rows' AS rows FROM moved c;
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
SELECT ae_drop_model('shop');
DROP TABLE moved, updated;

-- from a query, rows held out, arrays of numbers, missing values
SELECT ae_create_model('shop', 'SELECT items, country, NULLIF(age, 33) AS age, ARRAY[age, id] AS pair FROM customer',
	'{"variant": "mult_dae", "latent": 5, "epochs": 3, "validation_fraction": 0.2,
	  "columns": {"items": {"kind": "set"}, "age": {"scaling": "robust"}}}');
SELECT count(*) FROM ae_recommend('shop', (SELECT r FROM (SELECT 'at' AS country, 5 AS age, ARRAY[1, 2] AS pair, ARRAY['3', 'x'] AS items) r), 3);
SELECT name, kind, scaling FROM ae_features('shop');
SELECT (validation_loss BETWEEN 0 AND 1) AS loss FROM ae_history('shop') LIMIT 1;
SELECT ae_drop_model('shop');

-- models of rows and of sets in turn at one call site, none of which is kept
CREATE TABLE turn AS
SELECT 1 AS number, ae_train(c, '{"hidden": [5], "epochs": 2, "columns": {"items": {"skip": true}, "id": {"skip": true}}}') AS model
  FROM customer c
 UNION ALL
SELECT 2, model FROM model WHERE name = 'mult_vae'
 UNION ALL
SELECT 3, ae_train(c, '{"hidden": [64], "epochs": 2, "columns": {"items": {"skip": true}, "id": {"skip": true}}}')
  FROM customer c
 UNION ALL
SELECT 4, model FROM model WHERE name = 'mult_dae';
SET autoencoder.batch_rows = 0;
CREATE TABLE alone (number int, id int, code real[]);
DO $$
BEGIN
	FOR i IN 1 .. 4 LOOP
		INSERT INTO alone SELECT number, id, ae_encode(model, c) FROM customer c, turn WHERE number = i;
	END LOOP;
END $$;
SET autoencoder.cache_size = 0;
SELECT count(*), count(*) FILTER (WHERE t.code = a.code) AS same
  FROM (SELECT number, id, ae_encode(model, c) AS code
		  FROM (SELECT number, id, model, c FROM customer c, turn ORDER BY id, number OFFSET 0) t
		OFFSET 0) t JOIN alone a USING (number, id);
RESET autoencoder.cache_size;
RESET autoencoder.batch_rows;
DROP TABLE turn, alone;

-- what does not fit
SELECT ae_train(c, '{"variant": "ease", "columns": {"items": {"kind": "set"}}}') FROM customer c;
SELECT ae_train(c, '{"columns": {"items": {"kind": "set"}}}') FROM customer c;
SELECT ae_train(c, '{"variant": "mult_vae", "columns": {"items": {"kind": "set"}, "id": {"kind": "set"}}}') FROM customer c;
SELECT ae_train(c, '{"variant": "mult_vae", "columns": {"id": {"skip": true}}}') FROM customer c;
SELECT ae_train(c, '{"variant": "mult_vae", "columns": {"age": {"kind": "set"}}}') FROM customer c;
SELECT ae_train(c, '{"variant": "mult_vae", "columns": {"colour": {"kind": "set"}}}') FROM customer c;
SELECT ae_train(items, '{"variant": "mult_vae", "columns": {"items": {"kind": "set"}}}') FROM customer;
SELECT ae_train(t, '{"variant": "mult_vae", "columns": {"items": {"kind": "set"}}}') FROM (SELECT items FROM customer) t;
SELECT ae_recommend(model, ARRAY[1, 2], 3) FROM model;
SELECT ae_recommend(model, r, 3) FROM model, (SELECT 'at' AS country, 5 AS age, true AS is_new) r;
SELECT ae_recommend(model, r, 3) FROM model, (SELECT 'at' AS country, 5 AS age, ARRAY[1] AS items) r;
SELECT ae_recommend(model, r, 3) FROM model, (SELECT 'at' AS country, 5 AS age, true AS is_new, 1.5 AS items) r;
SELECT ae_recommend(model, NULL::who, 3) FROM model;
-- a model of sets alone after one of sets with columns
SELECT number, array_length(ae_encode(model, c), 1)
  FROM (SELECT 1 AS number, model FROM model WHERE name = 'mult_vae'
		 UNION ALL
		SELECT 2, ae_train(items, '{"variant": "mult_vae", "latent": 4, "hidden": [], "epochs": 1}') FROM customer) m,
	   customer c WHERE c.id = 1;
SELECT ae_update(model, items) FROM model, customer;
SELECT ae_update(model, r) FROM model, (SELECT 'at' AS country, 5 AS age, ARRAY[1] AS items) r;
SELECT ae_update(model, r) FROM model, (SELECT 'at' AS country, 5 AS age, true AS is_new) r;
SELECT ae_update(CASE WHEN id > 1 THEN ae_row(model, ROW('at', 5, true, ARRAY[1])::who)
	ELSE ae_row(model, ROW('at', 5, true, ARRAY['x'])::who_else) END)
  FROM model, customer WHERE name = 'mult_vae';
SELECT ae_anomaly_score(model, c) FROM model, customer c;
SELECT count(*) FROM model, ae_similar_items(model, 1, 3);

DROP TABLE customer, model;
DROP TYPE who, who_else;
