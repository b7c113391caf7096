-- how far rows are from those that a model was trained on
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

CREATE TABLE drift_point AS
SELECT id, later,
	   CASE WHEN later THEN 1e9 + id % 7 ELSE 1e9 + id % 10 END AS digit,
	   sin(id) AS wave,
	   CASE WHEN id % 10 > 0 OR later THEN id % CASE WHEN later THEN 2 ELSE 4 END = 0
	   END AS flag,
	   (ARRAY['x', 'y', 'z', 'w'])
	   [1 + CASE WHEN later THEN id % 4 ELSE id % 3 END] AS label,
	   ARRAY[sin(id), CASE WHEN later THEN 3 ELSE 0 END + cos(id)] AS pair,
	   1 AS one
  FROM generate_series(1, 600) id, (VALUES (false), (true)) l (later);
CREATE VIEW drift_input AS
SELECT id, later, digit, wave, flag, label, pair, one FROM drift_point;
CREATE TABLE drift_model AS
SELECT ae_train(p, '{"epochs": 20, "columns": {"id": {"skip": true},
											   "later": {"skip": true}}}')
	   AS model
  FROM drift_input p WHERE NOT later;

-- the training rows have not drifted; the scores come first
SELECT feature, round(psi::numeric, 3) AS psi, round(js::numeric, 3) AS js,
	   ks < 0.01 AS ks
  FROM unnest((SELECT ae_drift(model, p) FROM drift_model, drift_input p
				WHERE NOT later));
-- later ones have: the scores, then the worst column
CREATE TABLE drift_result AS
SELECT d.*
  FROM unnest((SELECT ae_drift(model, p) FROM drift_model, drift_input p
				WHERE later)) WITH ORDINALITY d;
SELECT feature, round(psi::numeric, 2) AS psi, round(js::numeric, 2) AS js,
	   ks IS NULL AS no_ks
  FROM drift_result WHERE feature IS NOT NULL ORDER BY ordinality;
SELECT feature, psi > 0.25 AS psi, js BETWEEN 0.1 AND 1 AS js,
	   ks BETWEEN 0.3 AND 1 AS ks
  FROM drift_result WHERE feature IS NULL;

-- the measures of columns, by hand: bins are values; a new label is "other"
CREATE FUNCTION drift_by_hand(p float8[], q float8[],
							  OUT psi float8, OUT js float8)
LANGUAGE sql AS
$$SELECT sum((greatest(b, 1e-4) - greatest(a, 1e-4)) *
			 ln(greatest(b, 1e-4) / greatest(a, 1e-4))),
		 sqrt(sum(CASE WHEN a > 0 THEN a * ln(2 * a / (a + b)) ELSE 0 END +
				  CASE WHEN b > 0 THEN b * ln(2 * b / (a + b)) ELSE 0 END) /
			  (2 * ln(2::float8)))
	FROM unnest(p, q) u (a, b)$$;
SELECT feature, abs(r.psi - h.psi) < 1e-6 AS psi, abs(r.js - h.js) < 1e-6 AS js
  FROM (SELECT k, array_agg(p ORDER BY v) AS p, array_agg(q ORDER BY v) AS q
		  FROM (SELECT k, v,
					   count(*) FILTER (WHERE NOT later) / 600.0 AS p,
					   count(*) FILTER (WHERE later) / 600.0 AS q
				  FROM drift_point,
					   LATERAL (VALUES ('digit', digit::text),
									   ('flag', coalesce(flag::text, '')),
									   ('label', label)) c (k, v)
				 GROUP BY k, v) s
		 GROUP BY k) s,
	   drift_by_hand(p, q) h, drift_result r
 WHERE feature = k ORDER BY feature;

-- the distance of the scores, by hand: the largest difference of two
-- distribution functions
SELECT abs(ks - (SELECT max(abs(before - after))
				   FROM (SELECT count(*) FILTER (WHERE NOT later) OVER w / 600.0
								AS before,
								count(*) FILTER (WHERE later) OVER w / 600.0
								AS after
						   FROM drift_model, drift_input p
						 WINDOW w AS (ORDER BY ae_anomaly_score(model, p))) s))
	   < 0.1 AS near
  FROM drift_result WHERE feature IS NULL;

-- forms, NULLs and errors
SELECT ae_store_model('drift', model) FROM drift_model;
SELECT ae_drift('drift', p) = ae_drift(model, p) AS same
  FROM drift_model, drift_input p WHERE later;
SELECT later, (ae_drift(model, p))[2].psi > 1 AS drifted
  FROM drift_model, drift_input p GROUP BY later ORDER BY later;
SELECT ae_drift(model, p) FROM drift_model, drift_input p WHERE false;
SELECT ae_drift(NULL::bytea, p), ae_drift(model, NULL::drift_input)
  FROM drift_model, drift_input p;
-- rows without a value have no score
SELECT feature, ks IS NULL AS no_ks, psi IS NULL AS no_psi
  FROM unnest((SELECT ae_drift(model, ROW(NULL::float8, NULL::float8,
										  NULL::boolean, NULL::text,
										  NULL::float8[], NULL::integer))
				 FROM drift_model));
SELECT ae_drift(m.model, p)
  FROM drift_input p,
	   (TABLE drift_model UNION ALL
		SELECT ae_train(i, '{"epochs": 1}') FROM drift_input i) m;
SELECT ae_drift(model, ROW(1)) FROM drift_model;
SELECT ae_drift('no model', p) FROM drift_input p;

SELECT ae_drop_model('drift');
DROP FUNCTION drift_by_hand;
DROP TABLE drift_result, drift_model;
DROP VIEW drift_input;
DROP TABLE drift_point;
