-- updates of models of sets that grow by new items
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

-- three kinds of customers, each with ten items of its own
CREATE TABLE basket AS
SELECT u AS customer, ARRAY(SELECT (u % 3) * 10 + (u * 7 + i * 3) % 10 FROM generate_series(1, 5) i) AS items
  FROM generate_series(1, 300) u;
-- then there are more items: 100, 101 and 102, each for one kind, and 999 for one customer
CREATE TABLE fresh AS
SELECT customer, items || CASE WHEN customer % 2 = 0 THEN 100 + customer % 3
						  WHEN customer = 33 THEN 999 END AS items
  FROM basket;
CREATE TABLE model AS
SELECT name, ae_train(items, format('{"variant": "%s", "hidden": [], "latent": 12, "epochs": 20,
				"batch_size": 30, "learning_rate": 0.01}', name)::jsonb ORDER BY customer) AS model
  FROM basket, unnest('{mult_dae,mult_vae}'::text[]) name GROUP BY name;
CREATE TABLE grown AS
SELECT name, ae_update(model, items, '{"grow": true, "epochs": 5}' ORDER BY customer) AS model
  FROM model, fresh GROUP BY name, model;

SELECT name, i ->> 'items' AS items, i ->> 'rows' AS rows, i #>> '{layers,0,in}' AS first,
	   i #>> '{layers,-1,out}' AS last, i #>> '{options,min_frequency}' AS min_frequency
  FROM grown, ae_info(model) i ORDER BY name;
-- known items keep their places, new ones stand behind them
SELECT name, (array_agg(item_id))[:30] = (SELECT array_agg(item_id) FROM model m, ae_item_embeddings(m.model) WHERE m.name = g.name) AS same,
	   (array_agg(item_id))[31:] AS new, bool_and(item = item_id::text) AS named
  FROM grown g, ae_item_embeddings(model) GROUP BY name ORDER BY name;
-- of the new items each kind gets its own first; by chance that would be one in three
CREATE VIEW ranked AS
SELECT name, kind, (SELECT array_agg(item_id ORDER BY score DESC) FROM ae_recommend(model, ARRAY[kind * 10 + 1, kind * 10 + 4], 33) WHERE item_id >= 100) AS new
  FROM grown, generate_series(0, 2) kind;
SELECT name, kind, cardinality(new) AS n, new[1] - 100 = kind AS own_first FROM ranked ORDER BY name, kind;
SELECT name, kind, bool_or(r.item_id = 100 + kind) AS among_the_best
  FROM grown, generate_series(0, 2) kind, ae_recommend(model, ARRAY[kind * 10 + 1, kind * 10 + 4], 9) r
 GROUP BY name, kind ORDER BY name, kind;
-- the moment they are there, before anything is learnt from them
SELECT name, kind, (SELECT item_id FROM ae_recommend(m, ARRAY[kind * 10 + 1, kind * 10 + 4], 33) WHERE item_id >= 100 LIMIT 1) - 100 = kind AS own_first
  FROM (SELECT name, ae_update(model, items, '{"grow": true, "epochs": 1, "learning_rate": 1e-8}' ORDER BY customer) AS m
		  FROM model, fresh GROUP BY name, model) s, generate_series(0, 2) kind ORDER BY name, kind;
SELECT name, bool_or(item_id = 101) AS similar FROM grown, ae_similar_items(model, 11, 5) GROUP BY name ORDER BY name;

-- the same bytes again; without new items as without the option
SELECT name, ae_update(m.model, items, '{"epochs": 5, "grow": true}' ORDER BY customer) = g.model AS same
  FROM model m JOIN grown g USING (name), fresh GROUP BY name, g.model ORDER BY name;
SELECT name, ae_update(model, items, '{"grow": true, "epochs": 1}' ORDER BY customer) =
	   ae_update(model, items, '{"epochs": 1}' ORDER BY customer) AS same
  FROM model, basket GROUP BY name, model ORDER BY name;
SELECT name, ae_info(ae_update(model, items, '{"grow": false, "epochs": 1}')) ->> 'items' AS items
  FROM model, fresh GROUP BY name, model ORDER BY name;
-- how frequent an item must be
SELECT frequency, ae_info(ae_update(model, items, jsonb_build_object('grow', true, 'epochs', 1, 'min_frequency', frequency))) ->> 'items' AS items
  FROM model, fresh, unnest('{1,2,50,51}'::int[]) frequency WHERE name = 'mult_dae' GROUP BY frequency, model ORDER BY frequency;
-- growing again, from rows with new items only
SELECT name, i ->> 'items' AS items
  FROM (SELECT name, ae_info(ae_update(model, '{555,556,NULL,555}'::bigint[], '{"grow": true}')) AS i
		  FROM grown, generate_series(1, 4) GROUP BY name, model) s ORDER BY name;
SELECT ae_update(model, NULL::int[], '{"grow": true}') IS NULL AS nothing FROM model WHERE name = 'mult_dae';

-- with weights; with columns beside the set; named, from a query; in parts
SELECT ae_info(ae_update(model, ROW(items, array_fill(2::real, ARRAY[cardinality(items)])), '{"grow": true, "epochs": 1}')) ->> 'items' AS items
  FROM model, fresh WHERE name = 'mult_vae';
CREATE TYPE who AS (kind text, items int[]);
SELECT ae_store_model('shop', ae_train(ROW('k' || customer % 3, items)::who,
	'{"variant": "mult_dae", "latent": 8, "epochs": 20, "batch_size": 30, "learning_rate": 0.01, "columns": {"items": {"kind": "set"}}}' ORDER BY customer))
  FROM basket;
SELECT ae_update_model('shop', $$SELECT 'k' || customer % 3 AS kind, items FROM fresh ORDER BY customer$$, '{"grow": true, "epochs": 4}');
SELECT kind, (SELECT item_id FROM ae_recommend('shop', ROW('k' || kind, NULL)::who, 33) WHERE item_id >= 100 LIMIT 1) - 100 = kind AS own_first
  FROM generate_series(0, 2) kind;
SELECT ae_info('shop') ->> 'inputs' AS inputs;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT ae_store_model('plain', model) FROM model WHERE name = 'mult_vae';
EXPLAIN (COSTS OFF) SELECT ae_update(ae_row('plain', items, '{"grow": true, "partitions": 2}')) FROM fresh;
SELECT i ->> 'rows' AS rows, i ->> 'items' AS items
  FROM ae_info((SELECT ae_update(ae_row('plain', items, '{"grow": true, "partitions": 2}')) FROM fresh)) i;
RESET max_parallel_workers_per_gather;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
-- each part has other new items: the model gets all of them
CREATE AGGREGATE grow_part(bytea, int[], jsonb) (
	SFUNC = ae_update_transition, STYPE = ae_partial);
CREATE AGGREGATE grow_whole(ae_partial) (
	SFUNC = ae_partial_combine, STYPE = ae_partial, FINALFUNC = ae_update_final);
SELECT name, i ->> 'items' AS items, i ->> 'rows' AS rows
  FROM (SELECT name, ae_info(grow_whole(part)) AS i
		  FROM (SELECT name, grow_part(model, items, '{"grow": true, "epochs": 1}' ORDER BY customer)::text::ae_partial AS part
				  FROM model, fresh GROUP BY name, model, customer % 3) p GROUP BY name) s ORDER BY name;

-- text
SELECT string_agg(item, ' ' ORDER BY item) FROM
	(SELECT ae_update(m, ARRAY['a', 'ab', ''], '{"grow": true, "epochs": 1}') AS m
	   FROM (SELECT ae_train(ARRAY['a', 'b' || n % 2], '{"variant": "mult_dae", "latent": 2, "epochs": 1}') AS m
			   FROM generate_series(1, 9) n) s, generate_series(1, 3) GROUP BY s.m) t, ae_item_embeddings(m);
SELECT ae_update(model, ARRAY['x', 'y'], '{"grow": true}') FROM model, generate_series(1, 5) WHERE name = 'mult_dae';

-- what does not fit
SELECT ae_update(model, items, '{"grow": 1}') FROM model, fresh WHERE name = 'mult_dae';
SELECT ae_update(model, items, '{"grow": null}') FROM model, fresh WHERE name = 'mult_dae';
SELECT ae_update(model, items, '{"min_frequency": 3}') FROM model, fresh WHERE name = 'mult_dae';
SELECT ae_update(model, items, '{"grow": false, "min_frequency": 3}') FROM model, fresh WHERE name = 'mult_dae';
SELECT ae_update(model, items, '{"grow": true, "min_frequency": 0}') FROM model, fresh WHERE name = 'mult_dae';
SELECT ae_update(model, items, '{"grow": true, "latent": 5}') FROM model, fresh WHERE name = 'mult_dae';
SELECT ae_train(items, '{"variant": "mult_dae", "grow": true}') FROM fresh;
SELECT ae_update((SELECT ae_train(items, '{"input": "set"}') FROM basket), items, '{"grow": true}') FROM fresh;
SELECT ae_update((SELECT ae_train(items, '{"epochs": 1}') FROM basket), items, '{"grow": true}') FROM basket;
SET autoencoder.max_model_size = '64kB';
SELECT ae_update(model, ARRAY(SELECT g FROM generate_series(1000, 2500) g), '{"grow": true}') IS NULL
  FROM model, generate_series(1, 3) WHERE name = 'mult_dae';
RESET autoencoder.max_model_size;

SELECT ae_drop_model('shop');
SELECT ae_drop_model('plain');
DROP AGGREGATE grow_part(bytea, int[], jsonb);
DROP AGGREGATE grow_whole(ae_partial);
DROP VIEW ranked;
DROP TABLE basket, fresh, model, grown;
DROP TYPE who;
