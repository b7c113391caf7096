\set m random(1, 3)
\set rows random(200, 800)
\set seed random(1, 1000000)
SELECT ae_create_model('m' || :m,
	format('SELECT * FROM input LIMIT %s', :rows),
	jsonb_build_object('epochs', 2, 'hidden', ARRAY[8], 'latent', 2,
					   'seed', :seed), replace => true);
