-- models of sets of items: ae_train(), ae_recommend(), ae_similar_items()
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;
SELECT set_config('maintenance_work_mem', '64MB', false);

-- users who like one of three kinds of things, and now and then another
CREATE TABLE bought AS
SELECT u AS customer, (u % 3) * 10 + (u * 7 + i * 3) % 10 AS item
  FROM generate_series(1, 300) u, generate_series(1, 5) i
 UNION ALL
SELECT u, (u * 11) % 30 FROM generate_series(1, 300, 4) u;
CREATE TABLE basket AS
SELECT customer, array_agg(item) AS items,
	   array_agg(item::bigint) AS bigs, array_agg(item::smallint) AS smalls,
	   array_agg('item ' || item) AS names
  FROM bought GROUP BY customer ORDER BY customer;
CREATE TABLE of_items AS
SELECT ae_train(items, '{"input": "set", "variant": "ease"}'
				ORDER BY customer) AS model FROM basket;
CREATE TABLE of_names AS
SELECT ae_train(names, '{"variant": "ease"}' ORDER BY customer) AS model
  FROM basket;

SELECT i ->> 'items' AS items, i ->> 'rows' AS rows,
	   i ->> 'columns' AS columns, i ->> 'parameters' AS parameters,
	   i #>> '{options,variant}' AS variant, i #>> '{options,input}' AS input,
	   i -> 'options' ?| '{epochs,score,seed}' AS others
  FROM of_items, ae_info(model) i;

-- recommended items are of the customer's kind, and not owned
SELECT item, item_id, score > 0 AS positive
  FROM of_items, ae_recommend(model, ARRAY[11, 13, 14], 4)
 ORDER BY item_id;
SELECT count(*), bool_and(item_id / 10 = 2) AS same_kind,
	   bool_or(item_id IN (21, 22)) AS owned
  FROM of_items, ae_recommend(model, ARRAY[21, 22], 8);
SELECT item, item_id IS NULL AS no_number
  FROM of_names, ae_recommend(model, ARRAY['item 11', 'item 13', 'item 14'], 4)
 ORDER BY item;

-- all integer types, NULLs, duplicates and unknown items make no difference
SELECT (SELECT array_agg(item_id ORDER BY score DESC, item_id)
		  FROM ae_recommend(model, a, 5)) =
	   (SELECT array_agg(item_id ORDER BY score DESC, item_id)
		  FROM ae_recommend(model, ARRAY[1, 4], 5)) AS same
  FROM of_items, (VALUES (ARRAY[4, 1]), ('{1,NULL,4,4,NULL,1}'),
					('{1,4,99,-7}'), ('[3:4]={1,4}'), ('{{1},{4}}')) t(a);
SELECT (SELECT array_agg(r) FROM ae_recommend(model, ARRAY[1, 4], 5) r) =
	   (SELECT array_agg(r) FROM ae_recommend(model, '{1,4}'::bigint[], 5) r),
	   (SELECT array_agg(r) FROM ae_recommend(model, ARRAY[1, 4], 5) r) =
	   (SELECT array_agg(r) FROM ae_recommend(model, '{1,4}'::smallint[], 5) r),
	   (SELECT array_agg(r) FROM ae_recommend(model, ARRAY[1, 4], 5) r) =
	   (SELECT array_agg(r) FROM ae_recommend(model, '{1,4}'::text[], 5) r)
  FROM of_items;
SELECT ae_train(bigs, '{"variant": "ease"}' ORDER BY customer) =
	   (SELECT model FROM of_items) AS same_as_bigint,
	   ae_train(smalls, '{"variant": "ease"}' ORDER BY customer) =
	   (SELECT model FROM of_items) AS same_as_smallint,
	   ae_train(items || NULL::int || items[1], '{"input": "set", "normalization": 0,
				"row_normalization": 0}' ORDER BY customer DESC) =
	   (SELECT model FROM of_items) AS same_with_null_and_twice,
	   ae_train(items[:customer % 9 + 1], '{"input": "set", "row_normalization": 0.5}'
				ORDER BY customer DESC) =
	   ae_train(items[:customer % 9 + 1], '{"input": "set", "row_normalization": 0.5}'
				ORDER BY customer % 7, customer) AS in_any_order
  FROM basket;

