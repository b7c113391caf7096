-- a model of this session: all its life, half of it in a transaction that is
-- rolled back
SELECT ae_create_model('s' || pg_backend_pid(),
	'SELECT * FROM input LIMIT 200',
	'{"epochs": 1, "hidden": [4], "latent": 1}', replace => true);
SELECT ae_store_model('s' || pg_backend_pid(), ae_model('m1'));
SELECT ae_grant_model('s' || pg_backend_pid(), 'public');
BEGIN;
SELECT ae_prune_model('s' || pg_backend_pid(), 1);
SELECT ae_rename_model('s' || pg_backend_pid(), 't' || pg_backend_pid());
SELECT ae_anomaly_score('t' || pg_backend_pid(), s) FROM source s LIMIT 5;
ROLLBACK;
SELECT ae_drop_model('s' || pg_backend_pid());
