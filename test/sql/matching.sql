-- Codes that are matched to a standard normal distribution.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS autoencoder;
RESET client_min_messages;
SET autoencoder.workers = 0;

-- two numbers decide the others, neither of them normal
CREATE TABLE matching_row AS
SELECT i, 3 + sin(i) AS a, sin(i) ^ 2 AS b, CASE WHEN i % 11 > 0 THEN (i * 0.618) % 1 END AS c, sin(i) + 2 * ((i * 0.618) % 1) AS d, 'k' || i % 3 AS kind
FROM generate_series(1, 1500) i;
CREATE VIEW matching_feature AS SELECT a, b, c, d, kind FROM matching_row;

CREATE TABLE matching_model (name text PRIMARY KEY, model bytea);
INSERT INTO matching_model
SELECT name, (SELECT ae_train(r, '{"purpose": "embedding", "hidden": [16], "latent": 2, "epochs": 60}'::jsonb || options::jsonb)
              FROM matching_feature r)
FROM (VALUES ('plain', '{}'),
             ('mmd', '{"matching": "mmd", "matching_weight": 1}'),
             ('adversarial', '{"matching": "adversarial", "matching_weight": 0.1}')) v(name, options);

-- codes near draws: the squared discrepancy, means and deviations
SELECT name, ae_info(model) #>> '{options,matching}' AS matching, ae_info(model) #> '{options,matching_weight}' AS weight,
       abs((ae_info(model) #>> '{code,mmd}')::float8) < 0.15 AS near
FROM matching_model ORDER BY name;
SELECT name, bool_and(abs(mean) < 0.4) AS centred, bool_and(abs(deviation - 1) < 0.4) AS scaled
FROM (SELECT name, u.n, avg(u.unit) AS mean, stddev(u.unit) AS deviation
      FROM matching_model, matching_feature r, LATERAL unnest(ae_encode(model, r)) WITH ORDINALITY u(unit, n) GROUP BY name, n) s
GROUP BY name ORDER BY name;

-- a critic is no part of the model
SELECT name, (ae_info(model) ->> 'parameters')::int AS parameters FROM matching_model ORDER BY name;

-- the defaults
SELECT matching, ae_info(model) #> '{options,matching_weight}' AS weight
FROM (VALUES ('mmd'), ('adversarial')) v(matching),
     LATERAL (SELECT ae_train(r, format('{"epochs": 1, "matching": "%s"}', matching)::jsonb) AS model FROM matching_feature r) t
ORDER BY matching;

-- updates go on with a new critic, merges average
SELECT m.name, ae_info(u.model) #>> '{options,matching}' AS matching, (ae_info(u.model) #>> '{code,mmd}')::float8 < 0.3 AS near
FROM matching_model m, LATERAL (SELECT ae_update(m.model, r, '{"epochs": 2}') AS model FROM matching_feature r) u
WHERE m.name <> 'plain' ORDER BY m.name;
SELECT m.name, ae_info(u.model) #>> '{code,mmd}' = ae_info(m.model) #>> '{code,mmd}' AS same
FROM matching_model m, LATERAL (SELECT ae_merge(model) AS model FROM (VALUES (m.model), (m.model)) v(model)) u
WHERE m.name = 'mmd';

-- with few rows
SELECT matching, n, ae_info(model) #>> '{options,matching}' AS trained
FROM (VALUES ('mmd'), ('adversarial')) v(matching), (VALUES (2), (3), (65)) w(n),
     LATERAL (SELECT ae_train(r, format('{"epochs": 2, "matching": "%s"}', matching)::jsonb) AS model FROM (SELECT * FROM matching_feature LIMIT n) r) t
ORDER BY matching, n;

-- with sparse codes, with a penalty, with rows to generate
SELECT name, ae_info(model) #>> '{options,matching}' AS trained, ae_info(model) #> '{code,mmd}' IS NOT NULL AS told
FROM (VALUES ('sparse', '{"variant": "sparse"}'), ('contractive', '{"contraction": "exact"}'), ('generation', '{"purpose": "generation"}')) v(name, options),
     (VALUES ('mmd'), ('adversarial')) w(matching),
     LATERAL (SELECT ae_train(r, options::jsonb || format('{"epochs": 1, "matching": "%s"}', matching)::jsonb) AS model FROM matching_feature r) t
ORDER BY name, trained;

-- a weight of no matching, codes that cannot be matched
SELECT ae_train(r, '{"matching_weight": 0.1}') FROM matching_feature r;
SELECT ae_train(r, '{"matching": "none", "matching_weight": 0}') FROM matching_feature r;
SELECT ae_info(ae_train(r, '{"epochs": 1, "matching": "none", "matching_weight": "auto"}')) #> '{options,matching_weight}' AS weight FROM matching_feature r;
SELECT ae_info(ae_train(r, '{"epochs": 1, "variant": "variational", "matching": "none"}')) #> '{options,variant}' AS variant FROM matching_feature r;
SELECT ae_train(r, '{"variant": "variational", "matching": "mmd"}') FROM matching_feature r;
SELECT ae_train(r, '{"variant": "sparse", "sparsity": "kl", "matching": "adversarial"}') FROM matching_feature r;

-- wrong values
SELECT ae_train(r, '{"matching": "auto"}') FROM matching_feature r;
SELECT ae_train(r, '{"matching": null}') FROM matching_feature r;
SELECT ae_train(r, '{"matching": 1}') FROM matching_feature r;
SELECT ae_train(r, '{"matching": "mmd", "matching_weight": -0.1}') FROM matching_feature r;
SELECT ae_train(r, '{"matching": "mmd", "matching_weight": null}') FROM matching_feature r;
SELECT ae_update(m.model, r, '{"matching": "none"}') FROM matching_model m, matching_feature r WHERE m.name = 'mmd' GROUP BY m.name;

DROP TABLE matching_model;
DROP VIEW matching_feature;
DROP TABLE matching_row;
