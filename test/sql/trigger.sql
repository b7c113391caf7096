-- ae_score_trigger(), and what to do with its scores
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;

CREATE TABLE payment (
	id serial PRIMARY KEY,
	amount numeric(10,2),
	country text,
	hour int,
	score double precision
);
INSERT INTO payment (amount, country, hour)
SELECT 20 + 10 * sin(g) + g % 5, (ARRAY['de', 'fr', 'it'])[1 + g % 3],
	   8 + g % 10
  FROM generate_series(1, 600) g;
SELECT ae_create_model('payment', 'SELECT amount, country, hour FROM payment',
					   '{"epochs": 20}');
CREATE TRIGGER score BEFORE INSERT OR UPDATE OF amount, country, hour
	ON payment FOR EACH ROW
	EXECUTE FUNCTION ae_score_trigger('payment', 'score');

-- the score is that of the row
INSERT INTO payment (amount, country, hour, score)
VALUES (25, 'de', 9, -1), (9999, 'de', 3, -1), (NULL, NULL, NULL, -1)
RETURNING id, score IS NOT NULL AS scored,
		  score = ae_anomaly_score('payment', payment) AS same;
UPDATE payment SET amount = 12345 WHERE id = 601
RETURNING score = ae_anomaly_score('payment', payment) AS same;
UPDATE payment SET score = 0 WHERE id = 602 RETURNING score;
-- with the version that is current
SELECT ae_create_model('payment', 'SELECT amount, country, hour FROM payment WHERE id < 500',
					   '{"epochs": 2}', replace => true);
INSERT INTO payment (amount, country, hour) VALUES (26, 'it', 10)
RETURNING score = ae_anomaly_score(ae_model('payment', 2), payment) AS second;
SELECT ae_rollback_model('payment', 1);
INSERT INTO payment (amount, country, hour) VALUES (26, 'it', 10)
RETURNING score = ae_anomaly_score(ae_model('payment', 1), payment) AS first;
-- with the kernel that is set
SET autoencoder.kernel = baseline;
INSERT INTO payment (amount, country, hour) VALUES (26, 'it', 10)
RETURNING score = ae_anomaly_score('payment', payment) AS same;
RESET autoencoder.kernel;
-- COPY, and a table that is altered
COPY payment (amount, country, hour) FROM STDIN;
27	de	11
28	fr	12
\.
ALTER TABLE payment ADD channel text DEFAULT 'web';
ALTER TABLE payment DROP channel;
ALTER TABLE payment ADD note text DEFAULT 'none';
INSERT INTO payment (amount, country, hour) VALUES (26, 'it', 10);
SELECT count(*) FILTER (WHERE score = ae_anomaly_score('payment', payment)) AS same
  FROM payment WHERE id > 606;
ALTER TABLE payment ALTER score TYPE real;
INSERT INTO payment (amount, country, hour) VALUES (26, 'it', 10)
RETURNING score = ae_anomaly_score('payment', payment)::real AS same;
ALTER TABLE payment ALTER score TYPE double precision;
ALTER TABLE payment RENAME hour TO o_clock;
INSERT INTO payment (amount, country, o_clock) VALUES (26, 'it', '10');
ALTER TABLE payment RENAME o_clock TO hour;
ALTER TABLE payment RENAME score TO points;
INSERT INTO payment (amount, country, hour) VALUES (26, 'it', 10);
ALTER TABLE payment RENAME points TO score;

-- partitions
CREATE TABLE part_payment (LIKE payment) PARTITION BY LIST (country);
CREATE TABLE part_de (note text, score real, hour int, country text,
					  amount numeric(10,2), id int);
ALTER TABLE part_de ALTER score TYPE double precision;
ALTER TABLE part_payment ALTER id DROP NOT NULL;
ALTER TABLE part_payment ATTACH PARTITION part_de FOR VALUES IN ('de');
CREATE TABLE part_other PARTITION OF part_payment DEFAULT;
CREATE TRIGGER score BEFORE INSERT ON part_payment FOR EACH ROW
	EXECUTE FUNCTION ae_score_trigger('payment', 'score');
INSERT INTO part_payment (amount, country, hour) VALUES (1, 'de', 1), (1, 'it', 1)
RETURNING score = ae_anomaly_score('payment', part_payment) AS same;

-- with the p-value
ALTER TABLE payment ADD pvalue real;
CREATE OR REPLACE TRIGGER score BEFORE INSERT OR UPDATE ON payment
	FOR EACH ROW
	EXECUTE FUNCTION ae_score_trigger('payment', 'score', 'pvalue', 'on_missing=error');
INSERT INTO payment (amount, country, hour, pvalue)
VALUES (26, 'it', 10, -1), (99999, 'de', 3, -1), (NULL, NULL, NULL, -1);
SELECT pvalue BETWEEN 0 AND 0.01 AS unusual, pvalue > 0.01 AS usual,
	   score = ae_anomaly_score('payment', p) AS same
  FROM payment p ORDER BY id DESC LIMIT 3;

-- a missing model
SELECT ae_rename_model('payment', 'old');
INSERT INTO payment (amount, country, hour) VALUES (26, 'it', 10);
CREATE OR REPLACE TRIGGER score BEFORE INSERT OR UPDATE ON payment
	FOR EACH ROW
	EXECUTE FUNCTION ae_score_trigger('payment', 'score', 'on_missing=null');
