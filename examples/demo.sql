-- A demonstration on real data: card fraud and network attacks, found by
-- models that have only ever seen normal rows.
--
-- Run by scripts/demo.sh in a temporary server.  To run it in a database of
-- your own: cd examples && psql -f demo.sql

\pset footer off
\pset linestyle unicode
\pset border 1
\pset pager off
SET client_min_messages = warning;

CREATE EXTENSION IF NOT EXISTS autoencoder;
CREATE SCHEMA demo;
SET search_path = demo, public;

-- a model is a value; this table is all there is to store
CREATE TABLE model (name text PRIMARY KEY, model bytea);
ALTER TABLE model ALTER model SET STORAGE EXTERNAL;

CREATE TABLE scored (model text, id int, is_odd bool, score float8, pvalue float8);

\ir demo_show.sql

\echo
\echo '━━━ 1. Card fraud ━━━'
\echo

CREATE TABLE card (
	id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, seconds int,
	v1 float8, v2 float8, v3 float8, v4 float8, v5 float8, v6 float8,
	v7 float8, v8 float8, v9 float8, v10 float8, v11 float8, v12 float8,
	v13 float8, v14 float8, v15 float8, v16 float8, v17 float8, v18 float8,
	v19 float8, v20 float8, v21 float8, v22 float8, v23 float8, v24 float8,
	v25 float8, v26 float8, v27 float8, v28 float8,
	amount numeric(10,2), is_fraud bool);

\copy card (seconds, v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, v13, v14, v15, v16, v17, v18, v19, v20, v21, v22, v23, v24, v25, v26, v27, v28, amount, is_fraud) FROM PROGRAM 'gzip -dc data/creditcard.csv.gz' (FORMAT csv, HEADER)

SELECT count(*) AS rows, count(*) FILTER (WHERE is_fraud) AS frauds
FROM card \gset

\echo :rows card transactions are loaded, :frauds of them fraud. An autoencoder learns what normal
\echo transactions look like: it trains on half of the normal rows and sees no fraud at all.
\echo
\echo '  INSERT INTO model'
\echo '  SELECT ''card'', ae_train(c, ''{"columns": {"id": {"skip": true}, "is_fraud": {"skip": true}}}'')'
\echo '  FROM card c WHERE NOT is_fraud AND id % 2 = 0;'
\echo

SELECT clock_timestamp() AS began \gset
INSERT INTO model
SELECT 'card', ae_train(c, '{"columns": {"id": {"skip": true}, "is_fraud": {"skip": true}}}')
FROM card c WHERE NOT is_fraud AND id % 2 = 0;
EXECUTE speed_of_training ('card', :'began') \gset
\echo :trained
\echo
EXECUTE curve ('card');

\echo 'The other half of the normal rows and all frauds are scored: the less a row and its reconstruction'
\echo 'are like those of the training, the higher.'
\echo

SELECT clock_timestamp() AS began \gset
INSERT INTO scored
SELECT 'card', c.id, c.is_fraud, ae_anomaly_score(m.model, c),
	   ae_anomaly_pvalue(m.model, c)
FROM card c, model m WHERE m.name = 'card' AND (is_fraud OR id % 2 = 1);
EXECUTE speed_of_scoring ('card', :'began') \gset
\echo :scored
\echo
EXECUTE quality ('card');
EXECUTE alarms ('card');

SELECT count(*) FILTER (WHERE is_odd) AS hits
FROM (SELECT is_odd FROM scored WHERE model = 'card'
	  ORDER BY score DESC LIMIT 100) t \gset
\echo Of the 100 most suspicious transactions, :hits are fraud. The first ten:
\echo
SELECT c.id, round(s.score::numeric, 1) AS score, c.amount AS euros,
	   to_char(make_interval(secs => c.seconds % 86400), 'HH24:MI') AS time,
	   CASE WHEN c.is_fraud THEN 'fraud' ELSE 'normal' END AS "really was"
FROM scored s JOIN card c USING (id)
WHERE s.model = 'card' ORDER BY s.score DESC LIMIT 10;

SELECT id AS top FROM scored WHERE model = 'card' AND is_odd
ORDER BY score DESC LIMIT 1 \gset
\echo What gave fraud :top away? What it was, what the model would have expected, and the share in its score:
\echo
SELECT feature, shortened(actual) AS actual, shortened(expected) AS expected,
	   round((100 * contribution / sum(contribution) OVER ())::numeric) || ' %' AS share
FROM model m, card c, ae_explain(m.model, c)
WHERE m.name = 'card' AND c.id = :top ORDER BY contribution DESC LIMIT 8;

\echo
\echo '━━━ 2. Network attacks ━━━'
\echo

