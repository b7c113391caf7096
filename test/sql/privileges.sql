-- who may read, use and change a named model
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
DROP ROLE IF EXISTS regress_ae_anna, "regress_ae Bert", regress_ae_carl, regress_ae_team, regress_ae_super;
RESET client_min_messages;
CREATE ROLE regress_ae_team;
CREATE ROLE regress_ae_anna;
CREATE ROLE "regress_ae Bert" IN ROLE regress_ae_team;
CREATE ROLE regress_ae_carl;
CREATE ROLE regress_ae_super SUPERUSER;
CREATE TABLE paid AS
SELECT g AS id, sin(g) AS a, cos(g) AS b FROM generate_series(1, 100) g;
GRANT SELECT ON paid TO PUBLIC;

-- the trainer is the owner
SET ROLE regress_ae_anna;
SELECT ae_create_model('anna', 'SELECT a, b FROM paid', '{"epochs": 1}');
SET ROLE "regress_ae Bert";
SELECT ae_create_model('bert', 'SELECT a, b FROM paid', '{"epochs": 1}');
SELECT name, owner FROM ae_models;

-- others see nothing, but that the name is taken
SELECT count(*) FROM ae_named_model WHERE name = 'anna';
SELECT count(*) FROM ae_model_version WHERE name = 'anna';
SELECT ae_anomaly_score('anna', ROW(1, 2));
SELECT ae_model('anna');
SELECT ae_info('ann');
SELECT ae_create_model('anna', 'SELECT a, b FROM paid');
SELECT ae_create_model('anna', 'SELECT a, b FROM paid', replace => true);
SELECT ae_store_model('anna', ae_model('bert'));
SELECT ae_drop_model('anna');
SELECT ae_rename_model('anna', 'mine');
SELECT ae_rollback_model('anna', 1);
SELECT ae_prune_model('anna', 1);
SELECT ae_grant_model('anna', 'regress_ae Bert');
SELECT ae_rename_model('bert', 'anna');
-- nor by hand
UPDATE ae_named_model SET owner = '"regress_ae Bert"';
UPDATE ae_named_model SET readers = '{-}' WHERE name = 'anna';
DELETE FROM ae_model_version WHERE name = 'anna';
INSERT INTO ae_model_version (name, version, model) VALUES ('anna', 2, '');
INSERT INTO ae_named_model (name, owner) VALUES ('gift', 'regress_ae_anna');
UPDATE ae_named_model SET owner = 'regress_ae_anna' WHERE name = 'bert';
UPDATE ae_model_version SET name = 'anna';
TRUNCATE ae_named_model, ae_model_version;
RESET ROLE;
SELECT name, owner, readers FROM ae_named_model ORDER BY name;

