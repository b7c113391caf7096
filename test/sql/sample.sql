-- generating rows: ae_sample, ae_sample_rows, ae_interpolate
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

-- two kinds of orders; carrier and sent are missing together
CREATE TYPE order_size AS ENUM ('small', 'large');
CREATE DOMAIN percent AS integer CHECK (value BETWEEN 0 AND 100);
CREATE TABLE orders (
	id integer, amount numeric(8, 2), items smallint, discount percent,
	size order_size, paid boolean, carrier text, sent timestamp,
	weights real[]);
INSERT INTO orders
SELECT g,
	   CASE WHEN large THEN 900 + 100 * u ELSE 40 + 20 * u END,
	   CASE WHEN large THEN 20 + 5 * v ELSE 3 + v END,
	   CASE WHEN g % 4 = 0 THEN 0 ELSE 50 + 40 * v END,
	   CASE WHEN large THEN 'large' ELSE 'small' END::order_size,
	   g % 10 < 7,
	   CASE WHEN g % 5 > 0 THEN CASE WHEN u > 0 THEN 'post' ELSE 'bike' END END,
	   CASE WHEN g % 5 > 0 THEN timestamp '2024-01-01 09:00' + g * interval '1 hour' END,
	   CASE WHEN g % 7 > 0 THEN ARRAY[u, v, u + v] END
  FROM generate_series(1, 2000) g,
	   LATERAL (SELECT sin(g * 1.3) AS u, cos(g * 2.1) AS v,
				g % 3 = 0 AS large) cause;

CREATE TABLE order_model AS
SELECT ae_train(o, '{"purpose": "generation", "hidden": [64], "epochs": 40,
					 "columns": {"id": {"skip": true}}}') AS model
  FROM orders o;
SELECT ae_info(model) #>> '{options,purpose}' AS purpose,
	   (ae_info(model) ->> 'components')::integer > 1 AS components,
	   (ae_info(model) ->> 'bytes')::integer = length(model) AS bytes
  FROM order_model;

CREATE TABLE made AS
SELECT s.* FROM order_model, ae_sample_rows(model, NULL::orders, 2000, 1) s;
-- shares, means and quantiles of columns are those of the real ones; large
-- orders have amounts 860 higher, of which 0.05 are 43
SELECT count(*) AS rows, count(id) AS ids,
	   abs(avg(amount) - (SELECT avg(amount) FROM orders)) < 45 AS amount,
	   abs(avg(items) - (SELECT avg(items) FROM orders)) < 0.5 AS items,
	   abs(avg((discount = 0)::integer) -
		   (SELECT avg((discount = 0)::integer) FROM orders)) < 0.05 AS zeros,
	   abs(avg((size = 'large')::integer) - 1 / 3.0) < 0.05 AS large,
	   abs(avg(paid::integer) - 0.7) < 0.05 AS paid,
	   abs(avg((carrier IS NULL)::integer) - 0.2) < 0.04 AS no_carrier,
	   abs(avg((sent IS NULL)::integer) - 0.2) < 0.04 AS not_sent,
	   abs(avg((weights[1] IS NULL)::integer) - 1 / 7.0) < 0.04 AS no_weights,
	   count(*) FILTER (WHERE carrier NOT IN ('post', 'bike')) AS carriers
  FROM made;
-- values are of their types and within the range of the training
SELECT min(amount) >= (SELECT min(amount) FROM orders) AS low,
	   max(amount) <= (SELECT max(amount) FROM orders) AS high,
	   bool_and(scale(amount) = 2) AS scale,
	   min(sent) >= timestamp '2024-01-01 10:00' AS after,
	   max(sent) <= timestamp '2024-03-24 17:00' AS before,
	   bool_and(array_length(weights, 1) = 3) AS weights
  FROM made;
-- what belongs together is together
SELECT avg(((size = 'large') = (amount > 400))::integer) > 0.95 AS amount,
	   avg(((carrier IS NULL) = (sent IS NULL))::integer) > 0.95 AS gaps,
	   corr(items, amount) > 0.8 AS correlation,
	   avg(abs(weights[3] - weights[1] - weights[2])) < 0.5 AS sums
  FROM made;
-- and is new
SELECT count(*) FROM made m JOIN orders o
	ON ROW(m.amount, m.items, m.discount, m.sent) =
	   ROW(o.amount, o.items, o.discount, o.sent);

-- the same seed gives the same rows, however many; without one others
SELECT count(*) AS same
  FROM order_model, ROWS FROM (ae_sample_rows(model, NULL::orders, 20, 1)) s
  JOIN (SELECT * FROM made LIMIT 20) m ON to_jsonb(m) = to_jsonb(s);
SELECT array_agg(a ORDER BY a) = array_agg(b ORDER BY b) AS same
  FROM (SELECT ae_sample(model, 10, -7) AS a, ae_sample(model, 10, -7) AS b
		  FROM order_model) s;
SELECT count(DISTINCT a) = 20 AS different
  FROM (SELECT ae_sample(model, 10) AS a FROM order_model
		UNION ALL SELECT ae_sample(model, 10) FROM order_model) s;
SELECT count(DISTINCT to_jsonb(s)) = 10 AS different
  FROM order_model, ae_sample_rows(model, NULL::orders, 10) s;
