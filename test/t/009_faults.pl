# Faults at random moments: time-outs, no room for files, no workers, a
# backend or a worker that is killed.  Other sessions go on, what is committed
# stays as it was, and nothing is left behind.  FAULT_ROUNDS time-outs (50) and
# FAULT_KILLS kills (6); a soak takes more.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use Files;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;
use Time::HiRes qw(time sleep);

my $rounds = $ENV{FAULT_ROUNDS} || 50;
my $kills = $ENV{FAULT_KILLS} || 6;

# bytes by which a session may grow in all rounds: caches of the system
use constant GROWTH => 4 << 20;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1);
$node->append_conf(
	'postgresql.conf', qq{
max_parallel_maintenance_workers = 2
max_worker_processes = 8
dynamic_shared_memory_type = mmap
restart_after_crash = on
maintenance_work_mem = 1MB
synchronize_seqscans = off
});
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION autoencoder');
my $segments = segments($node);
$node->safe_psql(
	'postgres', q{
CREATE TABLE reading AS
SELECT sin(i) AS a, cos(i) AS b, i % 7 AS c, 'k' || i % 13 AS d, i % 5 AS e,
	i % 11 AS f, i % 17 AS g, i % 19 AS h
FROM generate_series(1, 40000) i;
SELECT ae_create_model('kept', 'SELECT * FROM reading LIMIT 1000',
	'{"epochs": 2}');
CREATE TABLE scored (LIKE reading);
ALTER TABLE scored ADD batch integer, ADD score float8;
CREATE TRIGGER score BEFORE INSERT ON scored FOR EACH ROW
	EXECUTE FUNCTION ae_score_trigger('kept', 'score');
});

# more than 1 MB of rows, some of which are read while others are trained on
my $options = '{"epochs": 2, "hidden": [8], "latent": 2, "workers": 2}';
my @statements = (
	"SELECT ae_train(r, '$options') IS NULL FROM reading r",
	"SELECT ae_create_model('swept', 'TABLE reading', '$options', true) > 0",
	"SELECT ae_update_model('swept', 'SELECT * FROM reading LIMIT 20000') > 0",
	"INSERT INTO scored SELECT *, 0 FROM reading LIMIT 20000");

# what must never change, and what must not stay
my $kept = q{SELECT md5(ae_model('kept')),
	(SELECT sum(ae_anomaly_score('kept', r)) FROM reading r WHERE c < 2)};
my $before = $node->safe_psql('postgres', $kept);
my $trained = "SELECT md5(ae_train(r, '$options')) FROM reading r";
my $model = $node->safe_psql('postgres', $trained);

# everything is as before, but for so many segments
sub check
{
	my ($name, $more) = @_;
	ok( $node->poll_query_until(
			'postgres', q{SELECT NOT EXISTS (SELECT FROM ae_progress) AND
			NOT EXISTS (SELECT FROM pg_stat_activity
				WHERE backend_type = 'parallel worker')}),
		"$name: no progress and no worker is left");
	is(temporary_files($node), 0, "$name: no temporary file is left");
	for (my $i = 0; $i < 100 && segments($node) != $segments + $more; $i++)
	{
		sleep(0.1);
	}
	is(segments($node), $segments + $more, "$name: no segment is left");
	is($node->safe_psql('postgres', $kept),
		$before, "$name: the model that was there scores as before");
	is( $node->safe_psql(
			'postgres', q{SELECT count(*) FROM pg_locks
			WHERE locktype = 'object' AND
				classid = 'ae_named_model'::regclass}),
		'0',
		"$name: no lock is left");
}

##
## Time-outs
##
my $bystander = Session->new($node);
my $victim = Session->new($node);
my $memory = q{SELECT sum(used_bytes) FROM pg_backend_memory_contexts};
my %took;
my %ends = (done => 0, timeout => 0, other => 0);
my $versions = 0;
my $rows = 0;