-- who has nothing is recommended what most have
SELECT r.item_id = ANY (most) AS popular
  FROM of_items,
	   (SELECT array_agg(item) AS most
		  FROM (SELECT item FROM bought GROUP BY item
				 ORDER BY count(DISTINCT customer) DESC, item LIMIT 3) t) p,
	   ae_recommend(model, '{}'::int[], 3) r;
SELECT count(*) AS all_unknown FROM of_items, ae_recommend(model, '{77}'::int[], 3);

-- what is excluded
SELECT bool_or(item_id IN (21, 22)) AS owned, bool_or(item_id = 23) AS other,
	   count(*)
  FROM of_items, ae_recommend(model, ARRAY[21, 22], 30, ARRAY[23, 500]);
SELECT count(*) FROM of_items, ae_recommend(model, ARRAY[21, 22], 99, '{}'::int[]);
SELECT count(*) FROM of_items, ae_recommend(model, ARRAY[21, 22], 99, '{22}'::text[]);
SELECT count(*) AS strict FROM of_items, ae_recommend(model, ARRAY[21, 22], 99, NULL::int[]);
SELECT count(*) AS strict FROM of_items, ae_recommend(model, NULL::int[], 9);
SELECT count(*) AS strict FROM of_items, ae_recommend(NULL::bytea, ARRAY[1], 9);
SELECT count(*) AS strict FROM of_items, ae_recommend(model, ARRAY[1], NULL);

-- the same call site with several models and sets
SELECT customer, array_agg(r.item ORDER BY r.item)
  FROM (SELECT customer, model, items::text[]
		  FROM basket, of_items WHERE customer IN (3, 4)
		 UNION ALL
		SELECT customer + 1000, model, names
		  FROM basket, of_names WHERE customer IN (3, 4)) t,
	   ae_recommend(model, items, 2) r
 GROUP BY customer ORDER BY customer;

-- similar items
SELECT bool_and(item_id / 10 = 1) AS same_kind, bool_or(item_id = 11) AS itself,
	   count(*) FROM of_items, ae_similar_items(model, 11, 5);
SELECT (SELECT array_agg(r.item) FROM ae_similar_items(n.model, 'item 11', 5) r) =
	   (SELECT array_agg('item ' || r.item) FROM ae_similar_items(i.model, '11', 5) r)
  FROM of_names n, of_items i;
SELECT count(*) AS unknown FROM of_items, ae_similar_items(model, 99, 5);
SELECT count(*) AS strict FROM of_items, ae_similar_items(model, NULL::bigint, 5);

-- as the formula says: two items, G = [[3 + l, 2], [2, 2 + l]]
SELECT r.item_id, round(score::numeric, 6) AS score,
	   round(2 / (2 + 10.0), 6) AS expected
  FROM (SELECT ae_train(items, '{"variant": "ease", "regularization": 10}') AS model
		  FROM (VALUES ('{1,2}'::int[]), ('{1}'), ('{2,1}'), ('{}'), (NULL)) t(items)) m,
	   ae_recommend(model, ARRAY[2], 1) r;

-- weights: a row of two arrays
SELECT ae_train(ROW(items, array_fill(1::real, ARRAY[cardinality(items)])), '{"variant": "ease"}'
				ORDER BY customer) = (SELECT model FROM of_items) AS ones,
	   ae_train(ROW(items, NULL::real[]), '{"variant": "ease"}' ORDER BY customer) =
	   (SELECT model FROM of_items) AS no_weights,
	   ae_train(ROW(items), '{"variant": "ease"}' ORDER BY customer) =
	   (SELECT model FROM of_items) AS items_alone,
	   ae_train(ROW(items, array_fill(2::float8, ARRAY[cardinality(items)])), '{"variant": "ease"}'
				ORDER BY customer) = (SELECT model FROM of_items) AS twos,
	   ae_train(t, '{"variant": "ease"}' ORDER BY customer) =
	   (SELECT model FROM of_items) AS left_out
  FROM basket b, LATERAL (SELECT items || 29 || 28, array_fill(1::real, ARRAY[cardinality(items)])
								 || 0::real || NULL::real) t;
