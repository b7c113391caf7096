# kill -9 of a backend, and of a parallel worker, in each phase of a training
# that ae_progress shows, while other sessions score rows and insert them
# through a trigger.  The server comes back by itself, what was committed is
# whole, and nothing is left behind.  PHASE_KILLS kills (8, once through the
# phases); 19 are all combinations.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

use Files;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;
use Time::HiRes qw(sleep);

my $kills = $ENV{PHASE_KILLS} || 8;

# a phase may be over before it is seen
use constant ATTEMPTS => 30;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf(
	'postgresql.conf', qq{
max_parallel_maintenance_workers = 2
max_parallel_workers_per_gather = 0
max_worker_processes = 8
dynamic_shared_memory_type = mmap
restart_after_crash = on
maintenance_work_mem = 1MB
synchronize_seqscans = off
});
$node->start;
my $segments = segments($node);
$node->safe_psql(
	'postgres', q{
CREATE EXTENSION autoencoder;
CREATE TABLE reading AS
SELECT sin(i) AS a, cos(i) AS b, i % 7 AS c, 'k' || i % 13 AS d, i % 5 AS e,
	i % 11 AS f, i % 17 AS g, i % 19 AS h
FROM generate_series(1, 100000) i;
CREATE TABLE wide AS
SELECT ARRAY(SELECT sin(i * j)::real FROM generate_series(1, 100) j) AS a
FROM generate_series(1, 10000) i;
CREATE TABLE basket AS
SELECT ARRAY[i % 50, 50 + i % 3, 70 + i % 20] AS items
FROM generate_series(1, 2000) i;
SELECT ae_create_model(name, 'SELECT * FROM reading LIMIT 1000',
	'{"epochs": 2}') FROM (VALUES ('kept'), ('swept')) v(name);
CREATE TABLE scored (LIKE reading);
ALTER TABLE scored ADD batch integer, ADD score float8;
CREATE TRIGGER score BEFORE INSERT ON scored FOR EACH ROW
	EXECUTE FUNCTION ae_score_trigger('kept', 'score');

-- the backend that is in a phase, or a worker of it; NULL once it is idle
CREATE FUNCTION watch(backend integer, wanted text, is_worker boolean)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	found integer;
	was_seen boolean := false;
BEGIN
	LOOP
		PERFORM pg_stat_clear_snapshot();
		SELECT a.pid INTO found FROM ae_progress p JOIN pg_stat_activity a
			ON CASE WHEN is_worker THEN a.leader_pid ELSE a.pid END = p.pid
			WHERE p.pid = backend AND p.phase = wanted;
		IF found IS NOT NULL THEN
			RETURN found;
		END IF;
		IF EXISTS (SELECT FROM pg_stat_activity
			WHERE pid = backend AND state = 'active') THEN
			was_seen := true;
		ELSIF was_seen THEN
			RETURN NULL;
		END IF;
	END LOOP;
END $$;
});

# rows go in by batches, each a transaction; rows are scored for ever
my $inserting = q{DO $$ BEGIN FOR n IN (SELECT 1 + coalesce(max(batch), 0)
	FROM scored) .. 1000000 LOOP
	INSERT INTO scored SELECT *, n FROM reading LIMIT 100; COMMIT;
	END LOOP; END $$};
my $scoring = q{DO $$ BEGIN LOOP PERFORM sum(ae_anomaly_score('kept', r))
	FROM reading r WHERE c = 2; COMMIT; END LOOP; END $$};

# what must never change
my $kept = q{SELECT md5(ae_model('kept')), (SELECT count(*) FROM ae_models),
	(SELECT sum(ae_anomaly_score('kept', r)) FROM reading r WHERE c < 2)};
my $before = $node->safe_psql('postgres', $kept);
my $options = '"hidden": [8], "latent": 2, "workers": 2';
my $trained = "SELECT md5(ae_train(r, '{$options, \"epochs\": 1}'))
	FROM reading r WHERE c < 3";
my $model = $node->safe_psql('postgres', $trained);

