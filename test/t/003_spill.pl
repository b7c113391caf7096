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

$node->stop;
done_testing();
