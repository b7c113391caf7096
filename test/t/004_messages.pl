# Messages whose text varies, or that take two databases.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--no-locale', '--encoding=UTF8' ]);
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION autoencoder');

# what psql prints to stderr
sub complaint
{
	my ($database, $query) = @_;
	my ($out, $err);
	$node->psql(
		$database, $query,
		stdout => \$out,
		stderr => \$err,
		on_error_stop => 0);
	return $err;
}

my $rows = q{FROM generate_series(1, 100) i,
	LATERAL (SELECT ARRAY[sin(i), cos(i)]) t(a)};

my $err = complaint('postgres',
	qq(SELECT ae_train(a, '{"epochs": 2, "verbose": true, "validation_fraction": 0}') IS NULL $rows)
);
like(
	$err,
	qr/INFO:  epoch 1 of 2: training loss [0-9.]+, learning rate [0-9.e-]+$/m,
	'verbose tells about the first epoch');
like(
	$err,
	qr/INFO:  epoch 2 of 2: training loss [0-9.]+, learning rate [0-9.e-]+$/m,
	'verbose tells about the last epoch');

$err = complaint('postgres',
	qq(SELECT ae_train(a, '{"epochs": 1, "verbose": true, "validation_fraction": 0.2}') IS NULL $rows)
);
like(
	$err,
	qr/INFO:  epoch 1 of 1: training loss [0-9.]+, validation loss [0-9.]+, learning rate [0-9.e-]+$/m,
	'verbose tells the validation loss');

$err = complaint('postgres', qq(SELECT ae_train(a, '{"epochs": 1}') IS NULL $rows));
is($err, '', 'a training is silent otherwise');

# A label in LATIN1 is no text in UTF8; a model brought over by its bytes must
# not smuggle it in.
$node->safe_psql('postgres',
	q{CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0});
my $model = $node->safe_psql(
	'latin', q{
CREATE EXTENSION autoencoder;
SELECT ae_train(t, '{"epochs": 1}')
FROM (SELECT chr(233) || i % 2 AS label, sin(i) AS x
	  FROM generate_series(1, 100) i) t});
like(
	complaint(
		'postgres',
		"SELECT ae_anomaly_score('$model'::bytea, t) FROM (SELECT 'a' AS label, 1.0::float8 AS x) t"
	),
	qr/ERROR:  model has text that is not valid in encoding "UTF8"/,
	'a model of another encoding is refused');

$node->stop;
done_testing();
