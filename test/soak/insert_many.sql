\set m random(1, 3)
\set id random(1, 19900)
BEGIN ISOLATION LEVEL REPEATABLE READ;
INSERT INTO scored_:m (a, b, c, d, version, level)
SELECT s.a, s.b * 0.9, s.c, s.d, n.current_version,
	   current_setting('transaction_isolation')
  FROM source s, ae_named_model n
 WHERE s.id BETWEEN :id AND :id + 40 AND n.name = 'm' || :m;
COMMIT;
