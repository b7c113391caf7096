-- known anomalies: the option label
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

-- Two hidden causes behind four columns.  One row in ten is odd in d, which
-- is harmless; one in thirty is odd in c, less so, and that is fraud.  Every
-- fourth fraud is known, and some harmless rows are known as well.
CREATE TABLE payment AS
SELECT g AS id, 10 + u AS a, 3 * v AS b,
	   u + v + CASE WHEN fraud THEN 0.7 ELSE 0.2 * sin(g * 3.7) END AS c,
	   u - v + CASE WHEN g % 10 = 7 THEN 3 * sin(g) ELSE 0.1 * cos(g * 7.3) END
	   AS d,
	   CASE WHEN fraud AND g % 16 = 0 THEN 'rare' ELSE 'shop' || g % 3 END
	   AS kind,
	   fraud,
	   CASE WHEN fraud AND g % 4 = 0 THEN true
			WHEN NOT fraud AND g % 11 = 0 THEN false END AS known
  FROM generate_series(1, 1800) g,
	   LATERAL (SELECT sin(g * 1.3) AS u, cos(g * 2.1) AS v,
					   g % 31 = 10 AND g % 10 <> 7 AS fraud) cause;
SELECT known, count(*), count(*) FILTER (WHERE fraud) AS fraud
  FROM payment GROUP BY 1 ORDER BY 1;

CREATE VIEW plain AS SELECT a, b, c, d, kind FROM payment;
CREATE VIEW labelled AS SELECT a, b, c, d, kind, known FROM payment;
CREATE TABLE model AS
SELECT 'plain' AS name, ae_train(p, '{"epochs": 40}') AS model FROM plain p
UNION ALL
SELECT 'labelled', ae_train(l, '{"epochs": 40, "label": "known"}')
  FROM labelled l;

-- the label is no feature; known anomalies are no rows of the training
SELECT name, ae_info(model) -> 'rows' AS rows,
	   ae_info(model) -> 'columns' AS columns,
	   ae_info(model) -> 'known_anomalies' AS known_anomalies
  FROM model ORDER BY name DESC;

-- the kind that only known anomalies have is not in the model
SELECT name, array_to_string(categories, ' ') AS kinds
  FROM (SELECT m.name, f.categories
		  FROM model m, ae_features(m.model) f WHERE f.name = 'kind') s
 ORDER BY name DESC;

-- frauds that nobody named are found; no label is needed to score
SELECT name, ae_roc_auc(ae_anomaly_score(model, p), fraud) > 0.96 AS found
  FROM model, payment p WHERE known IS NULL GROUP BY name ORDER BY name DESC;
SELECT name, bool_and(ae_anomaly_score(model, ROW(a, b, c, d, kind)) =
					  ae_anomaly_score(model, p)) AS same
  FROM model, payment p GROUP BY name ORDER BY name DESC;

-- a score is still 1 for the median row of the training
SELECT name, round((percentile_cont(0.5) WITHIN GROUP
					(ORDER BY ae_anomaly_score(model, p)))::numeric, 1) AS median
  FROM model, payment p WHERE known IS NOT TRUE
 GROUP BY name ORDER BY name DESC;

-- the p-values are those of the score with what was learned: about one row in
-- twenty of the training is at or below 0.05
SELECT name, avg((ae_anomaly_pvalue(model, p) <= 0.05)::integer)
	   BETWEEN 0.04 AND 0.06 AS share
  FROM model, payment p WHERE known IS NOT TRUE
 GROUP BY name ORDER BY name DESC;

-- contributions still sum to the score's excess over the median, and their
-- shares are not negative
SELECT max(score - total) - min(score - total) < 1e-6 AS same_median,
	   bool_and(CASE WHEN total > 0 THEN least >= 0 ELSE most <= 0 END)
	   AS shares
  FROM (SELECT id, score, sum(contribution) AS total,
			   min(contribution) AS least, max(contribution) AS most
		  FROM (SELECT p.id, ae_anomaly_score(model, p) AS score, e.contribution
				  FROM model m, payment p, ae_explain(m.model, p) e
				 WHERE name = 'labelled') x
		 GROUP BY id, score) s;
-- what was learned counts: c says more of frauds than without labels
SELECT max(c) FILTER (WHERE name = 'labelled') >
	   3 * max(c) FILTER (WHERE name = 'plain') AS says_more
  FROM (SELECT name, avg(contribution) AS c
		  FROM model m, payment p, ae_explain(m.model, p)
		 WHERE fraud AND feature = 'c' GROUP BY name) s;