CREATE TABLE connection (
	id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	duration int, protocol_type text, service text, flag text,
	src_bytes bigint, dst_bytes bigint, land bool, wrong_fragment int,
	urgent int, hot int, num_failed_logins int, logged_in bool,
	num_compromised int, root_shell int, su_attempted int, num_root int,
	num_file_creations int, num_shells int, num_access_files int,
	num_outbound_cmds int, is_host_login bool, is_guest_login bool,
	count int, srv_count int, serror_rate real, srv_serror_rate real,
	rerror_rate real, srv_rerror_rate real, same_srv_rate real,
	diff_srv_rate real, srv_diff_host_rate real, dst_host_count int,
	dst_host_srv_count int, dst_host_same_srv_rate real,
	dst_host_diff_srv_rate real, dst_host_same_src_port_rate real,
	dst_host_srv_diff_host_rate real, dst_host_serror_rate real,
	dst_host_srv_serror_rate real, dst_host_rerror_rate real,
	dst_host_srv_rerror_rate real, label text);

\copy connection (duration, protocol_type, service, flag, src_bytes, dst_bytes, land, wrong_fragment, urgent, hot, num_failed_logins, logged_in, num_compromised, root_shell, su_attempted, num_root, num_file_creations, num_shells, num_access_files, num_outbound_cmds, is_host_login, is_guest_login, count, srv_count, serror_rate, srv_serror_rate, rerror_rate, srv_rerror_rate, same_srv_rate, diff_srv_rate, srv_diff_host_rate, dst_host_count, dst_host_srv_count, dst_host_same_srv_rate, dst_host_diff_srv_rate, dst_host_same_src_port_rate, dst_host_srv_diff_host_rate, dst_host_serror_rate, dst_host_srv_serror_rate, dst_host_rerror_rate, dst_host_srv_rerror_rate, label) FROM PROGRAM 'gzip -dc data/kddcup99.csv.gz' (FORMAT csv, HEADER)

SELECT to_char(count(*), 'FM9,999,999') AS rows,
	   to_char(count(*) FILTER (WHERE label <> 'normal'), 'FM9,999,999') AS attacks
FROM connection \gset

\echo :rows network connections, :attacks of them attacks, with what real tables have:
\echo categories (protocol, service, flag), booleans, counts with long tails, rates. Nothing is prepared
\echo 'by hand: ae_train takes the rows as they are. Again half of the normal rows, and no attack.'
\echo

SELECT clock_timestamp() AS began \gset
INSERT INTO model
SELECT 'connection', ae_train(c, '{"columns": {"id": {"skip": true}, "label": {"skip": true}}}')
FROM connection c WHERE label = 'normal' AND id % 2 = 0;
EXECUTE speed_of_training ('connection', :'began') \gset
\echo :trained
\echo
EXECUTE curve ('connection');

SELECT clock_timestamp() AS began \gset
INSERT INTO scored
SELECT 'connection', c.id, c.label <> 'normal', ae_anomaly_score(m.model, c),
	   ae_anomaly_pvalue(m.model, c)
FROM connection c, model m
WHERE m.name = 'connection' AND (label <> 'normal' OR id % 2 = 1);
EXECUTE speed_of_scoring ('connection', :'began') \gset
\echo :scored
\echo
EXECUTE quality ('connection');
EXECUTE alarms ('connection');

\echo 'Ten of the most suspicious connections, each of another kind:'
\echo
SELECT * FROM (
	SELECT DISTINCT ON (c.label, c.service)
		   c.id, round(s.score::numeric, 1) AS score, c.protocol_type AS protocol,
		   c.service, c.flag, c.src_bytes, c.dst_bytes, c.label AS "really was"
	FROM scored s JOIN connection c USING (id)
	WHERE s.model = 'connection' ORDER BY c.label, c.service, s.score DESC) t
ORDER BY score DESC LIMIT 10;

SELECT s.id AS top, c.label
FROM scored s JOIN connection c USING (id)
WHERE s.model = 'connection' ORDER BY s.score DESC LIMIT 1 \gset
\echo 'Why connection' :top '(':label') stands out:'
\echo
SELECT feature, shortened(actual) AS actual, shortened(expected) AS expected,
	   round((100 * contribution / sum(contribution) OVER ())::numeric) || ' %' AS share
FROM model m, connection c, ae_explain(m.model, c)
WHERE m.name = 'connection' AND c.id = :top ORDER BY contribution DESC LIMIT 8;

SELECT pg_size_pretty(sum(octet_length(model))) AS size FROM model \gset
\echo
\echo '━━━ What next ━━━'
\echo
\echo '  The two models take' :size 'together: keep them in a table, score in a trigger, a view or a WHERE.'
\echo '  make && sudo make install             into your own PostgreSQL, then CREATE EXTENSION autoencoder;'
\echo '  scripts/demo.sh --shell               the same with psql at the end, for your own queries'
\echo '  README.md                             tasks and options;  docs/ has the reference'