-- a reader may use, not change
SET ROLE regress_ae_anna;
SELECT ae_grant_model('anna', 'regress_ae_team'), ae_grant_model('anna', 'regress_ae_team');
SELECT readers FROM ae_models;
SET ROLE "regress_ae Bert";
SELECT ae_anomaly_score('anna', ROW(1, 2)) > 0 AS scored;
SELECT ae_model('anna') IS NOT NULL AS read;
SELECT name, owner, readers FROM ae_models ORDER BY name;
SELECT ae_create_model('anna', 'SELECT a, b FROM paid', replace => true);
SELECT ae_store_model('anna', ae_model('anna'));
SELECT ae_drop_model('anna');
SELECT ae_drop_model('anna', true);
SELECT ae_grant_model('anna', 'regress_ae_carl');
SELECT ae_revoke_model('anna', 'regress_ae_team');
UPDATE ae_named_model SET current_version = NULL WHERE name = 'anna';
DELETE FROM ae_named_model WHERE name = 'anna';
SET ROLE regress_ae_carl;
SELECT ae_anomaly_score('anna', ROW(1, 2));
-- what was looked up for one role is not for the next
SET ROLE regress_ae_anna;
SELECT ae_anomaly_score('anna', ROW(1, 2)) > 0 AS scored;
SET ROLE regress_ae_carl;
SELECT ae_anomaly_score('anna', ROW(1, 2));
RESET ROLE;
CREATE FUNCTION score_as_anna() RETURNS boolean LANGUAGE sql SECURITY DEFINER
AS $$SELECT ae_anomaly_score('anna', ROW(1, 2)) > 0$$;
ALTER FUNCTION score_as_anna() OWNER TO regress_ae_anna;
SET ROLE regress_ae_carl;
SELECT score_as_anna();
SELECT ae_anomaly_score('anna', ROW(1, 2));
-- a membership that ends
SET ROLE "regress_ae Bert";
SELECT ae_anomaly_score('anna', ROW(1, 2)) > 0 AS scored;
RESET ROLE;
REVOKE regress_ae_team FROM "regress_ae Bert";
SET ROLE "regress_ae Bert";
SELECT ae_anomaly_score('anna', ROW(1, 2));
-- everyone
SET ROLE regress_ae_anna;
SELECT ae_grant_model('anna', 'public');
SET ROLE regress_ae_carl;
SELECT ae_anomaly_score('anna', ROW(1, 2)) > 0 AS scored;
SET ROLE regress_ae_anna;
SELECT ae_revoke_model('anna', 'public'), ae_revoke_model('anna', 'regress_ae_team');
SELECT ae_grant_model('anna', 'regress_ae_nobody');
SELECT ae_grant_model('anna', NULL);
SELECT readers FROM ae_named_model;
SET ROLE regress_ae_carl;
SELECT ae_anomaly_score('anna', ROW(1, 2));
-- row_security = off is an error where rows would be hidden
SET row_security = off;
SELECT ae_anomaly_score('anna', ROW(1, 2));
RESET row_security;

-- a view shows the model with the rights of its owner only if that is meant
RESET ROLE;
CREATE VIEW paid_score WITH (security_invoker) AS
SELECT id, ae_anomaly_score('anna', ROW(a, b)) AS score FROM paid;
GRANT SELECT ON paid_score TO PUBLIC;
SET ROLE regress_ae_carl;
SELECT score FROM paid_score LIMIT 1;

-- row-level security of the source
RESET ROLE;
ALTER TABLE paid ENABLE ROW LEVEL SECURITY;
CREATE POLICY half ON paid TO regress_ae_anna USING (id <= 50);
SET ROLE regress_ae_anna;
SELECT ae_create_model('anna', 'SELECT a, b FROM paid', '{"epochs": 1}', true);
SELECT ae_info('anna') -> 'rows' AS rows;
SET ROLE regress_ae_carl;
SELECT ae_create_model('carl', 'SELECT a, b FROM paid', '{"epochs": 1}');
RESET ROLE;
REVOKE SELECT ON paid FROM PUBLIC;
SET ROLE regress_ae_carl;
SELECT ae_create_model('carl', 'SELECT a, b FROM paid', '{"epochs": 1}');

-- a new owner, who must be a role of the old one
RESET ROLE;
GRANT regress_ae_team TO regress_ae_anna;
SET ROLE regress_ae_anna;
UPDATE ae_named_model SET owner = 'regress_ae_team' WHERE name = 'anna';
SELECT name, owner FROM ae_models WHERE is_current;
RESET ROLE;
REVOKE regress_ae_team FROM regress_ae_anna;
SET ROLE regress_ae_anna;
SELECT count(*) FROM ae_models;
-- a superuser may do everything
SET ROLE regress_ae_super;
SELECT name, owner FROM ae_models WHERE is_current ORDER BY name;
SELECT ae_drop_model('anna'), ae_drop_model('bert');
RESET ROLE;
DROP VIEW paid_score;
DROP FUNCTION score_as_anna;
DROP TABLE paid;
DROP ROLE regress_ae_anna, "regress_ae Bert", regress_ae_carl, regress_ae_team, regress_ae_super;