-- two items, G = [[1 + 4 + l, 2], [2, 1 + l]]
SELECT r.item_id, round(score::numeric, 6) AS score,
	   round(0.5 * 2 / (1 + 10.0), 6) AS expected
  FROM (SELECT ae_train(t, '{"variant": "ease", "regularization": 10, "min_frequency": 1}') AS model
		  FROM (VALUES ('{1,2}'::int[], '{2,1}'::real[]), ('{1,1}', '{1,0.5}'), (NULL, '{1}'))
			   t(items, weights)) m,
	   ae_recommend(model, ROW(ARRAY[2], '{0.5}'::real[]), 1) r;
SELECT ae_train(ROW(items, items), '{"variant": "ease"}') FROM basket;
SELECT ae_train(ROW(items, '{1}'::real[]), '{"variant": "ease"}') FROM basket;
SELECT ae_train(ROW(items, 1, 2), '{"variant": "ease"}') FROM basket;
SELECT ae_train(CASE WHEN customer = 1 THEN ROW(items) ELSE ROW(items, '{1}'::real[]) END,
				'{"variant": "ease"}' ORDER BY customer) FROM basket;
SELECT ae_recommend(model, ROW(ARRAY[1, 2], '{1,-1}'::real[]), 3) FROM of_items;
SELECT ae_recommend(model, ROW(ARRAY[1, 2], '{1,NaN}'::float8[]), 3) FROM of_items;

-- options
SELECT i #>> '{options,item_weights}' AS kept, i ->> 'parameters' AS parameters
  FROM (SELECT ae_info(ae_train(items, '{"variant": "ease", "item_weights": 3}')) AS i
		  FROM basket) t;
SELECT i ->> 'items' AS items
  FROM (SELECT ae_info(ae_train(items, '{"variant": "ease", "min_frequency": 55}')) AS i
		  FROM basket) t;
SELECT i #> '{options,normalization}' AS power,
	   i #> '{options,row_normalization}' AS row_power
  FROM (SELECT ae_info(ae_train(items, '{"variant": "ease"}')) AS i FROM basket
		 UNION ALL
		SELECT ae_info(ae_train(items, '{"input": "set"}')) FROM basket
		 UNION ALL
		-- customers that have very different numbers of items
		SELECT ae_info(ae_train(items[:CASE WHEN customer % 5 = 0 THEN 9 ELSE 1 END],
								'{"input": "set"}')) FROM basket) t;
SELECT ae_train(items, '{"variant": "ease", "epochs": 3}') FROM basket;
SELECT ae_train(items, '{"variant": "ease", "seed": 3}') FROM basket;
SELECT ae_train(items, '{"variant": "ease", "columns": {}}') FROM basket;
SELECT ae_train(items, '{"variant": "ease", "regularization": 0}') FROM basket;
SELECT ae_train(items, '{"variant": "ease", "row_normalization": 1.5}') FROM basket;
SELECT ae_train(items, '{"variant": "mult_dae", "row_normalization": 0.5}') FROM basket;
SELECT ae_train(items, '{"variant": "ease", "input": "row"}') FROM basket;
SELECT ae_train(items, '{"variant": "plain", "input": "set"}') FROM basket;
SELECT ae_train(items, '{"regularization": 5}') FROM basket;
SELECT ae_train(items, '{"input": "bag"}') FROM basket;

-- what cannot be trained on
SELECT ae_train(items::numeric[], '{"variant": "ease"}') FROM basket;
SELECT ae_train(customer, '{"variant": "ease"}') FROM basket;
SELECT ae_train(basket, '{"variant": "ease"}') FROM basket;
SELECT ae_train(items, '{"variant": "ease"}') FROM basket WHERE customer = 1;
SELECT ae_train('{}'::int[], '{"variant": "ease"}') FROM basket;
SELECT ae_train(ARRAY[customer], '{"variant": "ease"}') FROM basket;
SELECT ae_train(ARRAY[repeat('x', customer * 4)], '{"variant": "ease"}') FROM basket;
SELECT ae_train(items, '{"variant": "ease"}') FROM basket WHERE false;
SELECT customer % 2 AS part, ae_train(items, '{"variant": "ease"}') IS NULL AS none
  FROM basket WHERE customer IN (1, 2, 4) GROUP BY customer % 2 ORDER BY part;

-- memory
SET maintenance_work_mem = '1MB';
SELECT ae_train(ARRAY[customer, 300 + customer], '{"variant": "ease", "min_frequency": 1}')
  FROM basket, generate_series(1, 2);
