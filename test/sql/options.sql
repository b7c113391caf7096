-- options of ae_train()
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;
\set SHOW_CONTEXT never

CREATE TEMP TABLE sale AS
SELECT g % 13 * 1.5 AS amount, (ARRAY['x', 'y', 'z'])[1 + g % 3] AS shop,
	   g % 2 = 0 AS paid, g % 2 AS flag,
	   timestamptz '2024-01-01 00:00+00' + g * interval '1 hour' AS at
  FROM generate_series(1, 60) g;

CREATE FUNCTION pg_temp.options(options jsonb) RETURNS jsonb
LANGUAGE SQL AS
$$
	SELECT ae_info(ae_train(s, '{"epochs": 1}' || options)) -> 'options'
	  FROM sale s;
$$;
CREATE FUNCTION pg_temp.features(options jsonb)
RETURNS TABLE (name text, kind text, scaling text, width integer)
LANGUAGE SQL AS
$$
	SELECT f.name, f.kind, f.scaling, f.width
	  FROM (SELECT ae_train(s, '{"epochs": 1}' || options) AS m FROM sale s) t,
		   ae_features(m) f;
$$;

-- every option arrives in the model
SELECT o.key, pg_temp.options(jsonb_build_object(o.key, o.value)) -> o.key
	   = o.value AS arrived
  FROM jsonb_each('{"purpose": "embedding", "hidden": [5, 4], "latent": 3,
					"activation": "mish", "loss": "huber",
					"scaling": "robust", "epochs": 2, "batch_size": 7,
					"optimizer": "sgd", "learning_rate": 0.01,
					"schedule": "constant", "warmup": 0.1,
					"weight_decay": 0.001, "dropout": 0.1, "clip_norm": 2,
					"validation_fraction": 0.25, "patience": 3,
					"corruption": "mask", "corruption_rate": 0.4,
					"contraction": "hutchinson",
					"score": "error", "max_categories": 2,
					"min_frequency": 3, "time_zone": "Europe/Berlin",
					"seed": 7, "verbose": false}') o
 ORDER BY o.key;

-- all choices of all options are taken
SELECT o.key, string_agg(v, ' ' ORDER BY n) AS taken
  FROM (VALUES ('purpose', '{anomaly,embedding,imputation}'::text[]),
			   ('activation', '{relu,leaky_relu,elu,selu,gelu,silu,mish,tanh,sigmoid,softplus,linear}'),
			   ('loss', '{mse,mae,huber}'),
			   ('scaling', '{standard,robust,minmax,quantile,log,none}'),
			   ('optimizer', '{adamw,adam,sgd,rmsprop,adagrad}'),
			   ('schedule', '{cosine,one_cycle,constant}'),
			   ('corruption', '{none,gaussian,mask,swap,salt_pepper}'),
			   ('contraction', '{none,exact,hutchinson}'),
			   ('variant', '{plain,sparse,variational}')) o (key, choices),
	   unnest(choices) WITH ORDINALITY AS u (v, n)
 WHERE pg_temp.options(jsonb_build_object(o.key, v)) ->> o.key = v
 GROUP BY o.key ORDER BY o.key;

-- "auto" is resolved
SELECT pg_temp.options('{"latent": "auto", "hidden": "auto", "epochs": 1}')
	   -> 'latent' > '0' AS resolved;

-- columns
SELECT * FROM pg_temp.features('{}');
SELECT * FROM pg_temp.features('{"columns": {
	"amount": {"scaling": "log", "loss": "mae", "weight": 2},
	"shop": {"max_categories": 2, "min_frequency": 1},
	"paid": {"skip": true},
	"flag": {"kind": "binary"},
	"at": {"kind": "numeric"}}}');
SELECT * FROM pg_temp.features('{"scaling": "minmax", "columns": {
	"amount": {"kind": "category"},
	"shop": {"skip": true},
	"paid": {"kind": "numeric"},
	"flag": {"scaling": "auto", "skip": false},
	"at": {"skip": true}}}');
SELECT name, kind, scaling
  FROM (SELECT ae_train(ARRAY[flag, amount],
						'{"epochs": 1, "columns": {"1": {"kind": "binary"},
						  "2": {"scaling": "quantile"}}}') AS m
		  FROM sale) s, ae_features(m);

-- the time zone is the session's unless given, and stays in the model
SET TimeZone = 'Asia/Tokyo';
SELECT pg_temp.options('{}') ->> 'time_zone' AS zone;
SELECT pg_temp.options('{"time_zone": "America/New_York"}') ->> 'time_zone'
	   AS zone;
SET TimeZone = '+03:30';
SELECT pg_temp.options('{}') ->> 'time_zone' AS zone;
RESET TimeZone;
CREATE TEMP TABLE sale_model AS
SELECT ae_train(s, '{"epochs": 1, "time_zone": "Asia/Tokyo"}') AS m
  FROM (SELECT at FROM sale) s;
CREATE TEMP TABLE sale_score AS
SELECT s.at, ae_anomaly_score(m, s) AS score,
	   to_jsonb(ae_reconstruct(m, s)) AS expected
  FROM (SELECT at FROM sale) s, sale_model;
SET TimeZone = 'America/Los_Angeles';
SET DateStyle = 'German';
SELECT count(*) AS rows,
	   bool_and(ae_anomaly_score(m, s) = score) AS same_score,
	   bool_and((to_jsonb(ae_reconstruct(m, s)) ->> 'at')::timestamptz
				= (expected ->> 'at')::timestamptz) AS same_row
  FROM sale_score s, sale_model;
