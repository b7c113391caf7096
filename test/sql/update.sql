-- models trained further on new rows, and merged
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

-- two hidden factors; later they are related to b and c in another way
CREATE TABLE update_point AS
SELECT id, later, f.*,
	   CASE WHEN NOT later THEN f.a + d ELSE f.a - d END AS b,
	   CASE WHEN NOT later THEN f.a - d ELSE f.a / 2 + d END AS c,
	   CASE WHEN d > 0.9 AND later THEN 'new' WHEN d > 0 THEN 'up'
			ELSE 'down' END AS k
  FROM generate_series(1, 700) id, (VALUES (false), (true)) l (later),
	   LATERAL (SELECT sin(id * 1.3) AS a, cos(id * 2.7) AS d) f;
CREATE VIEW update_input AS SELECT id, later, a, b, c, k FROM update_point;
CREATE FUNCTION update_loss(model bytea, later boolean) RETURNS float8
LANGUAGE sql AS
$$SELECT (ae_evaluate(model, p) ->> 'loss')::float8 FROM update_input p
   WHERE id > 500 AND p.later = update_loss.later$$;
CREATE TABLE update_base AS
SELECT ae_train(p, '{"epochs": 60, "corruption": "none",
					 "columns": {"id": {"skip": true},
								 "later": {"skip": true}}}') AS model
  FROM update_input p WHERE NOT later AND id <= 500;

-- new rows are learnt, old ones are not forgotten; a warning, because they
-- differ, and a new label is "other"
CREATE TABLE update_result AS
SELECT ae_update(u.model, p) AS model FROM update_input p, update_base u
 WHERE later AND id <= 500;
SELECT update_loss(r.model, true) < 0.5 * update_loss(b.model, true) AS learnt,
	   update_loss(r.model, false) < 0.5 * update_loss(b.model, true) AS kept,
	   (SELECT array_agg(f::text) FROM ae_features(r.model) f) =
	   (SELECT array_agg(f::text) FROM ae_features(b.model) f) AS same_columns,
	   ae_info(b.model) -> 'rows' AS rows_before,
	   ae_info(r.model) -> 'rows' AS rows_after,
	   (SELECT max(epoch) FROM ae_history(r.model)) AS epochs
  FROM update_result r, update_base b;
-- few rows, or rows like the old ones, are no reason to warn
SELECT ae_update(model, p) IS NOT NULL AS few
  FROM update_input p, update_base WHERE later AND id <= 100;
SELECT ae_update(model, p) IS NOT NULL AS alike
  FROM update_input p, update_base WHERE NOT later AND id > 200;
SET client_min_messages = error;

-- all forms give the same
SELECT ae_store_model('update', model) FROM update_base;
SELECT ae_update(ae_row(u.model, p)) = r.model AS one_argument
  FROM update_input p, update_base u, update_result r
 WHERE later AND id <= 500 GROUP BY r.model;
SELECT ae_update('update', p) = r.model AS name,
	   ae_update(ae_row('update', p)) = r.model AS name_in_row
  FROM update_input p, update_result r
 WHERE later AND id <= 500 GROUP BY r.model;
SELECT ae_update(u.model, p, NULL) = r.model AS no_options,
	   ae_update('update', p, '{}') = r.model AS empty_options,
	   ae_update(ae_row(u.model, p, '{}')) = r.model AS empty_options_in_row,
	   ae_update(u.model, p, '{"epochs": "auto", "learning_rate": "auto"}') =
	   r.model AS automatic
  FROM update_input p, update_base u, update_result r
 WHERE later AND id <= 500 GROUP BY r.model;
WITH m AS MATERIALIZED (SELECT model AS w FROM update_base)
SELECT ae_update(ae_row(m.w, p)) = (SELECT model FROM update_result) AS cte
  FROM update_input p, m WHERE later AND id <= 500;
SELECT ae_update(u.model, ROW(a, b, c, k)) = (SELECT model FROM update_result)
	   AS by_position
  FROM update_input p, update_base u WHERE later AND id <= 500;

