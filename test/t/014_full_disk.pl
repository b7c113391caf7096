# File systems of a few megabytes that fill up: under temporary files, under
# the tables of models, under shared memory, under the write-ahead log; and no
# segment of shared memory left in the server.  An error, or with the log a
# crash of the server, loses nothing and leaves nothing.  The file systems are
# mounted in a name space of this test, which takes no privilege.

use strict;
use warnings;

use FindBin;
use lib $FindBin::RealBin;

my $base;

BEGIN
{
	$base = ($ENV{TESTDATADIR} || "$ENV{TESTDIR}/tmp_check") . '/full';
	my ($user, $group) = ($<, $( + 0);
	my $mounts = join(' && ',
		"mkdir -p '$base/disk' '$base/wal'",
		"mount -t tmpfs -o size=4m none '$base/disk'",
		"mount -t tmpfs -o size=24m none '$base/wal'",
		"mount -t tmpfs -o size=8m none /dev/shm");
	my $inside = "unshare -U --map-user=$user --map-group=$group";

	if (!$ENV{AE_MOUNTED})
	{
		# the server must not run as root, so the user comes back
		if (system("unshare -rm sh -c \"$mounts && $inside true\" 2>/dev/null")
			!= 0)
		{
			print "1..0 # SKIP no file system can be mounted here\n";
			exit 0;
		}
		$ENV{AE_MOUNTED} = 1;
		my $perl = join(' ', map { "'$_'" } $^X, map({ "-I$_" } @INC), $0);
		exec('unshare', '-rm', 'sh', '-c', "$mounts && exec $inside $perl")
		  or die "unshare: $!";
	}
}

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;

my $library = "$FindBin::RealBin/../../build/faults/faults.so";

# what is left of the file system of the log when it is about to fill up
use constant WAL_ROOM => 3 << 20;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--waldir', "$base/wal/pg_wal", '--wal-segsize', '1' ]);
$node->append_conf(
	'postgresql.conf', qq{
max_connections = 10
max_parallel_maintenance_workers = 2
max_worker_processes = 8
dynamic_shared_memory_type = posix
restart_after_crash = on
wal_keep_size = 64MB
autovacuum = off
synchronize_seqscans = off
});
$node->start;
$node->safe_psql(
	'postgres', qq{
CREATE TABLESPACE small LOCATION '$base/disk';
CREATE EXTENSION autoencoder;
CREATE FUNCTION faults_take_segments() RETURNS integer
	AS '$library' LANGUAGE C;
} . q{
CREATE TABLE reading AS
SELECT sin(i) AS a, cos(i) AS b, i % 7 AS c, 'k' || i % 13 AS d, i % 5 AS e,
	i % 11 AS f, i % 17 AS g, i % 19 AS h
FROM generate_series(1, 100000) i;
CREATE TABLE wide AS
SELECT ARRAY(SELECT sin(i * j) FROM generate_series(1, 200) j) AS a
FROM generate_series(1, 100) i;
SELECT ae_create_model('kept', 'SELECT * FROM reading LIMIT 1000',
	'{"epochs": 2}');
});

# models of random bytes, so to speak: nothing to be compressed
my $store = q{SELECT ae_store_model('many', (SELECT ae_train(a,
	format('{"epochs": 1, "hidden": [200], "seed": %s}', n)::jsonb)
	FROM wide)) FROM generate_series(1, 20) n};
my $options = '{"epochs": 1, "hidden": [8], "latent": 2, "workers": 2}';
my $trained = "SELECT md5(ae_train(r, '$options')) FROM reading r
	WHERE c < 3";
my $kept = q{SELECT md5(ae_model('kept')),
	(SELECT sum(ae_anomaly_score('kept', r)) FROM reading r WHERE c = 2)};
my $before = $node->safe_psql('postgres', $kept);
my $session = Session->new($node);
my $other = Session->new($node);
my $model = $session->ask($trained);

sub files
{
	my ($pattern) = @_;
	my @files = glob($pattern);
	return scalar @files;
}

# takes so many bytes of a file system
sub ballast
{
	my ($where, $bytes) = @_;

	system("head -c $bytes /dev/zero >'$base/$where/ballast'") == 0
	  or die "no ballast of $bytes bytes";
}

# what both sessions see after a fault
sub check
{
	my ($name) = @_;

	is($session->ask($trained), $model, "$name: the session goes on");
	is($other->ask($kept), $before, "$name: another session, too");
}

##
## Temporary files
##
$session->ask(q{SET temp_tablespaces = small; SET maintenance_work_mem = '1MB'});
$session->ask("SELECT ae_train(r, '$options') IS NULL FROM (TABLE reading
	UNION ALL TABLE reading UNION ALL TABLE reading) r");
like($session->{err}, qr/ERROR: .*: No space left on device/,
	'no room for temporary files');
is(files("$base/disk/PG_*/pgsql_tmp/*"), 0, 'no temporary file is left');
$session->ask('RESET temp_tablespaces; RESET maintenance_work_mem');
check('temporary files');

##
## Tables
##
$other->ask('ALTER TABLE ae_model_version SET TABLESPACE small');
ballast('disk', 128 << 10);
$session->ask($store);
like($session->{err}, qr/could not extend file .*: No space left on device/,
	'no room for a model');
is($session->ask('SELECT string_agg(name, $$ $$) FROM ae_models'),
	'kept', 'no model of that statement is there');
check('tables');
# VACUUM itself takes a few pages
unlink("$base/disk/ballast");
$session->ask('VACUUM ae_model_version');
is($session->ask("$store LIMIT 1"), '1', 'there is room again')
  or diag($session->{err});
$session->ask(q{SELECT ae_drop_model('many')});
$other->ask('ALTER TABLE ae_model_version SET TABLESPACE pg_default');

##
## Shared memory
##
my $segments = files('/dev/shm/*');
$session->ask(q{SELECT ae_train(a, '{"epochs": 1, "hidden": [2000],
	"workers": 2}') IS NULL FROM wide});
like($session->{err}, qr/ERROR: .*: No space left on device/,
	'no room for a segment');
is(files('/dev/shm/*'), $segments, 'no segment is left');
check('room for segments');

# without a segment a training goes on without workers
cmp_ok($other->ask('SELECT faults_take_segments()'),
	'>', 10, 'all segments are taken');
is($session->ask($trained), $model, 'the same model without a segment');
is($session->{err}, '', 'no message');
$other->hang_up;
$other = Session->new($node);
check('segments');

##
## The write-ahead log
##
my ($room) = `df -B1 --output=avail '$base/wal'` =~ /(\d+)\s*$/;
ballast('wal', $room - WAL_ROOM);
my $offset = -s $node->logfile;
$session->send_query($store);
$node->wait_for_log(qr/PANIC: .*: No space left on device/, $offset);
$_->hang_up foreach ($session, $other);

# it may come back, or find no room for that either
unlink("$base/wal/ballast");
$node->_update_pid(-1);
$node->stop('immediate', fail_ok => 1);
$node->start;
$session = Session->new($node);
$other = Session->new($node);
is($session->ask('SELECT string_agg(name, $$ $$) FROM ae_models'),
	'kept', 'committed models are there, and no other');
check('write-ahead log');
is($session->ask("$store LIMIT 1"), '1', 'models are stored again');
is($session->{err}, '', 'no message');
$_->hang_up foreach ($session, $other);
$node->stop;
done_testing();