$bystander->ask('BEGIN; CREATE TEMP TABLE mine AS SELECT 7 AS x');
foreach my $statement (@statements)
{
	my $began = time;
	$victim->ask($statement);
	$took{$statement} = 1000 * (time - $began);
	$versions++ if $statement =~ /ae_(create|update)_model/;
	$rows += 20000 if $statement =~ /INSERT/;
}
my $used = $victim->ask($memory);

# the system keeps some as long as a session lives that has had workers
my $of_session = segments($node) - $segments;
srand(1);
foreach my $round (1 .. $rounds)
{
	my $statement = $statements[ $round % @statements ];
	my $moment = 1 + int(rand(1.1 * $took{$statement}));

	$victim->ask("SET statement_timeout = $moment");
	$victim->ask($statement);
	my $end =
		$victim->{err} =~ /canceling statement due to statement timeout/
	  ? 'timeout'
	  : $victim->{err} =~ /ERROR|FATAL|WARNING/ ? 'other'
	  : 'done';
	$ends{$end}++;
	diag("after $moment ms: $victim->{err}") if $end eq 'other';
	$versions++
	  if $end eq 'done' && $statement =~ /ae_(create|update)_model/;
	$rows += 20000 if $end eq 'done' && $statement =~ /INSERT/;
	$victim->ask('SET statement_timeout = 0');
	my $left = temporary_files($node);
	if ($left > 0)
	{
		is($left, 0, "temporary files after $moment ms of $statement");
		last;
	}
}
note("$rounds rounds: $ends{timeout} timed out, $ends{done} were done");
is($ends{other}, 0, 'a time-out is the only thing that can happen');
cmp_ok($ends{timeout}, '>', $rounds / 4, 'many rounds timed out');
is( $node->safe_psql('postgres',
		"SELECT count(*) FROM ae_models WHERE name = 'swept'"),
	$versions,
	'as many versions as statements that were done');
is($node->safe_psql('postgres', 'SELECT count(score) FROM scored'),
	$rows, 'as many rows as statements that were done');
cmp_ok($victim->ask($memory) - $used, '<', GROWTH,
	'the session has not grown');
is($victim->ask($trained), $model, 'the session trains as before');
is($bystander->ask('SELECT x FROM mine'), '7', 'another session goes on');
check('time-outs', $of_session);

##
## No room
##
foreach my $limit ('0', '64kB', '500kB')
{
	$victim->ask("SET temp_file_limit = '$limit'");
	$victim->ask($trained);
	like($victim->{err}, qr/temporary file size exceeds "?temp_file_limit"?/,
		"temp_file_limit $limit");
}
$victim->ask('RESET temp_file_limit');
SKIP:
{
	# a limit on the size of files fails as a full disk does
	skip 'no prlimit', 4
	  unless system('prlimit --version >/dev/null 2>&1') == 0;
	my $limited = Session->new($node);
	foreach my $case (
		[ 600_000, 'a temporary file' ],
		[ 30_000, 'a segment of shared memory' ])
	{
		my ($bytes, $name) = @$case;
		$limited->ask("SET maintenance_work_mem = '64MB'") if $bytes < 100_000;
		system("prlimit --pid $limited->{pid} --fsize=$bytes:unlimited") == 0
		  or die 'prlimit does not work';
		$limited->ask($trained);
		like($limited->{err}, qr/ERROR: .*: (File too large|No space)/,
			"no room for $name");
		system("prlimit --pid $limited->{pid} --fsize=unlimited:unlimited");
		is($limited->ask($trained), $model, "the session goes on after it");
	}
	$limited->hang_up;
}
check('no room', $of_session);

##
## No workers
##
$victim->ask('SET max_parallel_workers = 0');
is($victim->ask($trained), $model, 'no parallel worker allowed');
$victim->ask('RESET max_parallel_workers');
(my $greedy = $trained) =~ s/"workers": 2/"workers": 64/;
is($victim->ask($greedy), $model, 'more workers than there can be');
$victim->hang_up;
is($bystander->ask('SELECT x FROM mine; COMMIT'),
	'7', 'the other session goes on');
