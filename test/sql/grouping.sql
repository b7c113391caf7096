-- ae_train() under GROUP BY: small groups, many groups, grouping sets
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

CREATE TEMP TABLE payment AS
SELECT g AS id, (ARRAY['at', 'de', 'fr'])[1 + g % 3] AS country,
	   sin(g) AS amount, g % 5 AS hour
  FROM generate_series(1, 90) g;

-- a plain aggregate over too few rows is an error
SELECT ae_train(p) FROM payment p WHERE id = 1;
SELECT ae_train(p) FROM payment p WHERE id = 1 HAVING count(*) > 1;
SELECT ae_train(NULL::real[]) FROM payment;
SELECT ae_train(v)
  FROM (SELECT NULL::float8 AS a, NULL::text AS b FROM payment) v;
SELECT ae_train(ARRAY[NULL, NULL]::real[]) FROM payment;

-- under GROUP BY it is NULL, and one warning
INSERT INTO payment VALUES (91, 'li', 1, 1), (92, 'mc', 2, 2),
	   (93, 'sm', NULL, NULL), (94, 'sm', NULL, NULL);
SELECT country, ae_info(ae_train(ROW(amount, hour), '{"epochs": 1}'))
	   -> 'rows' AS rows
  FROM payment GROUP BY country ORDER BY country;
SET enable_hashagg = off;
SELECT country, ae_info(ae_train(ROW(amount, hour), '{"epochs": 1}'))
	   -> 'rows' AS rows
  FROM payment GROUP BY country ORDER BY country;
RESET enable_hashagg;

-- a group of which every row is NULL
SELECT country, ae_train(CASE WHEN country <> 'li' THEN ARRAY[id, hour] END,
						 '{"epochs": 1}') IS NULL AS missing
  FROM payment WHERE country IN ('li', 'de') GROUP BY country ORDER BY country;

-- HAVING does not keep a small group from being looked at
SELECT country, count(*), ae_train(ROW(amount, hour), '{"epochs": 1}')
	   IS NOT NULL AS trained
  FROM payment GROUP BY country HAVING count(*) >= 30 ORDER BY country;
-- FILTER and WHERE do
SELECT country, ae_train(ROW(amount, hour), '{"epochs": 1}')
	   FILTER (WHERE country IN ('at', 'de', 'fr')) IS NOT NULL AS trained
  FROM payment GROUP BY country ORDER BY country;

-- grouping sets
SELECT country, ae_info(ae_train(ROW(amount, hour), '{"epochs": 1}'))
	   -> 'rows' AS rows
  FROM payment WHERE country IN ('at', 'de', 'fr')
 GROUP BY GROUPING SETS ((country), ()) ORDER BY country;
SELECT country, hour, ae_info(ae_train(ARRAY[amount, id], '{"epochs": 1}'))
	   -> 'rows' AS rows
  FROM payment WHERE country IN ('at', 'de')
 GROUP BY CUBE (country, hour) ORDER BY country, hour;

-- options per group
SELECT country, ae_info(ae_train(ROW(amount, hour), jsonb_build_object(
	   'epochs', 1, 'seed', length(country), 'latent',
	   CASE country WHEN 'at' THEN 1 ELSE 2 END))) -> 'latent' AS latent
  FROM payment WHERE country IN ('at', 'de') GROUP BY country ORDER BY country;

-- a group's model is the model of its rows alone
CREATE TEMP TABLE by_country AS
SELECT country, ae_train(r, '{"epochs": 2}' ORDER BY id) AS model
  FROM (SELECT id, country, amount FROM payment WHERE id <= 90) r
 GROUP BY country;
SELECT country, model = (SELECT ae_train(r, '{"epochs": 2}' ORDER BY id)
						   FROM (SELECT id, country, amount FROM payment
								  WHERE id <= 90) r
						  WHERE r.country = b.country) AS same
  FROM by_country b ORDER BY country;

-- a hash table that is scanned again, and not built again, has the same models
SET enable_sort = off;
SET enable_material = off;
SET enable_memoize = off;
SELECT g, (SELECT count(m)
			 FROM (SELECT country, ae_train(ROW(amount), '{"epochs": 1}') AS m
					 FROM payment WHERE id <= 90 GROUP BY country
				   HAVING length(ae_train(ROW(amount), '{"epochs": 1}')) > g)
				  s) AS models
  FROM generate_series(1, 3) g;
RESET enable_sort;
RESET enable_material;
RESET enable_memoize;

-- so many groups and rows that both the executor and we run out of memory
CREATE TEMP TABLE event AS
SELECT g % 700 AS source, ARRAY[g % 7, g % 11, sin(g), cos(g), 5] AS v
  FROM generate_series(1, 42000) g;
SET work_mem = '64kB';
SET maintenance_work_mem = '1MB';
SET enable_sort = off;
SELECT count(*) AS groups, count(m) AS models,
	   sum((ae_info(m) -> 'rows')::integer) AS rows
  FROM (SELECT source, ae_train(v, '{"epochs": 1, "hidden": [2], "latent": 1}')
			   AS m
		  FROM event GROUP BY source) s;
SET enable_hashagg = off;
SET enable_sort = on;
SELECT count(*) AS groups, count(m) AS models,
	   sum((ae_info(m) -> 'rows')::integer) AS rows
  FROM (SELECT source, ae_train(v, '{"epochs": 1, "hidden": [2], "latent": 1}')
			   AS m
		  FROM event GROUP BY source) s;
RESET enable_sort;
RESET enable_hashagg;
RESET maintenance_work_mem;
RESET work_mem;

-- two trainings in one query
SELECT hour, ae_info(ae_train(ARRAY[amount], '{"epochs": 1}')) -> 'inputs' AS a,
	   ae_info(ae_train(ARRAY[amount, id], '{"epochs": 1}')) -> 'inputs' AS b
  FROM payment WHERE amount IS NOT NULL GROUP BY hour ORDER BY hour;
