# A training that is cancelled stops soon, leaves no temporary file, and the
# session goes on.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

# seconds from the time-out to the error, on a busy machine
use constant SOON => 3;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION autoencoder');

my $rows = q{FROM generate_series(1, %d) i,
	LATERAL (SELECT ARRAY[sin(i), cos(i), i %% 7, i %% 13, i %% 101]) t(a)};

sub cancelled
{
	my ($name, $options, $count) = @_;
	my $began = time;
	my ($out, $err);

	# after the error, the same session counts files and trains again
	$node->psql(
		'postgres',
		"SET maintenance_work_mem = '1MB';
		 SET statement_timeout = '1s';
		 SELECT ae_train(a, '$options') " . sprintf($rows, $count) . ";
		 SET statement_timeout = 0;
		 SELECT 'files', count(*) FROM pg_ls_tmpdir();
		 SELECT 'trained', ae_train(a, '{\"epochs\": 1}') IS NOT NULL "
		  . sprintf($rows, 100),
		stdout => \$out,
		stderr => \$err,
		on_error_stop => 0);
	my $took = time - $began;

	like($err, qr/canceling statement due to statement timeout/,
		"$name is cancelled");
	cmp_ok($took, '<', 1 + SOON, "$name stops soon");
	like($out, qr/^files\|0$/m, "$name leaves no temporary file");
	like($out, qr/^trained\|t$/m, "the session trains again after $name");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_ls_tmpdir()'),
		'0', "no temporary file is left after the session of $name");
}

cancelled('reading of rows', '{}', 1_000_000_000);
cancelled('training in memory', '{"epochs": 100000}', 1_000);
cancelled('training from temporary files',
	'{"epochs": 10000, "hidden": [8], "latent": 2}', 100_000);

# overrides are looked up for each of many columns before any row is kept
my $err;
$node->psql(
	'postgres',
	q{SET statement_timeout = '1s';
	  SELECT ae_train(array_fill(1::real, ARRAY[90000]),
					  jsonb_build_object('columns', o))
	  FROM (SELECT jsonb_object_agg('c' || i, '{}'::jsonb) AS o
			FROM generate_series(1, 40000) i) s},
	stderr => \$err);
like($err, qr/canceling statement due to statement timeout/,
	'the lookup of overrides is cancelled');

$node->stop;
done_testing();