-- options of the training
SELECT (SELECT max(epoch) FROM ae_history(m)) AS epochs,
	   ae_info(m) #> '{options,batch_size}' AS batch_size,
	   ae_info(m) #> '{options,learning_rate}' =
	   ae_info(model) #> '{options,learning_rate}' AS same_rate
  FROM update_base,
	   LATERAL (SELECT ae_update(model, p, '{"epochs": 2, "batch_size": 10}')
				  FROM update_input p WHERE later AND id <= 100) u (m);
SELECT ae_update(model, p, '{"hidden": [3]}') FROM update_base, update_input p;
SELECT ae_update(model, p, '{"epoch": 1}') FROM update_base, update_input p;
SELECT ae_update(model, p, '{"epochs": -1}') FROM update_base, update_input p;
SELECT ae_update(model, p, '[]') FROM update_base, update_input p;
SELECT ae_update(model, p, '{"partitions": 0}')
  FROM update_base, update_input p;
SELECT ae_update(model, p, '{"partitions": 1025}')
  FROM update_base, update_input p;
SELECT ae_update(model, p, '{"partitions": 1.5}')
  FROM update_base, update_input p;
SELECT ae_update(model, p, '{"partitions": "two"}')
  FROM update_base, update_input p;
SELECT ae_update(model, p, jsonb_build_object('epochs', id))
  FROM update_base, update_input p;

-- nothing to learn from
SELECT ae_update(model, p) FROM update_base, update_input p WHERE false;
SELECT ae_update(model, NULL::update_input) FROM update_base;
SELECT ae_update(NULL::bytea, p), ae_update(NULL::text, p),
	   ae_update(ae_row(NULL::bytea, p)) FROM update_input p;
SELECT ae_update(model, p) = ae_update(model, q) AS null_rows_are_none
  FROM update_base, update_input p
  LEFT JOIN update_input q ON q.id = p.id AND q.later = p.later
 WHERE p.id <= 20;
-- rows of missing values, and a single one
SELECT ae_info(ae_update(model, ROW(NULL::float8, NULL::float8, NULL::float8,
									NULL::text))) -> 'rows' AS rows
  FROM update_base, generate_series(1, 3);
SELECT ae_info(ae_update(model, p)) -> 'rows' AS rows
  FROM update_base, update_input p WHERE id = 1 AND later;
-- without a coreset, too
SELECT score, ae_info(ae_update(model, p)) -> 'rows' AS rows
  FROM (SELECT s AS score,
			   ae_train(p, jsonb_build_object('epochs', 2, 'score', s)) AS model
		  FROM update_input p, unnest(ARRAY['error', 'distance']) s
		 GROUP BY s) m, update_input p
 WHERE id <= 3 GROUP BY score ORDER BY score;

-- rows and models that do not fit
SELECT ae_update(model, ROW(1)) FROM update_base;
SELECT ae_update(model, p) FROM update_base, (SELECT 1 AS a) p;
SELECT ae_update(model, 1) FROM update_base;
SELECT ae_update('\x00'::bytea, p) FROM update_input p;
SELECT ae_update('no model', p) FROM update_input p;
SELECT ae_update(m.model, p)
  FROM update_input p,
	   (TABLE update_base UNION ALL TABLE update_result) m;
SELECT ae_update(model, p) OVER () FROM update_base, update_input p;

-- a value of type ae_row goes nowhere
SELECT ae_row(model, p) FROM update_base, update_input p;
CREATE TABLE update_row AS
SELECT ae_row(model, p) FROM update_base, update_input p;
-- from PostgreSQL 16 on, one order of arguments may be that of the rows
SELECT ae_update(ae_row(model, p) ORDER BY id),
	   ae_update(ae_row(model, p) ORDER BY id DESC)
  FROM update_base, update_input p;
SELECT count(*) FROM (SELECT ae_row(model, p) AS r
						FROM update_base, update_input p OFFSET 0) s
 GROUP BY r IS NULL ORDER BY max(r::text);