# %s: epochs
my %statements = (
	aggregate => "SELECT ae_train(r, '{$options, \"epochs\": %s}') IS NULL
		FROM reading r",
	create => "SELECT ae_create_model('killed', 'TABLE reading',
		'{$options, \"epochs\": %s}', true)",
	update => q{SELECT ae_update_model('swept', 'TABLE reading',
		'{"epochs": %s, "workers": 2}')},
	wide => "SELECT ae_create_model('killed', 'TABLE wide',
		'{$options, \"epochs\": %s}', true)",
	sets => q{SELECT ae_create_model('killed', 'TABLE basket', '{"input": "set",
		"variant": "mult_dae", "latent": 8, "epochs": %s}')});

# the first of them go through all phases
my @combinations = (
	[ 'reading rows', 'backend', 'create' ],
	[ 'planning', 'backend', 'wide' ],
	[ 'training', 'backend', 'aggregate' ],
	[ 'calibrating', 'backend', 'create' ],
	[ 'training', 'worker', 'create' ],
	[ 'calibrating', 'worker', 'aggregate' ],
	[ 'training', 'backend', 'sets' ],
	[ 'training', 'worker', 'update' ],
	[ 'reading rows', 'backend', 'aggregate' ],
	[ 'planning', 'backend', 'create' ],
	[ 'training', 'backend', 'create' ],
	[ 'calibrating', 'backend', 'aggregate' ],
	[ 'training', 'worker', 'aggregate' ],
	[ 'calibrating', 'worker', 'update' ],
	[ 'reading rows', 'backend', 'update' ],
	[ 'planning', 'backend', 'aggregate' ],
	[ 'training', 'backend', 'update' ],
	[ 'calibrating', 'backend', 'update' ],
	[ 'calibrating', 'worker', 'create' ]);

# starts a training and waits until it is in that phase; the process to kill
sub catch
{
	my ($watcher, $session, $phase, $whom, $statement) = @_;
	my $query = sprintf($statement, $phase eq 'training' ? 100000 : 1);
	my $is_worker = $whom eq 'worker' ? 'true' : 'false';

	foreach my $attempt (1 .. ATTEMPTS)
	{
		$watcher->send_query(
			"SELECT watch($session->{pid}, '$phase', $is_worker)");
		$session->send_query("BEGIN;\n$query");
		my $pid = $watcher->answer;

		return $pid if $pid;
		$session->answer;
		diag($session->{err}) if $session->{err};
		$session->ask('ROLLBACK');
	}
	die "$phase was not seen";
}

# what a kill has lost or left, or nothing
sub damage
{
	my ($watcher, $name) = @_;
	my @damage;

	push @damage, 'a model' if $watcher->ask($kept) ne $before;
	push @damage, 'part of a batch'
	  if $watcher->ask(q{SELECT count(*) FROM (SELECT FROM scored
		GROUP BY batch HAVING count(*) <> 100 OR count(score) <> 100) s}) ne '0';
	push @damage, 'a temporary file' if temporary_files($node) > 0;
	push @damage, 'a segment' if segments($node) != $segments;
	push @damage, 'progress, a worker or a lock'
	  if $watcher->ask(q{SELECT (SELECT count(*) FROM ae_progress)
		+ (SELECT count(*) FROM pg_stat_activity
			WHERE backend_type = 'parallel worker')
		+ (SELECT count(*) FROM pg_locks WHERE locktype = 'object' AND
			classid = 'ae_named_model'::regclass)}) ne '0';
	return @damage;
}

srand(1);
foreach my $kill (1 .. $kills)
{
	my ($phase, $whom, $kind) =
	  @{ $combinations[ ($kill - 1) % @combinations ] };
	my $name = "$phase, $whom, $kind";
	my $offset = -s $node->logfile;
	my $watcher = Session->new($node);
	my $session = Session->new($node);
	my $inserter = Session->new($node);
	my $scorer = Session->new($node);

	$inserter->send_query($inserting);
	$scorer->send_query($scoring);
	my $pid = catch($watcher, $session, $phase, $whom, $statements{$kind});
	sleep(rand(0.3)) if $phase eq 'training';
	is(kill('KILL', $pid), 1, "$name: killed");
	$_->hang_up foreach ($session, $watcher, $inserter, $scorer);
	$node->wait_for_log(qr/all server processes terminated; reinitializing/,
		$offset);
	$node->poll_query_until('postgres', 'SELECT true')
	  or die 'the server did not come back';
	my $process =
	  $whom eq 'worker' ? 'background worker "parallel worker"'
	  : '(server process|client backend)';
	like(slurp_file($node->logfile, $offset),
		qr/$process \(PID $pid\) was terminated by signal 9/,
		"$name: that process");
	$watcher = Session->new($node);
	is(join(', ', damage($watcher)), '', "$name: nothing is lost or left");
	$watcher->hang_up;
}
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM scored'),
	'>', 0, 'rows went in meanwhile');
is($node->safe_psql('postgres', $trained), $model, 'trains as before');
$node->stop;
done_testing();
