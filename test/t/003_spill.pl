# Rows beyond maintenance_work_mem go to temporary files, and the model is the
# same to the byte.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'log_temp_files = 0');
$node->start;

$node->safe_psql(
	'postgres', q{
CREATE EXTENSION autoencoder;
CREATE TABLE reading AS
SELECT i % 2 AS part, sin(i) AS a, cos(i * 0.7) AS b, (i % 17)::float8 AS c,
	   'k' || i % 5 AS kind, i % 3 = 0 AS flag
FROM generate_series(1, 300000) i;
});

# trains with that much memory; returns the output and the number of temporary
# files that the server logged
sub train
{
	my ($memory, $query) = @_;
	my $offset = -s $node->logfile;
	my ($out, $err);

	$node->psql(
		'postgres', "SET maintenance_work_mem = '$memory'; $query",
		stdout => \$out,
		stderr => \$err,
		on_error_stop => 0);
	my $log = substr(slurp_file($node->logfile), $offset);
	my $nfiles = () = $log =~ /temporary file: path/g;
	return ($out, $nfiles, $err);
}

my $options = '{"epochs": 2, "hidden": [8], "latent": 2}';
my $one = "SELECT md5(ae_train(r, '$options')) FROM reading r";
my $groups = "SELECT part, md5(ae_train(r, '$options')) FROM reading r
	GROUP BY part ORDER BY part";

my ($in_memory, $none) = train('512MB', $one);
my ($spilled, $some) = train('1MB', $one);
like($in_memory, qr/^[0-9a-f]{32}$/, 'a model is trained in memory');
is($none, 0, 'no temporary file with enough memory');
cmp_ok($some, '>', 0, 'temporary files without');
is($spilled, $in_memory, 'the model is the same to the byte');

($in_memory, $none) = train('512MB', $groups);
($spilled, $some) = train('1MB', $groups);
cmp_ok($some, '>', 0, 'temporary files under GROUP BY');
is($spilled, $in_memory, 'the models of groups are the same to the byte');

my ($out, $nfiles, $err) =
  train('1MB', "SET temp_file_limit = '1MB'; $one");
like($err, qr/temporary file size exceeds "?temp_file_limit"?/,
	'temp_file_limit holds');
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_ls_tmpdir()'),
	'0', 'no temporary file is left');

# sets of items, in rows beside columns, too, and in updates that grow
$node->safe_psql(
	'postgres', q{
CREATE TABLE basket AS
SELECT u AS id, u % 10 AS age, u % 2 AS part,
	   ARRAY(SELECT (u % 7) * 40 + (u * 3 + i * i * 11) % 40 + CASE WHEN u > 29000 THEN 300 ELSE 0 END
			   FROM generate_series(1, 12) i) AS items
FROM generate_series(1, 30000) u;
CREATE TABLE shop AS
SELECT ae_train(items, '{"variant": "mult_dae", "latent": 4, "epochs": 1}') AS model
FROM basket WHERE id < 3000;
});
my %sets = (
	'a network' => q{SELECT md5(ae_train(items, '{"variant": "mult_dae",
		"latent": 4, "epochs": 2, "validation_fraction": 0.02}')) FROM basket},
	'ease' => q{SELECT md5(ae_train(items, '{"input": "set", "min_frequency": 829}'))
		FROM basket},
	'columns beside the set' => q{SELECT md5(ae_train(b, '{"variant": "mult_vae",
		"hidden": [], "latent": 4, "epochs": 1, "columns": {"id": {"skip": true},
		"items": {"kind": "set"}}}')) FROM basket b},
	'groups' => q{SET work_mem = '64MB'; SELECT part, md5(ae_train(items, '{"variant": "mult_dae",
		"latent": 4, "epochs": 1}')) FROM basket GROUP BY part ORDER BY part},
	'an update' => q{SELECT md5(ae_update((SELECT model FROM shop), items,
		'{"grow": true, "epochs": 1}')) FROM basket});
foreach my $name (sort keys %sets)
{
	($in_memory, $none) = train('512MB', $sets{$name});
	($spilled, $some) = train('1MB', $sets{$name});
	like($in_memory, qr/[0-9a-f]{32}$/, "$name: trained in memory");
	is($none, 0, "$name: no temporary file with enough memory");
	cmp_ok($some, '>', 0, "$name: temporary files without");
	is($spilled, $in_memory, "$name: the model is the same to the byte");
}
($out, $nfiles, $err) =
  train('1MB', "SET temp_file_limit = '1MB'; $sets{'a network'}");
like($err, qr/temporary file size exceeds "?temp_file_limit"?/,
	'temp_file_limit holds for sets');
($out, $nfiles, $err) = train('1MB',
	"SET statement_timeout = '500ms'; "
	  . $sets{'a network'} =~ s/"epochs": 2/"epochs": 100000/r);
like($err, qr/canceling statement due to statement timeout/,
	'a training on sets is cancelled');
is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_ls_tmpdir()'),
	'0', 'no temporary file of sets is left');

$node->stop;
done_testing();