SELECT ''::ae_row;
SELECT ae_row(NULL::bytea, p) IS NULL AS no_model,
	   ae_row(model, NULL::update_input) IS NULL AS no_row
  FROM update_base, update_input p LIMIT 1;

-- merged models: a mean in which each counts as its rows
CREATE TABLE update_half AS
SELECT id % 2 AS half, ae_update(model, p) AS model
  FROM update_base, update_input p WHERE later AND id <= 500 GROUP BY id % 2;
SELECT ae_info(ae_merge(model)) -> 'rows' AS rows,
	   ae_merge(model ORDER BY half) = ae_merge(model ORDER BY half DESC)
	   AS any_order,
	   update_loss(ae_merge(model), true) <
	   0.6 * (SELECT update_loss(model, true) FROM update_base) AS learnt,
	   update_loss(ae_merge(model), false) <
	   0.5 * (SELECT update_loss(model, true) FROM update_base) AS kept,
	   ae_merge(model) FILTER (WHERE half = 1) = max(model::text)
	   FILTER (WHERE half = 1)::bytea AS alone
  FROM update_half;
SELECT ae_merge(model) FROM update_half WHERE false;
SELECT ae_merge(NULL::bytea) FROM update_half;
SELECT ae_merge(model) = ae_merge(CASE WHEN half IS NOT NULL THEN model END)
	   AS null_is_none
  FROM (TABLE update_half UNION ALL SELECT NULL, model FROM update_half
		 WHERE false) m;
SELECT ae_merge('\x00');
SELECT ae_merge(m) FROM (SELECT model AS m FROM update_base UNION ALL
						 SELECT ae_train(ROW(a)) FROM update_input) s;
SELECT ae_merge(m)
  FROM (SELECT model AS m FROM update_base UNION ALL
		SELECT ae_train(p, '{"epochs": 1, "columns":
							 {"id": {"skip": true}, "later": {"skip": true}}}')
		  FROM update_input p) s;

-- what was learnt from known anomalies stays
CREATE VIEW update_known AS
SELECT id, later, a, b, c + CASE WHEN id % 20 = 0 THEN 0.6 ELSE 0 END AS c, k,
	   id % 20 = 0 AND id <= 500 AS known, id % 20 = 0 AS odd
  FROM update_point;
CREATE TABLE update_head AS
SELECT label, ae_train(p, ('{"epochs": 30, "columns": {
							 "id": {"skip": true}, "later": {"skip": true},
							 "odd": {"skip": true}' ||
						   CASE WHEN label THEN '}, "label": "known"}'
						   ELSE ', "known": {"skip": true}}}' END)::jsonb)
	   AS model
  FROM update_known p, (VALUES (true), (false)) v (label)
 WHERE NOT later AND (label OR NOT known) GROUP BY label;
SELECT label, ae_info(ae_update) -> 'known_anomalies' AS known_anomalies,
	   (SELECT avg(ln(ae_anomaly_score(ae_update, p))) FILTER (WHERE odd)
		  FROM update_known p WHERE NOT later AND id > 500) > 2.5 AS raised
  FROM (SELECT label, ae_update(model, p)
		  FROM update_head, update_known p
		 WHERE later AND NOT odd AND id <= 500 GROUP BY label) u
 ORDER BY label;
SELECT ae_merge(model) FROM update_head;
SELECT ae_update(model, p, '{"label": "known"}')
  FROM update_head, update_known p;

-- parts as a distributed engine makes them
CREATE AGGREGATE update_part(ae_row) (
	SFUNC = ae_update_transition, STYPE = ae_partial);
CREATE AGGREGATE update_whole(ae_partial) (
	SFUNC = ae_partial_combine, STYPE = ae_partial,
	FINALFUNC = ae_update_final, FINALFUNC_MODIFY = READ_WRITE);
CREATE AGGREGATE merge_part(bytea) (
	SFUNC = ae_merge_transition, STYPE = ae_partial);
CREATE AGGREGATE merge_whole(ae_partial) (
	SFUNC = ae_partial_combine, STYPE = ae_partial,
	FINALFUNC = ae_merge_final, FINALFUNC_MODIFY = READ_WRITE);
