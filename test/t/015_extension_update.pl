# ALTER EXTENSION UPDATE leaves what CREATE EXTENSION makes, and keeps the
# models that were there.  The older version is made for the occasion.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
my $directory = $node->config_data('--sharedir') . '/extension';
my @scripts =
  map { "$directory/autoencoder--$_.sql" } ('0.9', '0.9--1.0');

# the server looks for scripts nowhere else
plan skip_all => "$directory cannot be written to" unless -w $directory;

command_ok(
	[
		$^X, 'test/update/older_version.pl',
		"$directory/autoencoder--1.0.sql", '1.0', $directory
	],
	'make an older version');

$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE new');
$node->safe_psql('postgres', 'CREATE DATABASE updated');
$node->safe_psql('new', 'CREATE EXTENSION autoencoder');
$node->safe_psql(
	'updated', q{
CREATE EXTENSION autoencoder VERSION '0.9';
CREATE TABLE reading AS
SELECT g AS id, g % 17 AS a, g % 23 AS b FROM generate_series(1, 200) g;
CREATE TABLE model AS
SELECT ae_train(r, '{"epochs": 2}') AS model FROM reading r;
INSERT INTO ae_named_model (name, current_version) VALUES ('old', 1);
INSERT INTO ae_model_version (name, version, model) SELECT 'old', 1, model FROM model;
});
my $scores = q{
SELECT md5(string_agg(ae_anomaly_score(model, r)::text, ' ' ORDER BY id))
FROM reading r, model};
my $before = $node->safe_psql('updated', $scores);
my $catalog = slurp_file('test/update/catalog.sql');
my $new = $node->safe_psql('new', $catalog);

isnt($node->safe_psql('updated', $catalog), $new,
	'the older version is another');
$node->safe_psql('updated', 'ALTER EXTENSION autoencoder UPDATE');
is($node->safe_psql('updated', $catalog), $new,
	'an update leaves what a new installation has');
cmp_ok(scalar(split /\n/, $new), '>', 300, 'all of it was compared');

is($node->safe_psql('updated', $scores), $before, 'scores as before');
is( $node->safe_psql(
		'updated', q{
SELECT ae_model('old') = model, ae_anomaly_score('old', r) = ae_anomaly_score(model, r)
FROM model, reading r WHERE id = 1}),
	't|t',
	'a model that was there has its name');
is( $node->safe_psql(
		'updated', "SELECT ae_update_model('old', 'TABLE reading', note => 'n')"),
	'2',
	'and another version');

# nobody else's business
my $dump = $node->backup_dir . '.sql';
command_ok([ 'pg_dump', '-f', $dump, $node->connstr('updated') ], 'dump');
$node->safe_psql('postgres', 'CREATE DATABASE restored');
command_ok(
	[
		'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1',
		'-f', $dump, $node->connstr('restored')
	],
	'restore');
is($node->safe_psql('restored', $catalog), $new, 'which gives a new installation');
is($node->safe_psql('restored', $scores), $before, 'with the same scores');

$node->stop;
done_testing();

END
{
	my $status = $?;
	unlink @scripts if @scripts;
	$? = $status;
}
