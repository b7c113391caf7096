-- the aggregates ae_roc_auc() and ae_average_precision()
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

-- by hand: perfect, inverted, all tied, ties in part, infinities, NaN
-- greatest, zeros equal
SELECT name, round(ae_roc_auc(score, label)::numeric, 6) AS auc,
	   round(ae_average_precision(score, label)::numeric, 6) AS ap
  FROM (VALUES
		('a perfect', ARRAY[1, 2, 3, 4]::float8[], '{f,f,t,t}'::boolean[]),
		('b inverted', ARRAY[1, 2, 3, 4], '{t,t,f,f}'),
		('c all tied', ARRAY[7, 7, 7, 7, 7], '{t,f,f,t,f}'),
		('d one swap', ARRAY[0.1, 0.4, 0.35, 0.8], '{f,f,t,t}'),
		('e tied pair', ARRAY[1, 2, 2, 3], '{f,f,t,t}'),
		('f tied, mixed', ARRAY[3, 3, 2, 2, 2, 1], '{t,f,t,t,f,f}'),
		('g infinities', ARRAY['-Infinity'::float8, 0, 'Infinity'], '{f,t,t}'),
		('h NaN', ARRAY['NaN'::float8, 'Infinity', 'NaN', 1], '{t,t,f,f}'),
		('i zeros', ARRAY['-0'::float8, 0, '-0', 0], '{t,t,f,f}'))
	   t(name, scores, labels),
	   unnest(scores, labels) r(score, label)
 GROUP BY name ORDER BY name;

-- NULL without what is to be told apart
SELECT name, ae_roc_auc(score, label) AS auc,
	   ae_average_precision(score, label) AS ap
  FROM (VALUES ('a no true', 1::float8, false), ('a no true', 2, false),
			   ('b no false', 1, true), ('b no false', 1, true),
			   ('c one row', 1, true), ('d NULL score', NULL, true),
			   ('d NULL score', 1, false), ('e NULL label', 1, NULL),
			   ('f all NULL', NULL, NULL)) t(name, score, label)
 GROUP BY name ORDER BY name;
SELECT ae_roc_auc(1, true) AS auc, ae_average_precision(1, true) AS ap
 WHERE false;

-- rows with a NULL do not count
SELECT ae_roc_auc(score, label) AS auc,
	   round(ae_average_precision(score, label)::numeric, 6) AS ap
  FROM (VALUES (0.1, false), (NULL, true), (0.4, false), (0.35, true),
			   (9, NULL), (0.8, true), (NULL, NULL)) t(score, label);

-- the same in plain SQL
CREATE TABLE hit AS
SELECT g AS id, g % 7 AS part, label,
	   CASE WHEN g % 11 = 0 THEN round(score::numeric, 1)::float8
			ELSE round(score::numeric, 3)::float8 END AS score
  FROM (SELECT g, sin(g * 12.9) > 0.8 AS label,
			   sin(g * 78.2) + (sin(g * 12.9) > 0.8)::integer AS score
		  FROM generate_series(1, 100000) g) r;