CREATE TABLE update_part AS
SELECT id % 4 AS part, update_part(ae_row(model, p)) AS state
  FROM update_base, update_input p WHERE later AND id <= 500 GROUP BY id % 4;
SELECT update_whole(state ORDER BY part) =
	   update_whole(state ORDER BY part % 2, part DESC) AS any_order,
	   update_whole(state) = update_whole(state::text::ae_partial) AS text,
	   ae_info(update_whole(state)) -> 'rows' AS rows,
	   update_loss(update_whole(state), true) <
	   0.7 * (SELECT update_loss(model, true) FROM update_base) AS learnt
  FROM update_part;
SELECT update_whole(state) = r.model AS one_part
  FROM update_result r,
	   (SELECT update_part(ae_row(model, p)) AS state
		  FROM update_base, update_input p WHERE later AND id <= 500) s
 GROUP BY r.model;
SELECT merge_whole(state) = (SELECT ae_merge(model) FROM update_half) AS merged
  FROM (SELECT merge_part(model) AS state FROM update_half GROUP BY half) s;
SELECT update_whole(NULL), merge_whole(NULL);
-- parts that are told so take a step with momentum
SELECT update_loss(update_whole(state), true) <
	   0.9 * (SELECT update_loss(model, true) FROM update_base) AS learnt
  FROM (SELECT update_part(ae_row(model, p, '{"partitions": 2}')) AS state
		  FROM update_base, update_input p WHERE later AND id <= 500
		 GROUP BY id % 2) s;
-- in binary form
CREATE TABLE update_copy (LIKE update_part);
\copy update_part TO results/update_part.bin (FORMAT binary)
\copy update_copy FROM results/update_part.bin (FORMAT binary)
SELECT count(*) AS same
  FROM update_part p JOIN update_copy c ON p.state::text = c.state::text;

-- parts that do not belong together, and made by hand
SELECT update_whole(state)
  FROM (SELECT update_part(ae_row(m.model, p)) AS state
		  FROM (TABLE update_base UNION ALL TABLE update_result) m,
			   update_input p
		 WHERE id <= 10 GROUP BY m.model) s;
SELECT update_whole(state)
  FROM (SELECT update_part(ae_row(model, p, o)) AS state
		  FROM update_base, update_input p,
			   (VALUES ('{"partitions": 2}'::jsonb), ('{"partitions": 3}')) v (o)
		 WHERE id <= 10 GROUP BY o) s;
SELECT merge_whole(state) FROM update_part;
SELECT update_whole(state)
  FROM (SELECT merge_part(model) AS state FROM update_half) s;
SELECT update_whole(state)
  FROM (SELECT state FROM update_part UNION ALL
		SELECT merge_part(model) FROM update_half) s;
CREATE FUNCTION update_u32(n integer) RETURNS bytea LANGUAGE sql AS
$$SELECT decode(string_agg(lpad(to_hex(n >> 8 * i & 255), 2, '0'), ''
						   ORDER BY i), 'hex') FROM generate_series(0, 3) i$$;
CREATE FUNCTION update_hand_made(kind integer, partitions integer, n integer,
								 VARIADIC models bytea[]) RETURNS ae_partial
LANGUAGE sql AS
$$SELECT (update_u32(x'54504541'::integer) || update_u32(kind) ||
		  update_u32(partitions) || update_u32(n) ||
		  string_agg(update_u32(length(m)) || m, ''))::text::ae_partial
	FROM unnest(models) m$$;
SELECT merge_whole(update_hand_made(0, 0, 2, VARIADIC
							 ARRAY(SELECT model FROM update_half))) =
	   (SELECT ae_merge(model) FROM update_half) AS fits;
SELECT update_whole(update_hand_made(1, 0, 2, model, ae_train))
  FROM update_base, (SELECT ae_train(ROW(a)) FROM update_input) s;
