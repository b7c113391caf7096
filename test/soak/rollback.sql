\set m random(1, 3)
SELECT ae_rollback_model(v.name, v.version) FROM ae_models v
 WHERE v.name = 'm' || :m ORDER BY random() LIMIT 1;