SELECT ae_train(ARRAY[n, n + 1, n + 2, n + 3], '{"variant": "ease"}')
  FROM generate_series(1, 30000) n;
SET autoencoder.max_model_size = '64kB';
SELECT ae_train(ARRAY[n, n + 1], '{"variant": "mult_dae"}') FROM generate_series(1, 30000) n;
RESET autoencoder.max_model_size;
RESET maintenance_work_mem;
SET autoencoder.max_model_size = '64kB';
SELECT ae_train(ARRAY[customer, customer + 1, customer + 2], '{"variant": "ease"}')
  FROM basket;
RESET autoencoder.max_model_size;

-- applied to what it is not for
SELECT ae_recommend(model, ARRAY[1], 0) FROM of_items;
SELECT ae_recommend(model, 1, 3) FROM of_items;
SELECT ae_recommend(model, ARRAY[1.5], 3) FROM of_items;
SELECT ae_anomaly_score(model, ARRAY[1]) FROM of_items;
SELECT ae_reconstruct(model, ARRAY[1]) FROM of_items;
SELECT ae_decode(model, ARRAY[1]) FROM of_items;
SELECT ae_merge(model) FROM (SELECT model FROM of_items UNION ALL SELECT model FROM of_names) t;
SELECT * FROM of_items, ae_sample(model, 1);
SELECT count(*) AS features FROM of_items, ae_features(model);
SELECT ae_recommend(model, ARRAY[1], 3)
  FROM (SELECT ae_train(ARRAY[n, -n]) AS model FROM generate_series(1, 10) n) t;

-- what rankings are worth
SELECT ranked, relevant, round(ae_recall(ranked, relevant)::numeric, 4) AS recall,
	   round(ae_recall(ranked, relevant, 2)::numeric, 4) AS recall_2,
	   round(ae_ndcg(ranked, relevant)::numeric, 4) AS ndcg,
	   round(ae_ndcg(ranked, relevant, 2)::numeric, 4) AS ndcg_2
  FROM (VALUES ('{1,2,3}'::int[], '{1,2,3}'::int[]), ('{1,2,3}', '{3,1}'),
			   ('{1,2,3}', '{9}'), ('{1,2,3}', '{3,4,5,6,7}'), ('{}', '{1}'),
			   ('{1}', '{}'), ('{1}', '{NULL}'), ('{NULL,1}', '{1,NULL,1}'),
			   ('{1,1,1}', '{1,2}'), (NULL, '{1}'), ('{1}', NULL))
	   t(ranked, relevant);
SELECT ae_recall('{a,b}'::text[], '{b}'), ae_ndcg('{1,2}'::bigint[], ARRAY[2], 1);
SELECT round((1 / log(2, 3) + 1 / log(2, 5))
			 / (1 + 1 / log(2, 3) + 1 / log(2, 4)), 6) =
	   round(ae_ndcg('{9,1,8,2,7}'::int[], '{1,2,3}', 5)::numeric, 6) AS same;
SELECT ae_recall('{1}'::int[], '{1}', 0);
SELECT ae_ndcg(ARRAY[point(1, 1)], ARRAY[point(1, 1)]);

-- named
SELECT ae_create_model('shop', 'SELECT items FROM basket', '{"variant": "ease"}');
SELECT ae_create_model('shop 2', 'SELECT items, customer FROM basket', '{"variant": "ease"}');
SELECT ae_create_model('shop 2', 'SELECT items, customer, customer FROM basket', '{"variant": "ease"}');
SELECT ae_create_model('shop 2', 'SELECT items, array_fill(1::real, ARRAY[cardinality(items)])
								 FROM basket ORDER BY customer', '{"variant": "ease"}');
SELECT ae_model('shop 2') = model AS same FROM of_items;
SELECT ae_drop_model('shop 2');
SELECT bool_and(item_id / 10 = 2) AS same_kind FROM ae_recommend('shop', ARRAY[21, 22], 8);
SELECT count(*) FROM ae_recommend('shop', ARRAY[21, 22], 99, '{}'::int[]);
SELECT count(*) FROM ae_similar_items('shop', 21, 3);
SELECT count(*) FROM ae_similar_items('shop', '21', 3);
SELECT ae_drop_model('shop');

DROP TABLE bought, basket, of_items, of_names;
