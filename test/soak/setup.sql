-- Tables, models and triggers of the soak: three models, each with a table
-- whose rows it scores as they are inserted.
CREATE EXTENSION autoencoder;

CREATE TABLE source AS
SELECT g AS id, sin(g) AS a, cos(g * 1.7) AS b, g % 11 AS c, 'k' || g % 5 AS d
  FROM generate_series(1, 20000) g;
ALTER TABLE source ADD PRIMARY KEY (id);
CREATE VIEW input AS SELECT a, b, c, d FROM source;

-- a session's memory, as it tells by itself
CREATE TABLE memory (at timestamptz DEFAULT clock_timestamp(), pid integer,
					 bytes bigint);

SELECT ae_create_model('m' || m, 'SELECT * FROM input LIMIT 500',
					   '{"epochs": 2, "hidden": [8], "latent": 2}')
  FROM generate_series(1, 3) m;

CREATE TABLE scored (id bigserial PRIMARY KEY, a float8, b float8, c integer,
					 d text, score float8, version integer, level text);
SELECT format('CREATE TABLE scored_%s (LIKE scored INCLUDING ALL);
			   CREATE TRIGGER score BEFORE INSERT ON scored_%1$s
				   FOR EACH ROW EXECUTE FUNCTION ae_score_trigger(''m%1$s'',
																  ''score'')',
			  m)
  FROM generate_series(1, 3) m \gexec
