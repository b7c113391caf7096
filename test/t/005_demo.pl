# The demonstration runs, and finds frauds and attacks as well as it should.

use strict;
use warnings;

use Cwd qw(getcwd);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# floors of the area under the ROC curve; both models are above by 0.005
use constant CARD_AUC => 0.95;
use constant CONNECTION_AUC => 0.99;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--no-locale', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', "fsync = off\nmax_wal_size = '4GB'");
$node->start;

# the script's paths are relative to its directory
my $here = getcwd();
chdir('examples') or die "examples: $!";
my ($out, $err) = run_command(
	[
		'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1',
		'-d', $node->connstr('postgres'), '-f', 'demo.sql'
	]);
chdir($here) or die "$here: $!";

is($err, '', 'the demonstration runs without a complaint');
my $ntrained = () = $out =~ /^Trained: .* rows\/s\.$/mg;
is($ntrained, 2, 'it trains two models');
my $nexplained = () = $out =~ /│\s+\d+ %\s*$/mg;
is($nexplained, 16, 'it explains two scores in eight lines each');

sub auc
{
	my ($model) = @_;
	my $auc = $node->safe_psql(
		'postgres',
		"WITH ranked AS (
			SELECT is_odd, rank() OVER (ORDER BY score) +
				   (count(*) OVER (PARTITION BY score) - 1) / 2.0 AS r
			FROM demo.scored WHERE model = '$model'
		 ), counted AS (
			SELECT sum(r) FILTER (WHERE is_odd) AS s,
				   count(*) FILTER (WHERE is_odd)::numeric AS p,
				   count(*) FILTER (WHERE NOT is_odd)::numeric AS n
			FROM ranked)
		 SELECT round((s - p * (p + 1) / 2) / (p * n), 4) FROM counted");

	# computed in another way than the demonstration does
	like($out, qr/│\s+\Q$auc\E │/, "the area under the curve of $model is as shown");
	return $auc;
}

cmp_ok(auc('card'), '>=', CARD_AUC, 'frauds are found');
cmp_ok(auc('connection'), '>=', CONNECTION_AUC, 'attacks are found');

$node->stop;
done_testing();
