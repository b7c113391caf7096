\set m random(1, 3)
\set id random(1, 19000)
SELECT count(*), max(ae_anomaly_score('m' || :m, s))
  FROM source s WHERE id BETWEEN :id AND :id + 500;
