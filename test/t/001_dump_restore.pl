# A model that was dumped and restored gives the same scores.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

$node->safe_psql(
	'postgres', q{
CREATE EXTENSION autoencoder;
CREATE TABLE payment AS
SELECT i AS id,
	   (20 + 10 * sin(i) + i % 7)::numeric(10,2) AS amount,
	   (ARRAY['food', 'fuel', 'travel'])[1 + i % 3] AS kind,
	   timestamptz '2024-01-01 00:00+00' + i * interval '37 min' AS at,
	   nullif(i % 11, 0) AS items
FROM generate_series(1, 400) i;
CREATE TABLE model AS
SELECT 'payment' AS name,
	   ae_train(p, '{"epochs": 5, "columns": {"id": {"skip": true}}}') AS model
FROM payment p;

-- a generated column and an index, as the reference shows them
DO $do$
BEGIN
	EXECUTE format('CREATE FUNCTION pair_model() RETURNS bytea IMMUTABLE
					PARALLEL SAFE LANGUAGE plpgsql AS
					$$BEGIN RETURN %L::bytea; END$$',
				   ae_train(p, '{"epochs": 5}'))
	FROM (SELECT amount, kind FROM payment) p;
END
$do$;
ALTER TABLE payment ADD pair_score float8 GENERATED ALWAYS AS
	(ae_anomaly_score(pair_model(), ROW(amount, kind))) STORED;
CREATE INDEX ON payment (ae_anomaly_score(pair_model(), ROW(amount, kind)));
});

# the scores to the last digit, and the model's bytes
my $query = q{
SELECT count(DISTINCT s) > 100, md5(string_agg(s::text, ',' ORDER BY id)),
	   min(md5(model)), md5(string_agg(pair_score::text, ',' ORDER BY id))
FROM (SELECT p.id, p.pair_score, m.model, ae_anomaly_score(m.model, p) AS s
	  FROM payment p, model m) t};
my $before = $node->safe_psql('postgres', $query);
like($before, qr/^t\|/, 'rows have different scores');

my $dump = $node->backup_dir . '.dump';

command_ok(
	[ 'pg_dump', '-f', "$dump.sql", $node->connstr('postgres') ],
	'dump as SQL');
$node->safe_psql('postgres', 'CREATE DATABASE plain');
command_ok(
	[
		'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1',
		'-f', "$dump.sql", $node->connstr('plain')
	],
	'restore from SQL');
is($node->safe_psql('plain', $query),
	$before, 'same scores after a restore from SQL');

command_ok(
	[ 'pg_dump', '-Fc', '-f', "$dump.custom", $node->connstr('postgres') ],
	'dump in the custom format');
$node->safe_psql('postgres', 'CREATE DATABASE custom');
command_ok([ 'pg_restore', '-d', $node->connstr('custom'), "$dump.custom" ],
	'restore from the custom format');
is($node->safe_psql('custom', $query),
	$before, 'same scores after a restore from the custom format');

$node->restart;
is($node->safe_psql('postgres', $query),
	$before, 'same scores after a restart');

$node->stop;
done_testing();