INSERT INTO payment (amount, country, hour, score)
VALUES (26, 'it', 10, 1), (27, 'it', 10, 1) RETURNING score;
SELECT ae_rename_model('old', 'payment');
INSERT INTO payment (amount, country, hour) VALUES (26, 'it', 10)
RETURNING score = ae_anomaly_score('payment', payment) AS same;

-- what it refuses
CREATE TABLE odd (amount numeric, country text, hour int, score float8, label text,
				  double float8 GENERATED ALWAYS AS (hour * 2) STORED);
CREATE TRIGGER t AFTER INSERT ON odd FOR EACH ROW
	EXECUTE FUNCTION ae_score_trigger('payment', 'score');
INSERT INTO odd VALUES (1, 'de', 1);
CREATE OR REPLACE TRIGGER t BEFORE INSERT ON odd FOR EACH STATEMENT
	EXECUTE FUNCTION ae_score_trigger('payment', 'score');
INSERT INTO odd VALUES (1, 'de', 1);
DROP TRIGGER t ON odd;
CREATE TRIGGER t BEFORE INSERT OR DELETE ON odd FOR EACH ROW
	EXECUTE FUNCTION ae_score_trigger('payment', 'score', 'on_missing=error');
INSERT INTO odd VALUES (1, 'de', 1);
DELETE FROM odd;
CREATE OR REPLACE TRIGGER t BEFORE INSERT ON odd FOR EACH ROW
	EXECUTE FUNCTION ae_score_trigger('payment');
INSERT INTO odd VALUES (1, 'de', 1);
CREATE OR REPLACE TRIGGER t BEFORE INSERT ON odd FOR EACH ROW
	EXECUTE FUNCTION ae_score_trigger('payment', 'points');
INSERT INTO odd VALUES (1, 'de', 1);
CREATE OR REPLACE TRIGGER t BEFORE INSERT ON odd FOR EACH ROW
	EXECUTE FUNCTION ae_score_trigger('payment', 'label');
INSERT INTO odd VALUES (1, 'de', 1);
CREATE OR REPLACE TRIGGER t BEFORE INSERT ON odd FOR EACH ROW
	EXECUTE FUNCTION ae_score_trigger('payment', 'double');
INSERT INTO odd VALUES (1, 'de', 1);
CREATE OR REPLACE TRIGGER t BEFORE INSERT ON odd FOR EACH ROW
	EXECUTE FUNCTION ae_score_trigger('payment', 'score', 'on_missing=ignore');
INSERT INTO odd VALUES (1, 'de', 1);
CREATE OR REPLACE TRIGGER t BEFORE INSERT ON odd FOR EACH ROW
	EXECUTE FUNCTION ae_score_trigger('payment', 'score', 'score');
INSERT INTO odd VALUES (1, 'de', 1);
CREATE OR REPLACE TRIGGER t BEFORE INSERT ON odd FOR EACH ROW
	EXECUTE FUNCTION ae_score_trigger('payment', 'score', 'on_missing=null', 'label');
SELECT ae_create_model('doubled', 'SELECT hour, double FROM odd', '{"epochs": 1}');
INSERT INTO odd SELECT 1, 'de', 1 FROM generate_series(1, 3);
DROP TRIGGER t ON odd;
INSERT INTO odd SELECT g, 'de', g FROM generate_series(1, 3) g;
SELECT ae_create_model('doubled', 'SELECT hour, double FROM odd', '{"epochs": 1}');
SELECT ae_create_model('scored', 'SELECT hour, coalesce(score, hour) AS score FROM odd',
					   '{"epochs": 1}');
CREATE OR REPLACE TRIGGER t BEFORE INSERT ON odd FOR EACH ROW
	EXECUTE FUNCTION ae_score_trigger('doubled', 'score');
INSERT INTO odd VALUES (1, 'de', 1);
CREATE OR REPLACE TRIGGER t BEFORE INSERT ON odd FOR EACH ROW
	EXECUTE FUNCTION ae_score_trigger('scored', 'score');
INSERT INTO odd VALUES (1, 'de', 1);
SELECT ae_score_trigger();

-- recipes of docs/dba.md: an alert table
CREATE TABLE alert (payment int REFERENCES payment, score double precision);
CREATE FUNCTION payment_alert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO alert VALUES (NEW.id, NEW.score);
	RETURN NULL;
END $$;
CREATE TRIGGER alert AFTER INSERT ON payment FOR EACH ROW
	WHEN (NEW.score > 100) EXECUTE FUNCTION payment_alert();
INSERT INTO payment (amount, country, hour) VALUES (25, 'de', 9);
INSERT INTO payment (amount, country, hour) VALUES (99999, 'de', 9);
SELECT p.amount, a.score = p.score AS same
  FROM alert a JOIN payment p ON p.id = a.payment;
-- an index of suspicious rows
CREATE INDEX suspicious ON payment (score) WHERE score > 100;
SELECT amount FROM payment WHERE score > 100 ORDER BY amount DESC LIMIT 1;
-- a generated column from the score
ALTER TABLE payment ADD is_suspicious boolean
	GENERATED ALWAYS AS (score > 100) STORED;
SELECT count(*) FILTER (WHERE is_suspicious) = count(*) FILTER (WHERE score > 100) AS same
  FROM payment;
INSERT INTO payment (amount, country, hour) VALUES (77777, 'de', 9)
RETURNING is_suspicious;

SELECT ae_drop_model(name) FROM ae_named_model;
DROP TABLE alert, payment, part_payment, odd;
DROP FUNCTION payment_alert;
