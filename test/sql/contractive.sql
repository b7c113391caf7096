-- A penalty on how strongly the code follows the input.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;
SET autoencoder.workers = 0;

CREATE TABLE contractive_row AS
SELECT i, sin(i) AS a, cos(i) AS b, sin(i) + cos(i * 1.7) AS c, CASE WHEN i % 7 > 0 THEN cos(i * 0.3) END AS d, 'k' || i % 3 AS kind
FROM generate_series(1, 1000) i;
CREATE VIEW contractive_feature AS SELECT a, b, c, d, kind FROM contractive_row;

CREATE TABLE contractive_model (name text PRIMARY KEY, model bytea);
INSERT INTO contractive_model
SELECT name, (SELECT ae_train(r, '{"hidden": [16, 8], "latent": 2, "epochs": 30, "corruption": "none", "score": "error"}'::jsonb || options::jsonb)
              FROM contractive_feature r)
FROM (VALUES ('plain', '{}'),
             ('zero', '{"contraction": "exact", "contraction_weight": 0}'),
             ('auto', '{"contraction": "exact"}'),
             ('exact', '{"contraction": "exact", "contraction_weight": 0.1}'),
             ('hutchinson', '{"contraction": "hutchinson", "contraction_weight": 0.1}')) v(name, options);

-- the weight is resolved
SELECT name, ae_info(model) #> '{options,contraction}' AS contraction, ae_info(model) #> '{options,contraction_weight}' AS weight
FROM contractive_model ORDER BY name;

-- how far the code moves when a number does, against the model without
CREATE FUNCTION movement(which text) RETURNS float8 LANGUAGE SQL AS $$
  SELECT sqrt(avg((x.value - y.value) ^ 2))
  FROM contractive_model, contractive_row r,
       LATERAL unnest(ae_encode(model, ROW(r.a, r.b, r.c, r.d, r.kind)::contractive_feature),
                      ae_encode(model, ROW(r.a + 0.01, r.b, r.c, r.d, r.kind)::contractive_feature)) z(one, other),
       LATERAL (SELECT z.one AS value) x, LATERAL (SELECT z.other AS value) y
  WHERE name = which $$;
SELECT name, movement(name) < movement('plain') / 2 AS moves_less FROM contractive_model WHERE name IN ('exact', 'hutchinson') ORDER BY name;

-- a weight of 0 is no penalty
SELECT count(DISTINCT ae_encode(model, r)) = count(DISTINCT r) AS same
FROM contractive_model, contractive_feature r WHERE name IN ('plain', 'zero');

-- the training loss has the penalty in it
SELECT m.name, h.train_loss > p.train_loss AS costs_more
FROM contractive_model m, LATERAL ae_history(m.model) h, LATERAL (SELECT x.* FROM contractive_model o, LATERAL ae_history(o.model) x WHERE o.name = 'plain') p
WHERE m.name IN ('exact', 'hutchinson') AND h.epoch = 30 AND p.epoch = 30
ORDER BY m.name;

-- updates keep it
SELECT ae_info(u.model) #>> '{options,contraction}' AS contraction, ae_info(u.model) #>> '{options,contraction_weight}' AS weight
FROM (SELECT ae_update(m.model, r, '{"epochs": 1}') AS model FROM contractive_model m, contractive_feature r WHERE m.name = 'exact' GROUP BY m.name) u;
SELECT length(ae_update(m.model, r, '{"contraction": "none"}')) FROM contractive_model m, contractive_feature r WHERE m.name = 'exact' GROUP BY m.name;

-- with every kind of network
SELECT hidden, round((ae_history(model)).train_loss::numeric, 1) < 100 AS trained
FROM (VALUES ('[]'), ('[8]'), ('[16, 8, 4]')) v(hidden),
     LATERAL (SELECT ae_train(r, format('{"epochs": 1, "hidden": %s, "activation": "gelu", "contraction": "exact"}', hidden)::jsonb) AS model FROM contractive_feature r) t
ORDER BY hidden;

-- with every kind of code
SELECT variant, ae_info(model) #>> '{options,variant}' AS trained, ae_info(model) #>> '{options,contraction_weight}' AS weight
FROM (VALUES ('sparse'), ('variational')) v(variant),
     LATERAL (SELECT ae_train(r, format('{"epochs": 1, "variant": "%s", "contraction": "exact"}', variant)::jsonb) AS model FROM contractive_feature r) t
ORDER BY variant;

-- a weight of no contraction
SELECT ae_train(r, '{"contraction_weight": 0.1}') FROM contractive_feature r;
SELECT ae_train(r, '{"contraction": "none", "contraction_weight": 0}') FROM contractive_feature r;
SELECT ae_info(ae_train(r, '{"epochs": 1, "contraction_weight": "auto"}')) #> '{options,contraction_weight}' AS weight FROM contractive_feature r;

-- wrong values
SELECT ae_train(r, '{"contraction": "auto"}') FROM contractive_feature r;
SELECT ae_train(r, '{"contraction": null}') FROM contractive_feature r;
SELECT ae_train(r, '{"contraction": 1}') FROM contractive_feature r;
SELECT ae_train(r, '{"contraction": "exact", "contraction_weight": -0.1}') FROM contractive_feature r;
SELECT ae_train(r, '{"contraction": "exact", "contraction_weight": null}') FROM contractive_feature r;

DROP FUNCTION movement;
DROP TABLE contractive_model;
DROP VIEW contractive_feature;
DROP TABLE contractive_row;
