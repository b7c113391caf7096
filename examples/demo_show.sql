-- What demo.sql uses to show its results; nothing here needs the extension
-- except for its inspection functions.

-- Area under the ROC curve and average precision; equal scores count half.
PREPARE quality (text) AS
WITH level AS (
	SELECT score, count(*) AS n, count(*) FILTER (WHERE is_odd) AS odd
	FROM scored WHERE model = $1 GROUP BY score
), running AS (
	SELECT n, odd, sum(n) OVER w AS above_n, sum(odd) OVER w AS above_odd,
		   sum(n) OVER () AS all_n, sum(odd) OVER () AS all_odd
	FROM level WINDOW w AS (ORDER BY score DESC)
)
SELECT max(all_n) AS "rows scored", max(all_odd) AS "anomalies",
	   round(sum((n - odd) * (above_odd - odd / 2.0)) /
			 max(all_odd * (all_n - all_odd)), 4) AS "ROC AUC",
	   round(sum(odd * above_odd / above_n) / max(all_odd), 4)
	   AS "average precision"
FROM running;

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

-- The columns in which a row and its reconstruction differ most, measured in
-- standard deviations of the rows that the model was trained on.
CREATE FUNCTION side_by_side(model bytea, actual jsonb, expected jsonb)
RETURNS TABLE ("column" text, actual text, expected text, "off by" text)
LANGUAGE sql STABLE AS $$
SELECT name, shortened(actual), shortened(expected),
	   CASE WHEN deviations IS NULL THEN 'another value'
			ELSE round(deviations::numeric, 1) || ' stddev' END
FROM (
	SELECT f.name, $2->>f.name AS actual, $3->>f.name AS expected,
		   CASE WHEN f.kind = 'numeric'
				THEN abs(($2->>f.name)::float8 - ($3->>f.name)::float8) /
					 nullif(f.stddev, 0) END AS deviations
	FROM ae_features($1) f) t
WHERE actual <> expected
ORDER BY deviations IS NULL DESC, deviations DESC, name LIMIT 8
$$;
