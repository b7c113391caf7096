-- Recommendations from a table of purchases: a catalogue of 600 made-up books,
-- 3,000 customers with tastes, and models that learn them.
--
-- To run it in a database of your own: psql -f examples/recommend.sql

\pset footer off
\pset pager off
SET client_min_messages = warning;

CREATE EXTENSION IF NOT EXISTS autoencoder;
CREATE SCHEMA bookshop;
SET search_path = bookshop, public;

-- the catalogue: twelve subjects, fifty books each
CREATE TABLE book AS
SELECT n AS id, subject, format('%s, volume %s', subject, n % 50 + 1) AS title
  FROM generate_series(0, 599) n,
	   LATERAL (SELECT (ARRAY['Astronomy', 'Baking', 'Chess', 'Drawing',
							  'Ecology', 'Fishing', 'Gardens', 'History',
							  'Islands', 'Jazz', 'Knitting', 'Logic'])
					   [n / 50 + 1]) s(subject);

-- Who buys what: a customer has two subjects, takes mostly the first volumes
-- of them, and one book in six is anything.  Numbers come from hashes, so
-- every run makes the same table.
CREATE FUNCTION draw(customer int, purchase int, what text) RETURNS float8
	LANGUAGE sql IMMUTABLE
	RETURN (hashtextextended(format('%s %s %s', customer, purchase, what), 0)
			& 1048575) / 1048576.0;

CREATE TABLE purchase AS
SELECT DISTINCT customer, CASE WHEN draw(customer, p, 'any') < 1 / 6.0
	   THEN floor(600 * draw(customer, p, 'book'))
	   ELSE 50 * floor(12 * draw(customer, 0, CASE WHEN draw(customer, p, 'which') < 0.6
									THEN 'first' ELSE 'second' END))
			+ floor(50 * draw(customer, p, 'volume') ^ 2) END::int AS book
  FROM generate_series(1, 3000) customer,
	   LATERAL generate_series(1, 6 + customer % 17) p;

SELECT count(*) AS purchases, count(DISTINCT customer) AS customers,
	   count(DISTINCT book) AS books
  FROM purchase;

-- a fifth of the purchases of every fifth customer is hidden, to measure with
CREATE TABLE basket AS
SELECT customer, customer % 5 = 0 AS is_test,
	   array_agg(book ORDER BY book)
	   FILTER (WHERE customer % 5 > 0 OR draw(customer, book, 'hide') >= 0.2) AS books,
	   array_agg(book ORDER BY book)
	   FILTER (WHERE customer % 5 = 0 AND draw(customer, book, 'hide') < 0.2) AS hidden
  FROM purchase GROUP BY customer;

-- one model in closed form and one network; each trains on the baskets alone
CREATE TABLE model AS
SELECT 'linear' AS name, ae_train(books, '{"input": "set"}' ORDER BY customer) AS model
  FROM basket
 UNION ALL
SELECT 'network', ae_train(books, '{"variant": "mult_vae", "hidden": [100], "latent": 32}'
						   ORDER BY customer)
  FROM basket;

\echo What one customer has, and what the models recommend:
SELECT b.id, b.title FROM basket, unnest(books) n JOIN book b ON b.id = n
 WHERE customer = 25 ORDER BY b.id;
SELECT m.name, b.title, round(r.score::numeric, 3) AS score
  FROM model m, basket, ae_recommend(m.model, books, 5) r JOIN book b ON b.id = r.item_id
 WHERE customer = 25 ORDER BY m.name, r.score DESC;

\echo Which books are like this one:
SELECT m.name, b.title, round(r.score::numeric, 3) AS score
  FROM model m, ae_similar_items(m.model, 103, 4) r JOIN book b ON b.id = r.item_id
 ORDER BY m.name, r.score DESC;

\echo How well the hidden purchases are found, beside recommending what sells best:
WITH ranking AS (
	SELECT name, customer, hidden,
		   ARRAY(SELECT item_id FROM ae_recommend(model, books, 50)) AS ranked
	  FROM model, basket WHERE is_test AND hidden IS NOT NULL
	 UNION ALL
	SELECT 'best sellers', customer, hidden,
		   ARRAY(SELECT book FROM purchase WHERE book <> ALL (books)
				  GROUP BY book ORDER BY count(*) DESC, book LIMIT 50)
	  FROM basket WHERE is_test AND hidden IS NOT NULL)
SELECT name, count(*) AS customers,
	   round(avg(ae_recall(ranked, hidden, 20))::numeric, 3) AS "recall@20",
	   round(avg(ae_ndcg(ranked, hidden, 20))::numeric, 3) AS "NDCG@20"
  FROM ranking GROUP BY name ORDER BY 4 DESC;

DROP SCHEMA bookshop CASCADE;