$bystander->hang_up;
check('no workers', 0);

##
## Kills
##

# rows go in by batches, each a transaction
my $batches = q{DO $$ BEGIN FOR n IN (SELECT 1 + coalesce(max(batch), 0)
	FROM scored) .. 1000000 LOOP
	INSERT INTO scored SELECT *, n FROM reading LIMIT 100; COMMIT;
	END LOOP; END $$};
(my $endless = $trained) =~ s/"epochs": 2/"epochs": 100000/;
my @under_load = (
	[ 'backend', $endless ],
	[ 'worker', $endless ],
	[
		'backend',
		"SELECT ae_create_model('killed', 'TABLE reading', '"
		  . ($options =~ s/"epochs": 2/"epochs": 100000/r) . "', true)"
	],
	[
		'worker', "SELECT ae_create_model('killed', 'TABLE reading', '"
		  . ($options =~ s/"epochs": 2/"epochs": 100000/r) . "', true)"
	],
	[ 'backend', $batches ],
	[ 'backend', $statements[2] ]);
my $worker = q{SELECT min(pid) FROM pg_stat_activity
	WHERE backend_type = 'parallel worker'};
my $lost = 0;
my $crashes = 0;

$node->safe_psql('postgres', 'TRUNCATE scored');
foreach my $kill (1 .. $kills)
{
	my ($whom, $statement) = @{ $under_load[ $kill % @under_load ] };
	my $session = Session->new($node);
	my $pid = $session->{pid};
	my $offset = -s $node->logfile;

	$session->send_query($statement);
	if ($whom eq 'worker')
	{
		$node->poll_query_until('postgres', "SELECT ($worker) IS NOT NULL");
		$pid = $node->safe_psql('postgres', $worker);
	}
	$node->poll_query_until('postgres',
		'SELECT count(*) > 0 FROM scored') if $statement eq $batches;
	sleep(rand(0.5));
	$crashes += kill 'KILL', $pid;
	$session->hang_up;
	$node->wait_for_log(qr/all server processes terminated; reinitializing/,
		$offset);
	$node->poll_query_until('postgres', 'SELECT true')
	  or die 'the server did not come back';

	# a batch is there as a whole or not at all
	my $broken = $node->safe_psql(
		'postgres', q{SELECT count(*) FROM (SELECT FROM scored GROUP BY batch
		HAVING count(*) <> 100 OR count(score) <> 100) s});
	my $versions_broken = $node->safe_psql('postgres',
		q{SELECT count(*) FROM ae_models WHERE name = 'killed'});
	my $same = $node->safe_psql('postgres', $kept) eq $before;
	$lost++
	  if $broken || $versions_broken || !$same || temporary_files($node) > 0;
	diag("kill $kill of a $whom: $broken $versions_broken $same")
	  if $lost;
}
note("$crashes processes killed");
is($crashes, $kills, 'all were killed');
is($lost, 0, 'no kill lost anything or left anything');
cmp_ok(
	$node->safe_psql('postgres', 'SELECT count(*) FROM scored'),
	'>', 0, 'rows went in meanwhile') if $kills >= @under_load;
check('kills', 0);

##
## A standby that is promoted
##
$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->start;
$node->safe_psql('postgres',
	q{SELECT ae_rename_model('kept', 'moved'); SELECT ae_rename_model('moved',
	'kept'); SELECT ae_rollback_model('swept', 1)});
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($standby->safe_psql('postgres', $kept), $before, 'the standby scores');
$node->stop('immediate');
$standby->promote;
is($standby->safe_psql('postgres', $kept),
	$before, 'so it does when it is promoted');
is( $standby->safe_psql('postgres', q{SELECT current_version
	FROM ae_named_model WHERE name = 'swept'}),
	'1', 'the version that was current stays so');
is($standby->safe_psql('postgres', $trained), $model, 'and trains the same');
$standby->stop;
done_testing();
