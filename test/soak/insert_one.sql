\set m random(1, 3)
\set id random(1, 20000)
INSERT INTO scored_:m (a, b, c, d, version, level)
SELECT s.a + 0.1, s.b, s.c, s.d, n.current_version,
	   current_setting('transaction_isolation')
  FROM source s, ae_named_model n WHERE s.id = :id AND n.name = 'm' || :m;