SELECT update_hand_made(2, 0, 2, model, model) FROM update_base;
SELECT update_hand_made(1, 1025, 2, model, model) FROM update_base;
SELECT update_hand_made(1, 0, 3, model, model) FROM update_base;
SELECT update_hand_made(1, 0, 1, model, model) FROM update_base;
SELECT update_hand_made(1, 0, 1, model) FROM update_base;
SELECT update_hand_made(0, 0, 0, '\x00');
SELECT update_hand_made(0, 0, 1, '\x00');
SELECT update_hand_made(0, 0, 1, substr(model, 2)) IS NOT NULL AS looks_whole
  FROM update_base;
SELECT merge_whole(update_hand_made(0, 0, 1, substr(model, 2))) FROM update_base;
SELECT '\x'::ae_partial;
SELECT ''::ae_partial;
SELECT left(state::text, 100)::ae_partial FROM update_part LIMIT 1;

-- plans in parallel
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET enable_material = off;
EXPLAIN (COSTS OFF)
SELECT ae_update(ae_row('update', p)) FROM update_input p
 WHERE later AND id <= 500;
SELECT ae_info(m) -> 'rows' AS rows,
	   update_loss(m, true) <
	   0.7 * (SELECT update_loss(model, true) FROM update_base) AS learnt
  FROM (SELECT ae_update(ae_row('update', p)) AS m FROM update_input p
		 WHERE later AND id <= 500) s;
SELECT ae_info(m) -> 'rows' AS rows
  FROM (SELECT ae_update(ae_row((SELECT model FROM update_base), p)) AS m
		  FROM update_input p WHERE later AND id <= 500) s;
EXPLAIN (COSTS OFF) SELECT ae_merge(model) FROM update_half;
SELECT ae_info(ae_merge(model)) -> 'rows' AS rows FROM update_half;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
RESET enable_material;

-- named models
SELECT ae_update_model('update', 'SELECT a, b, c, k FROM update_point
								   WHERE later AND id <= 500',
					   note => 'later rows');
SELECT ae_model('update') = model AS same FROM update_result;
SELECT ae_update_model('update', 'SELECT * FROM update_input WHERE id <= 10',
					   '{"epochs": 1}');
SELECT version, is_current, rows, seconds > 0 AS timed, options, note
  FROM ae_models WHERE name = 'update' ORDER BY version;
-- from the version that is current
SELECT ae_rollback_model('update', 1);
SELECT ae_update_model('update', 'SELECT a, b, c, k FROM update_point
								   WHERE later AND id <= 500');
SELECT ae_model('update', 4) = ae_model('update', 2) AS same;
SELECT ae_update_model('updat', 'TABLE update_input');
SELECT ae_update_model(NULL, 'TABLE update_input');
SELECT ae_update_model('update', NULL);
SELECT ae_update_model('update', 'SELECT * FROM update_input WHERE false');
SELECT ae_update_model('update', 'SELECT 1 AS a');
SELECT ae_update_model('update', 'DELETE FROM update_point');
SELECT ae_update_model('update', 'TABLE update_input', '{"latent": 3}');
CREATE ROLE regress_update;
GRANT SELECT ON update_input TO regress_update;
SET ROLE regress_update;
SELECT ae_update_model('update', 'TABLE update_input');
RESET ROLE;
SELECT ae_grant_model('update', 'regress_update');
SET ROLE regress_update;
SELECT ae_update_model('update', 'TABLE update_input');
RESET ROLE;
BEGIN READ ONLY;
SELECT ae_update_model('update', 'TABLE update_input');
ROLLBACK;
SELECT max(version) FROM ae_models WHERE name = 'update';

SELECT ae_drop_model('update');
DROP AGGREGATE update_part(ae_row), update_whole(ae_partial),
			   merge_part(bytea), merge_whole(ae_partial);
DROP FUNCTION update_loss, update_hand_made, update_u32;
DROP OWNED BY regress_update;
DROP ROLE regress_update;
DROP TABLE update_part, update_copy, update_half, update_head,
		   update_result, update_base;
DROP VIEW update_input, update_known;
DROP TABLE update_point;