-- numbers as ae_decode() has them
SELECT pg_typeof(a) AS type, array_length(a, 1) AS length,
	   bool_and(a[4] IN (1, 2)) AS label, bool_and(a[5] IN (0, 1)) AS truth,
	   count(a[6]) < count(*) AS gaps
  FROM (SELECT ae_sample(model, 200, 1) AS a FROM order_model) s
 GROUP BY 1, 2;

-- what the template has is kept and decides the rest
SELECT count(*) FILTER (WHERE (r).id = 7 AND (r).size = 'large') AS kept,
	   avg((r).amount) > 800 AS amount
  FROM (SELECT ae_sample_rows(model, ROW(7, NULL, NULL, NULL, 'large', NULL,
							  NULL, NULL, NULL)::orders, 100, 1) AS r
		  FROM order_model) s;
SELECT avg(((r).size = 'small')::integer) > 0.95 AS small
  FROM (SELECT ae_sample_rows(model, ROW(NULL, 41.5, NULL, NULL, NULL, NULL,
							  NULL, NULL, NULL)::orders, 100, 1) AS r
		  FROM order_model) s;

-- between two rows
SELECT count(*) AS rows, bool_and((r).id = 3) AS id,
	   (array_agg((r).size))[1] AS first, (array_agg((r).size))[5] AS last
  FROM (SELECT ae_interpolate(model, a, b, 5) AS r
		  FROM order_model, orders a, orders b
		 WHERE a.id = 3 AND b.id = 4) s;
SELECT to_jsonb((array_agg(r))[1]) = to_jsonb(ae_reconstruct(model, a)) AS first,
	   to_jsonb((array_agg(r))[2]) - 'id' =
	   to_jsonb(ae_reconstruct(model, b)) - 'id' AS last
  FROM order_model, orders a, orders b, ae_interpolate(model, a, b, 2) r
 WHERE a.id = 3 AND b.id = 4
 GROUP BY model, a, b;

-- arrays
CREATE TABLE order_vector AS
SELECT ae_train(weights, '{"purpose": "generation", "epochs": 5}') AS model
  FROM orders;
SELECT count(*) AS rows, bool_and(array_length(r, 1) = 3) AS length,
	   pg_typeof(r) AS type
  FROM order_vector, ae_sample_rows(model, NULL::real[], 9, 1) r GROUP BY 3;
SELECT ae_sample_rows(model, ARRAY[0.5, NULL, NULL]::real[], 1, 1) IS NOT NULL
	   AS given FROM order_vector;
SELECT count(*) FROM order_vector,
	   ae_interpolate(model, ARRAY[1, 0, 1]::real[], '{0, 1, 1}', 3);

-- names, updates, merges
SELECT ae_store_model('order', model) FROM order_model;
SELECT (SELECT array_agg(a) FROM ae_sample('order', 5, 3) a) =
	   array_agg(ae_sample) AS same
  FROM (SELECT ae_sample(model, 5, 3) FROM order_model) s;
SELECT count(*) FROM ae_sample_rows('order', NULL::orders, 5);
SELECT count(*) FROM ae_interpolate('order', NULL::orders, NULL, 5);
SELECT ae_drop_model('order');
CREATE TABLE order_update AS
SELECT ae_update(model, o) AS model FROM orders o, order_model;
SELECT count(*) FROM order_update, ae_sample_rows(model, NULL::orders, 5, 1);
SELECT ae_sample(ae_merge(model), 1) FROM (TABLE order_model UNION ALL TABLE order_update) m;

-- nothing
SELECT count(*) FROM order_model, ae_sample(model, 0);
SELECT count(*) FROM order_model, ae_sample(model, NULL);
SELECT count(*) FROM order_model, ae_sample_rows(model, NULL::orders, NULL);
SELECT count(*) FROM order_model, ae_sample_rows(model, NULL::orders, 2, NULL);
SELECT count(*) FROM ae_sample_rows(NULL::bytea, NULL::orders, 2);
-- a caller that stops reading
SELECT 1 AS one FROM (SELECT ae_sample(model, 2000000000) FROM order_model LIMIT 1) s;

-- and one that is cancelled
SET statement_timeout = '200ms';
SELECT count(*) FROM order_model, ae_sample(model, 2000000000);
RESET statement_timeout;

-- errors
SELECT ae_sample(model, -1) FROM order_model;
SELECT ae_sample_rows(model, NULL::orders, -1) FROM order_model;
SELECT ae_sample_rows(model, NULL, 1) FROM order_model;
SELECT ae_sample_rows(model, NULL::record, 1) FROM order_model;
SELECT ae_sample_rows(model, NULL::integer, 1) FROM order_model;
SELECT ae_sample_rows(model, NULL::order_model, 1) FROM order_model;
SELECT ae_sample_rows(model, NULL::real[], 1) FROM order_model;
SELECT ae_interpolate(model, o, o, 1) FROM order_model, orders o LIMIT 1;
SELECT ae_interpolate(model, ROW(1), ROW(1), 2) FROM order_model;
SELECT ae_interpolate(model, s, ROW(1), 2)
  FROM order_model, (SELECT * FROM orders LIMIT 1) s;
SELECT ae_sample(ae_train(o, '{"epochs": 1}'), 1) FROM orders o;
SELECT ae_train(o, '{"purpose": "generation", "latent": 257}') FROM orders o;

DROP TABLE orders, order_model, made, order_vector, order_update;
DROP TYPE order_size;
DROP DOMAIN percent;
