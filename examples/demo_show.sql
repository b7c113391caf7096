-- What demo.sql uses to show its results; nothing here needs the extension
-- except for its measuring and inspection functions.

PREPARE quality (text) AS
SELECT count(*) AS "rows scored",
	   count(*) FILTER (WHERE is_odd) AS "anomalies",
	   round(ae_roc_auc(score, is_odd)::numeric, 4) AS "ROC AUC",
	   round(ae_average_precision(score, is_odd)::numeric, 4)
	   AS "average precision"
FROM scored WHERE model = $1;

-- alarms among rows that no training saw, normal and not
PREPARE alarms (text) AS
SELECT CASE WHEN is_odd THEN 'anomalies' ELSE 'normal rows' END AS "alarms at p <= 0.01",
	   count(*) AS rows, count(*) FILTER (WHERE pvalue <= 0.01) AS alarms,
	   round(100 * avg((pvalue <= 0.01)::int), 1) || ' %' AS share
FROM scored WHERE model = $1 GROUP BY is_odd ORDER BY is_odd;

-- the training curve, in about ten lines
PREPARE curve (text) AS
WITH history AS (
	SELECT h.*, count(*) OVER () AS epochs, max(train_loss) OVER () AS top
	FROM model m, ae_history(m.model) h WHERE m.name = $1
)
SELECT epoch, round(train_loss::numeric, 4) AS "training loss",
	   repeat('█', greatest(1, round(50 * train_loss / top)::int)) AS curve
FROM history
WHERE epoch IN (1, epochs) OR epoch % ceil(epochs / 10.0)::int = 0
ORDER BY epoch;

PREPARE speed_of_training (text, timestamptz) AS
SELECT format('Trained: %s rows x %s epochs in %s s, %s rows/s.',
			  to_char(rows, 'FM9,999,999'), epochs, round(seconds, 1),
			  to_char(rows * epochs / seconds, 'FM999,999,999')) AS trained
FROM (SELECT (ae_info(m.model)->>'rows')::numeric AS rows,
			 (SELECT count(*) FROM ae_history(m.model)) AS epochs,
			 extract(epoch FROM clock_timestamp() - $2) AS seconds
	  FROM model m WHERE m.name = $1) t;

PREPARE speed_of_scoring (text, timestamptz) AS
SELECT format('Scored: %s rows in %s s, %s rows/s.',
			  to_char(rows, 'FM9,999,999'), round(seconds, 2),
			  to_char(rows / seconds, 'FM999,999,999')) AS scored
FROM (SELECT count(*) AS rows,
			 extract(epoch FROM clock_timestamp() - $2) AS seconds
	  FROM scored WHERE model = $1) t;

-- a number with at most three decimals, or the text as it is
CREATE FUNCTION shortened(text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
SELECT CASE WHEN $1 ~ '^-?[0-9]+\.[0-9]{4}' THEN round($1::numeric, 3)::text
			ELSE $1 END
$$;
