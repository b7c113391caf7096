-- may fail to serialize, as documented
\set m random(1, 3)
\set seed random(1, 1000000)
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM source;
SELECT ae_create_model('m' || :m, 'SELECT * FROM input LIMIT 300',
	jsonb_build_object('epochs', 2, 'hidden', ARRAY[8], 'latent', 2,
					   'seed', :seed), replace => true);
COMMIT;
