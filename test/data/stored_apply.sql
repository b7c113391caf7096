-- Applies all stored models with the kernel :kernel, if this CPU has it.
SELECT ae_backend() #> '{kernel,available}' ? :'kernel' AS runs \gset
\if :runs
SET autoencoder.kernel = :kernel;

INSERT INTO stored_found
SELECT :'kernel', m.name, 'score', r.id,
	   ARRAY[ae_anomaly_score(model, r), ae_anomaly_pvalue(model, r)]
  FROM stored_model m, stored_row r WHERE 'score' = ANY (calls);
INSERT INTO stored_found
SELECT :'kernel', m.name, 'encode', r.id, ae_encode(model, r)
  FROM stored_model m, stored_row r WHERE 'encode' = ANY (calls);
INSERT INTO stored_found
SELECT :'kernel', m.name, 'decode', r.id,
	   ae_decode(model, ae_encode(model, r))
  FROM stored_model m, stored_row r WHERE 'decode' = ANY (calls);
INSERT INTO stored_found
SELECT :'kernel', m.name, 'reconstruct', r.id,
	   stored_numbers(ae_reconstruct(model, r))
  FROM stored_model m, stored_row r WHERE 'reconstruct' = ANY (calls);
INSERT INTO stored_found
SELECT :'kernel', m.name, 'impute', r.id, stored_numbers(ae_impute(model, r))
  FROM stored_model m, stored_row r WHERE 'impute' = ANY (calls);
INSERT INTO stored_found
SELECT :'kernel', m.name, 'explain', r.id,
	   (SELECT array_agg(contribution ORDER BY feature)
		  FROM ae_explain(model, r))
  FROM stored_model m, stored_row r WHERE 'explain' = ANY (calls);
INSERT INTO stored_found
SELECT :'kernel', m.name, 'predict', r.id,
	   (SELECT ARRAY[ascii(label), probability] FROM ae_predict(model, r))
  FROM stored_model m, stored_row r WHERE 'predict' = ANY (calls);
INSERT INTO stored_found
SELECT :'kernel', m.name, 'draw', r.id,
	   (SELECT array_agg(stored_numbers(drawn))
		  FROM ae_impute(model, r, 2, 7) drawn)
  FROM stored_model m, stored_row r
 WHERE 'draw' = ANY (calls) AND r.id IN (2, 3);
INSERT INTO stored_found
SELECT :'kernel', m.name, 'sample', ordinality, s
  FROM stored_model m, ae_sample(model, 4, 7) WITH ORDINALITY t (s, ordinality)
 WHERE 'sample' = ANY (calls);

-- sets of items, with weights, and with columns beside them
INSERT INTO stored_found
SELECT :'kernel', m.name, 'recommend', r.id,
	   (SELECT array_agg(score ORDER BY item)
		  FROM ae_recommend(model, items, 20, '{}'::integer[])) ||
	   (SELECT array_agg(ascii(item))::float8[]
		  FROM ae_recommend(model, items, 3))
  FROM stored_model m, stored_row r WHERE 'recommend' = ANY (calls);
INSERT INTO stored_found
SELECT :'kernel', m.name, 'recommend weights', r.id,
	   (SELECT array_agg(score ORDER BY item)
		  FROM ae_recommend(model, ROW(items, weights), 20, '{}'::integer[]))
  FROM stored_model m, stored_row r WHERE 'recommend weights' = ANY (calls);
INSERT INTO stored_found
SELECT :'kernel', m.name, 'recommend columns', r.id,
	   (SELECT array_agg(score ORDER BY item)
		  FROM ae_recommend(model, r, 20, '{}'::integer[]))
  FROM stored_model m, stored_row r WHERE 'recommend columns' = ANY (calls);
INSERT INTO stored_found
SELECT :'kernel', m.name, 'encode items', r.id, ae_encode(model, items)
  FROM stored_model m, stored_row r WHERE 'encode items' = ANY (calls);
INSERT INTO stored_found
SELECT :'kernel', m.name, 'similar', i,
	   (SELECT array_agg(score ORDER BY item)
		  FROM ae_similar_items(model, i, 20))
  FROM stored_model m, generate_series(1, 3) i WHERE 'similar' = ANY (calls);
RESET autoencoder.kernel;
\endif
