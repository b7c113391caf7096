-- a name means the version of the snapshot, to the last bit; division by zero
-- ends the soak
\set m random(1, 3)
\set id random(1, 19000)
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT 1 / (count(*) = 100)::integer
  FROM source s, ae_named_model n,
	   LATERAL ae_model(n.name, n.current_version) AS model
 WHERE s.id BETWEEN :id AND :id + 99 AND n.name = 'm' || :m AND
	   float8send(ae_anomaly_score('m' || :m, s)) =
	   float8send(ae_anomaly_score(model, s));
COMMIT;