RESET DateStyle;
RESET TimeZone;
-- it need not exist on another server
SELECT ae_anomaly_score(overlay(z PLACING sha256(substr(z, 65)) FROM 25),
						ROW(now()))
  FROM (SELECT overlay(m PLACING 'Asia/Older' FROM position('Asia/Tokyo' IN m))
			   AS z
		  FROM sale_model) s;
SET TimeZone = '<ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJKL>0';
SELECT pg_temp.options('{}');
SET TimeZone = '<A"B>3';
SELECT pg_temp.options('{}');
RESET TimeZone;

-- options that do not exist
SELECT pg_temp.options('{"latnet": 8}');
SELECT pg_temp.options('{"batchsize": 8, "epochs": 1}');
SELECT pg_temp.options('{"colour": 8}');
SELECT pg_temp.options('{"": 8}');
SELECT pg_temp.options('{"columns": {"shop": {"kinds": "category"}}}');
SELECT pg_temp.options('{"columns": {"shop": {"colour": "red"}}}');
SELECT pg_temp.options('{"columns": {"shops": {"skip": true}}}');
SELECT ae_train(ROW(1, 2), '{"columns": {"shops": {"skip": true}}}');

-- options of single columns that their kind does not have
SELECT pg_temp.options('{"columns": {"shop": {"scaling": "log"}}}');
SELECT pg_temp.options('{"columns": {"paid": {"loss": "mae"}}}');
SELECT pg_temp.options('{"columns": {"amount": {"max_categories": 9}}}');
SELECT ae_train(ARRAY[1, 2], '{"columns": {"2": {"min_frequency": 9}}}');

-- values out of range or of the wrong type
SELECT ae_train(s, '[]') FROM sale s;
SELECT ae_train(s, '8') FROM sale s;
SELECT ae_train(s, 'null') FROM sale s;
SELECT pg_temp.options('{"latent": 0}');
SELECT pg_temp.options('{"latent": 2.5}');
SELECT pg_temp.options('{"latent": 1e400}');
SELECT pg_temp.options('{"latent": "many"}');
SELECT pg_temp.options('{"latent": true}');
SELECT pg_temp.options('{"latent": null}');
SELECT pg_temp.options('{"latent": [8]}');
SELECT pg_temp.options('{"latent": {"units": 8}}');
SELECT pg_temp.options('{"hidden": 64}');
SELECT pg_temp.options('{"hidden": [64, "32"]}');
SELECT pg_temp.options('{"hidden": [64, [32]]}');
SELECT pg_temp.options('{"hidden": [64, 0]}');
SELECT pg_temp.options('{"hidden": [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]}');
SELECT pg_temp.options('{"activation": "rleu"}');
SELECT pg_temp.options('{"verbose": 1}');
SELECT pg_temp.options('{"learning_rate": -1}');
SELECT pg_temp.options('{"time_zone": "Mars/Olympus"}');
SELECT pg_temp.options('{"time_zone": 3}');
SELECT pg_temp.options('{"columns": []}');
SELECT pg_temp.options('{"columns": {"shop": true}}');
SELECT pg_temp.options('{"columns": {"shop": {"skip": "yes"}}}');
SELECT pg_temp.options('{"columns": {"shop": {"kind": "word"}}}');
SELECT pg_temp.options('{"columns": {"shop": {"kind": 1}}}');
SELECT pg_temp.options('{"columns": {"amount": {"scaling": "wide"}}}');
SELECT pg_temp.options('{"columns": {"amount": {"weight": 0}}}');
SELECT pg_temp.options('{"columns": {"amount": {"weight": 1e308}}}');
SELECT pg_temp.options('{"columns": {"amount": {"weight": "big"}}}');
SELECT pg_temp.options('{"columns": {"shop": {"max_categories": 0}}}');

-- kinds that a type cannot have
SELECT pg_temp.options('{"columns": {"shop": {"kind": "numeric"}}}');
SELECT pg_temp.options('{"columns": {"at": {"kind": "category"}}}');
SELECT pg_temp.options('{"columns": {"amount": {"kind": "calendar"}}}');
SELECT pg_temp.options('{"columns": {"amount": {"kind": "binary"}}}');
SELECT ae_train(ARRAY[1, 2], '{"columns": {"2": {"kind": "category"}}}');
SELECT ae_train(ARRAY[1, 2], '{"columns": {"2": {"skip": true}}}');
SELECT ae_train(ARRAY[1, 2], '{"columns": {"3": {"weight": 2}}}');
SELECT ae_train(s, '{"columns": {"amount": {"skip": true}}}')
  FROM (SELECT amount FROM sale) s;

-- options may come from a column, but must not change
SELECT ae_train(ARRAY[g, g % 3], o) IS NOT NULL AS trained
  FROM generate_series(1, 9) g, (VALUES ('{"epochs": 1}'::jsonb)) v (o);
SELECT ae_train(ARRAY[g], jsonb_build_object('epochs', 1 + g % 2))
  FROM generate_series(1, 9) g;
SELECT ae_train(ARRAY[g], CASE WHEN g < 5 THEN '{"epochs": 1}'::jsonb END)
  FROM generate_series(1, 9) g;
