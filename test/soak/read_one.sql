\set m random(1, 3)
\set id random(1, 20000)
SELECT ae_anomaly_score('m' || :m, s), ae_encode('m' || :m, s)
  FROM source s WHERE id = :id;
