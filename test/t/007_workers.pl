# Parallel workers and the view of progress, from another session: workers
# join, a cancelled or terminated training or worker ends the statement at
# once, and no worker, segment or temporary file is left.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use Files;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time sleep);

# seconds from the signal to the end, on a busy machine
use constant SOON => 3;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf',
	"max_parallel_maintenance_workers = 2\nmax_worker_processes = 8\n" .
	"dynamic_shared_memory_type = mmap");
$node->start;
$node->safe_psql(
	'postgres', q{
CREATE EXTENSION autoencoder;
CREATE ROLE other LOGIN;
CREATE ROLE watcher LOGIN IN ROLE pg_read_all_stats;
CREATE TABLE reading AS
SELECT ARRAY[sin(i), cos(i), i % 7, i % 13, i % 101] AS a
FROM generate_series(1, 100000) i;
});

my $workers = q{SELECT count(*) FROM pg_stat_activity
	WHERE backend_type = 'parallel worker'};
my $train = q{SELECT ae_train(a, '{"epochs": 100000, "validation_fraction": 0.1,
	"patience": 0, "workers": 2}') FROM reading};

# a session that trains, and its pid
sub start
{
	my ($query) = @_;
	my $session = { out => '', err => '', in => '' };
	$session->{run} = IPC::Run::start(
		[
			'psql', '-XAt', '-v', 'ON_ERROR_STOP=1', '-d',
			$node->connstr('postgres'),
			'-c', 'SELECT pg_backend_pid()',
			'-c', 'SET maintenance_work_mem = \'1MB\'', '-c', $query
		],
		'<', \$session->{in}, '>', \$session->{out}, '2>', \$session->{err},
		IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	$session->{run}->pump until $session->{out} =~ /^(\d+)\n/;
	$session->{pid} = $1;
	return $session;
}

sub wait_for
{
	my ($what, $query) = @_;
	ok($node->poll_query_until('postgres', $query), $what);
}

# a phase may be short, so one statement looks for it and ends it
sub end_in_phase
{
	my ($how, $pid, $phase) = @_;
	$node->safe_psql(
		'postgres', qq{SET statement_timeout = '60s';
DO \$\$
BEGIN
	WHILE NOT EXISTS (SELECT FROM ae_progress
					  WHERE pid = $pid AND phase = '$phase') LOOP
		PERFORM pg_sleep(0.001), pg_stat_clear_snapshot();
	END LOOP;
	PERFORM pg_${how}_backend($pid);
END \$\$});
}

# after the statement was told to end: how, how soon, and what is left
sub finish
{
	my ($name, $session, $message) = @_;
	my $began = time;
	eval { $session->{run}->finish };
	cmp_ok(time - $began, '<', SOON, "$name: ends soon");
	like($session->{err}, $message, "$name: the message");
	wait_for("$name: no worker is left", "SELECT ($workers) = 0");
	wait_for("$name: no progress is left",
		'SELECT count(*) = 0 FROM ae_progress');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM pg_ls_tmpdir()'),
		'0', "$name: no temporary file is left");
}

my $segments = segments($node);

foreach my $phase ('reading rows', 'planning', 'training')
{
	foreach my $how ('cancel', 'terminate')
	{
		my $name = "$how while $phase";
		my $query = $train;
		$query = q{SELECT ae_train(ARRAY[sin(i), cos(i)], '{}')
			FROM generate_series(1, 100000) i, generate_series(1, 100000) j}
		  if $phase eq 'reading rows';
		# principal components of many columns take their time
		$query = q{SELECT ae_train(array_fill(i::real, ARRAY[1000]),
			'{"purpose": "embedding"}') FROM generate_series(1, 4000) i}
		  if $phase eq 'planning';
		my $session = start($query);
		wait_for("$name: it trains",
			"SELECT count(*) > 0 FROM ae_progress
			 WHERE pid = $session->{pid} AND epoch > 0")
		  if $phase eq 'training';
		wait_for("$name: workers join", "SELECT ($workers) = 2")
		  if $phase eq 'training';
		end_in_phase($how, $session->{pid}, $phase);
		finish($name, $session,
			$how eq 'cancel'
			? qr/canceling statement due to user request/
			: qr/terminating connection due to administrator command/);
	}
}

# a worker that is cancelled or terminated fails the statement, no more
foreach my $how ('cancel', 'terminate')
{
	my $session = start($train);
	wait_for("$how a worker: it joins", "SELECT ($workers) = 2");
	wait_for("$how a worker: it trains",
		'SELECT count(*) > 0 FROM ae_progress WHERE epoch > 0');
	$node->safe_psql('postgres',
		"SELECT pg_${how}_backend(min(pid)) FROM pg_stat_activity
		 WHERE backend_type = 'parallel worker'");
	finish("$how a worker", $session,
		$how eq 'cancel'
		? qr/canceling statement due to user request/
		: qr/terminating background worker "parallel worker" due to/);
}

# what others see
my $session = start($train);
wait_for('a training to look at',
	'SELECT count(*) > 0 FROM ae_progress WHERE epoch > 0');
my $look = q{SELECT rows_read = 100000, epochs = 100000, train_loss > 0,
	validation_loss > 0, seconds_left > 0, model IS NULL FROM ae_progress};
is($node->safe_psql('postgres', $look), 't|t|t|t|t|t', 'progress in numbers');
is($node->safe_psql('postgres', $look, extra_params => [ '-U', 'watcher' ]),
	't|t|t|t|t|t', 'pg_read_all_stats sees them');
is( $node->safe_psql(
		'postgres',
		'SELECT pid > 0, phase IS NULL AND rows_read IS NULL AND
		 epochs IS NULL AND seconds_left IS NULL FROM ae_progress',
		extra_params => [ '-U', 'other' ]),
	't|t',
	'other roles see the pid only');
$node->safe_psql('postgres', "SELECT pg_cancel_backend($session->{pid})");
finish('the last', $session, qr/canceling statement/);

# a named model
my $create = q{SELECT ae_create_model('sensor', 'TABLE reading',
	'{"epochs": 100000, "workers": 2}')};
foreach my $how ('cancel', 'terminate')
{
	my $name = "$how a named training";
	$session = start($create);
	wait_for("$name: workers join", "SELECT ($workers) = 2");
	wait_for("$name: its name is seen",
		"SELECT count(*) > 0 FROM ae_progress
		 WHERE pid = $session->{pid} AND model = 'sensor' AND epoch > 0");
	$node->safe_psql('postgres', "SELECT pg_${how}_backend($session->{pid})");
	finish($name, $session, qr/canceling statement|terminating connection/);
	is($node->safe_psql('postgres', 'SELECT count(*) FROM ae_models'),
		'0', "$name: no model is left");
}

# the same bytes with workers and without
my $model = q{SELECT md5(ae_train(a, '{"epochs": 2, "workers": %d}')) FROM reading};
is( $node->safe_psql('postgres', sprintf($model, 2)),
	$node->safe_psql('postgres', sprintf($model, 0)),
	'the same bytes with 2 workers');

is(segments($node), $segments, 'no shared memory segment is left');

$node->stop;
done_testing();