-- NULL and false are the same: rows like any other
SELECT ae_train(l, '{"epochs": 5, "label": "known"}') =
	   (SELECT ae_train(m, '{"epochs": 5, "label": "known"}')
		  FROM (SELECT a, b, c, d, kind, coalesce(known, false) AS known
				  FROM payment) m) AS same
  FROM labelled l;
-- the same rows give the same bytes, wherever the label stands
SELECT ae_train(l, '{"epochs": 5, "label": "known"}') =
	   (SELECT ae_train(m, '{"epochs": 5, "label": "known"}')
		  FROM (SELECT known, a, b, c, d, kind FROM payment) m) AS same
  FROM labelled l;

-- a domain over boolean; columns without names; null for no label
CREATE DOMAIN flag AS boolean;
SELECT ae_info(ae_train(r, '{"epochs": 1, "label": "odd"}'))
	   -> 'known_anomalies' AS known_anomalies
  FROM (SELECT a, b, known::flag AS odd FROM payment) r;
SELECT ae_info(ae_train(ROW(a, b, known), '{"epochs": 1, "label": "f3"}'))
	   -> 'known_anomalies' AS known_anomalies
  FROM payment;
SELECT ae_info(ae_train(l, '{"epochs": 1, "label": null}')) -> 'columns'
	   AS columns
  FROM labelled l;

-- without a coreset
SELECT ae_info(m) #>> '{options,score}' AS score,
	   ae_info(m) -> 'known_anomalies' AS known_anomalies
  FROM (SELECT ae_train(l, '{"epochs": 1, "label": "known", "coreset": 0}') AS m
		  FROM labelled l) s;

-- fewer than five are too few
SELECT ae_info(ae_train(l, '{"epochs": 1, "label": "known"}'))
	   -> 'known_anomalies' AS known_anomalies
  FROM (SELECT * FROM payment WHERE known IS NOT TRUE OR id < 100) p,
	   LATERAL (SELECT a, b, c, known) l;
SELECT ae_info(ae_train(l, '{"epochs": 1, "label": "known"}'))
	   -> 'known_anomalies' AS known_anomalies
  FROM (SELECT a, b, false AS known FROM payment) l;

-- by group: one notice; a group of known anomalies only has no model
SELECT grp, ae_info(ae_train(l, '{"epochs": 1, "label": "known"}'))
	   -> 'known_anomalies' AS known_anomalies
  FROM (SELECT CASE WHEN known THEN id / 4 % 2 ELSE id % 2 + 1 END AS grp,
			   a, b, known FROM payment) p,
	   LATERAL (SELECT a, b, known) l
 GROUP BY grp ORDER BY grp;

-- as a named model
SELECT ae_create_model('fraud', 'SELECT a, b, known FROM payment WHERE id < 999',
					   '{"epochs": 1, "label": "known"}');
SELECT ae_info('fraud') -> 'known_anomalies' AS known_anomalies,
	   ae_info('fraud') -> 'rows' AS rows;
SELECT ae_create_model('few', 'SELECT a, b, known FROM payment WHERE id < 99',
					   '{"epochs": 1, "label": "known"}');
SELECT ae_drop_model('fraud'), ae_drop_model('few');

-- mistakes
SELECT ae_train(l, '{"label": "nown"}') FROM labelled l;
SELECT ae_train(ROW(a, known), '{"label": "known"}') FROM payment;
SELECT ae_train(l, '{"label": "kind"}') FROM labelled l;
SELECT ae_train(l, '{"label": 3}') FROM labelled l;
SELECT ae_train(ARRAY[a, b], '{"label": "known"}') FROM payment;
SELECT ae_train(l, '{"label": "known", "columns": {"known": {"weight": 2}}}')
  FROM labelled l;
SELECT ae_train(l, '{"label": "known", "score": "error"}') FROM labelled l;
SELECT ae_train(l, '{"label": "known", "purpose": "embedding"}')
  FROM labelled l;
SELECT ae_train(l, '{"label": "known"}')
  FROM (SELECT a, b, true AS known FROM payment) l;
SELECT ae_train(l, '{"label": "known"}')
  FROM (SELECT a, b, id > 1 AS known FROM payment) l;
SELECT ae_train(l, '{"label": "x"}')
  FROM (SELECT a, true AS x, false AS x FROM payment) l;
SELECT ae_train(l, '{"label": "known"}') FROM (SELECT true AS known) l;

DROP VIEW plain, labelled;
DROP TABLE payment, model;
DROP DOMAIN flag;