ANALYZE hit;
CREATE FUNCTION by_hand(IN condition text, OUT auc float8, OUT ap float8)
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('
	WITH level AS (
		SELECT score, count(*) AS n, count(*) FILTER (WHERE label) AS p
		  FROM hit WHERE %s GROUP BY score
	), running AS (
		SELECT n, p, sum(n) OVER w AS above_n, sum(p) OVER w AS above_p,
			   sum(n) OVER () AS all_n, sum(p) OVER () AS all_p
		  FROM level WINDOW w AS (ORDER BY score DESC)
	)
	SELECT sum((n - p) * (above_p - p / 2.0)) /
		   max(all_p * (all_n - all_p)),
		   sum(p * above_p / above_n) / max(all_p) FROM running', condition)
	   INTO auc, ap;
END
$$;
CREATE FUNCTION same(a float8, b float8) RETURNS boolean
LANGUAGE sql AS 'SELECT abs(a - b) < 1e-12';
SELECT count(*), count(DISTINCT score) < 10000 AS tied,
	   round(ae_roc_auc(score, label)::numeric, 2) AS auc,
	   same(ae_roc_auc(score, label), (by_hand('true')).auc) AS same_auc,
	   same(ae_average_precision(score, label), (by_hand('true')).ap)
	   AS same_ap
  FROM hit;

-- FILTER and ORDER BY
SELECT same(ae_roc_auc(score, label) FILTER (WHERE id % 3 = 0),
			(by_hand('id % 3 = 0')).auc) AS a,
	   same(ae_average_precision(score, label ORDER BY id DESC)
			FILTER (WHERE part < 2), (by_hand('part < 2')).ap) AS b,
	   ae_roc_auc(score, label) FILTER (WHERE label) IS NULL AS c,
	   ae_average_precision(score, label) FILTER (WHERE id < 0) IS NULL AS d
  FROM hit;

-- groups, by hashing and by sorting, in memory and spilled
CREATE TABLE expected AS
SELECT part, h.* FROM generate_series(0, 6) part, by_hand('part = ' || part) h;
CREATE VIEW differing AS
SELECT count(*) AS groups,
	   count(*) FILTER (WHERE NOT (same(a.auc, e.auc) AND same(a.ap, e.ap)))
	   AS wrong
  FROM (SELECT part, ae_roc_auc(score, label) AS auc,
			   ae_average_precision(score, label) AS ap
		  FROM hit GROUP BY part) a JOIN expected e USING (part);
CREATE FUNCTION aggregation(query text) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
		IF line ~ 'Aggregate' THEN
			RETURN NEXT regexp_replace(line, '[ >-]*(.*Aggregate).*', '\1');
		END IF;
	END LOOP;
END
$$;
SELECT aggregation('SELECT ae_roc_auc(score, label) FROM hit GROUP BY part');
SELECT * FROM differing;
SET work_mem = '64kB';
SELECT * FROM differing;
SET enable_hashagg = off;
SELECT aggregation('SELECT ae_roc_auc(score, label) FROM hit GROUP BY part');
SELECT * FROM differing;
RESET enable_hashagg;
SELECT same(ae_roc_auc(score, label), (by_hand('true')).auc) AS same_auc,
	   same(ae_average_precision(score, label), (by_hand('true')).ap)
	   AS same_ap
  FROM hit;

-- more groups than a hash table within work_mem holds
SET enable_sort = off;
SELECT aggregation('SELECT ae_roc_auc(score, label) FROM hit GROUP BY id / 2');
SELECT count(*) AS groups, count(auc) AS aucs, count(ap) AS aps,
	   sum(abs(auc - (CASE WHEN a.score < b.score THEN 1
						   WHEN a.score = b.score THEN 0.5 ELSE 0 END)))
	   AS wrong
  FROM (SELECT id / 2 AS pair, ae_roc_auc(score, id % 2 = 1) AS auc,
			   ae_average_precision(score, id % 2 = 1) AS ap
		  FROM hit GROUP BY id / 2) p
  JOIN hit a ON a.id = 2 * pair JOIN hit b ON b.id = 2 * pair + 1;
RESET enable_sort;
RESET work_mem;

-- grouping sets: several in one pass
SELECT count(*) AS sets,
	   count(*) FILTER (WHERE NOT same(s.auc, (by_hand(
			CASE WHEN s.part IS NOT NULL THEN 'part = ' || s.part
				 WHEN s.third IS NOT NULL THEN 'id % 3 = ' || s.third
				 ELSE 'true' END)).auc)) AS wrong
  FROM (SELECT part, id % 3 AS third, ae_roc_auc(score, label) AS auc
		  FROM hit GROUP BY GROUPING SETS ((part), (id % 3), ())) s;

-- again for every outer row
SELECT g, same(auc, (by_hand('id % 3 = ' || g)).auc) AS same
  FROM generate_series(0, 2) g,
	   LATERAL (SELECT ae_roc_auc(score, label) AS auc
				  FROM hit WHERE id % 3 = g OFFSET 0) h;

-- a cursor that is not read to its end, and one that fails on the way
SET work_mem = '64kB';
SET enable_hashagg = off;
BEGIN;
DECLARE c CURSOR FOR
SELECT part, round(ae_roc_auc(score, label)::numeric, 1) AS auc
  FROM hit GROUP BY part ORDER BY part;
FETCH 2 FROM c;
CLOSE c;
DECLARE c CURSOR FOR
SELECT part, round(ae_roc_auc(score, label OR 1 / (90000 - id) > 2)::numeric, 1)
	   AS auc
  FROM hit GROUP BY part ORDER BY part;
FETCH 1 FROM c;
SAVEPOINT s;
FETCH ALL FROM c;
ROLLBACK TO s;
SELECT same(ae_roc_auc(score, label), (by_hand('true')).auc) FROM hit;
COMMIT;
SELECT count(*) AS files FROM pg_ls_tmpdir();
RESET enable_hashagg;
RESET work_mem;

-- not as a window function; not by itself
SELECT ae_roc_auc(score, label) OVER () FROM hit LIMIT 1;
SELECT ae_average_precision(score, label) OVER () FROM hit LIMIT 1;
SELECT ae_metrics_transition(NULL, 1, true);
SELECT ae_roc_auc_final(NULL);

-- in parallel workers
SELECT proname, proparallel, provolatile, proargnames
  FROM pg_proc WHERE proname IN ('ae_roc_auc', 'ae_average_precision')
 ORDER BY proname;

DROP VIEW differing;
DROP TABLE hit, expected;
DROP FUNCTION by_hand, same, aggregation;
