# Every allocation that a statement makes fails once, whoever makes it: each
# time the statement ends with "out of memory", the session goes on, has no
# more memory than before, and gives the same answer to the same statement.
# Of each statement ALLOCATIONS failures (25), at random; "all" is every one,
# but 500 of statements that make very many or take long.

use strict;
use warnings;

use File::Basename;
use FindBin;
use lib $FindBin::RealBin;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Session;
use Test::More;
use Time::HiRes qw(time);

my $wanted = $ENV{ALLOCATIONS} || 25;
my $only = $ENV{ALLOCATIONS_OF} || '.';
my $library = "$FindBin::RealBin/../../build/faults/faults.so";

# failures that go to psql at once
use constant BATCH => 100;

# bytes by which a session may grow in all failures of a statement: the
# system's caches have other entries after an error
use constant GROWTH => 64 << 10;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf(
	'postgresql.conf', qq{
session_preload_libraries = '$library'
max_parallel_maintenance_workers = 2
max_worker_processes = 8
dynamic_shared_memory_type = mmap
autovacuum = off
jit = off
});
{
	local $ENV{LD_PRELOAD} = dirname($library) . '/malloc.so';
	$node->start;
}
$node->safe_psql(
	'postgres', qq{
CREATE EXTENSION autoencoder;
CREATE FUNCTION faults_arm(bigint) RETURNS void AS '$library' LANGUAGE C;
CREATE FUNCTION faults_arm_malloc(bigint) RETURNS void
	AS '$library' LANGUAGE C;
CREATE FUNCTION faults_left() RETURNS bigint AS '$library' LANGUAGE C;
CREATE FUNCTION faults_memory() RETURNS bigint AS '$library' LANGUAGE C;
} . q{
CREATE ROLE reader;
CREATE TYPE grade AS ENUM ('low', 'high');
CREATE TABLE point AS
SELECT i AS id, sin(i) AS a, cos(i) AS b, i % 7 AS c, 'k' || i % 3 AS k,
	ARRAY[sin(i), NULL, i % 5]::real[] AS w,
	CASE WHEN i % 2 > 0 THEN 'low' ELSE 'high' END::grade AS g,
	CASE WHEN i % 5 > 0 THEN date '2024-01-01' + i END AS d, i % 4 = 0 AS t
FROM generate_series(1, 40) i;
CREATE VIEW input AS SELECT a, b, c, k, w, g, d, t FROM point;
CREATE TABLE basket AS
SELECT ARRAY[i % 5, 5 + i % 3, 8 + i % 2] AS items,
	ARRAY['a' || i % 5, 'b' || i % 3] AS names
FROM generate_series(1, 30) i;
CREATE TABLE model AS
SELECT ae_train(p, '{"epochs": 2, "hidden": [6], "latent": 2}') AS rows,
	ae_train(p, '{"epochs": 2, "hidden": [6], "latent": 2,
		"purpose": "generation"}') AS made,
	ae_train(p, '{"epochs": 2, "hidden": [6], "latent": 2,
		"purpose": "imputation"}') AS filled,
	ae_train(p, '{"epochs": 2, "hidden": [6], "latent": 2, "label": "k",
		"variant": "supervised"}') AS told,
	ae_train(p, '{"epochs": 2, "hidden": [6], "latent": 2,
		"variant": "variational"}') AS varied FROM input p;
CREATE TABLE of_sets AS
SELECT ae_train(items, '{"input": "set", "variant": "ease"}') AS ease,
	ae_train(names, '{"variant": "mult_vae", "hidden": [6], "latent": 2,
		"epochs": 2}') AS network FROM basket;
SELECT ae_create_model('kept', 'TABLE input',
	'{"epochs": 2, "hidden": [6], "latent": 2}');
SELECT ae_store_model('kept', (SELECT varied FROM model));
SELECT ae_store_model('swept', (SELECT rows FROM model));
SELECT ae_store_model('bought', (SELECT ease FROM of_sets));
CREATE TABLE scored (LIKE point);
ALTER TABLE scored ADD score float8;
CREATE TRIGGER score BEFORE INSERT ON scored FOR EACH ROW
	EXECUTE FUNCTION ae_score_trigger('kept', 'score');
CREATE TABLE long AS SELECT sin(i) AS a, cos(i) AS b, 'k' || i % 13 AS k,
	i % 5 AS e, i % 11 AS f, i % 17 AS g, i % 19 AS h
FROM generate_series(1, 20000) i;
CREATE TABLE version (n integer);
});


# What fails: queries of one value each.  "set" comes before; "undo": in a
# transaction that is rolled back; "fresh": each time in a new session, where
# all that a session keeps is made; "worker": of so many allocations in each
# parallel worker; "malloc": of the calls of malloc() instead; "first": so many
# at the start always; "rare": it takes long.
my $small = '"epochs": 2, "hidden": [6], "latent": 2';
my @cases = (
	{ name => 'loading the library', fresh => 1, first => 110,
		sql => 'SELECT ae_recall(ARRAY[1, 2], ARRAY[2])' },
	{ name => 'training',
		sql => "SELECT md5(ae_train(p, '{$small}')) FROM input p" },
	{ name => 'training of a generator', rare => 1,
		sql => "SELECT md5(ae_train(p, '{$small, \"purpose\": \"generation\"}'))
			FROM input p" },
	{ name => 'training of a variational model',
		sql => "SELECT md5(ae_train(p, '{$small, \"variant\": \"variational\"}'))
			FROM input p" },
	{ name => 'training of classes',
		sql => "SELECT md5(ae_train(p, '{$small, \"variant\": \"supervised\",
			\"label\": \"k\"}')) FROM input p" },
	{ name => 'training with known anomalies',
		sql => "SELECT md5(ae_train(p, '{$small, \"label\": \"t\"}'))
			FROM input p" },
	{ name => 'training of an adversary',
		sql => "SELECT md5(ae_train(p, '{$small, \"matching\": \"adversarial\"}'))
			FROM input p" },
	{ name => 'training on arrays',
		sql => "SELECT md5(ae_train(w, '{$small}')) FROM input" },
	{ name => 'training by groups',
		sql => "SELECT md5(string_agg(md5(m), ' ')) FROM (SELECT ae_train(p,
			'{$small}') AS m FROM input p GROUP BY g ORDER BY g) s" },
	{ name => 'training on sets',
		sql => q{SELECT md5(ae_train(items, '{"input": "set",
			"variant": "ease"}')) FROM basket} },
	{ name => 'training of a network on sets',
		sql => "SELECT md5(ae_train(names, '{$small, \"variant\": \"mult_vae\"}'))
			FROM basket" },
	{ name => 'training with workers',
		sql => "SELECT md5(ae_train(p, '{$small, \"workers\": 2}'))
			FROM input p" },
	{ name => 'a worker of a training', worker => 250,
		sql => "SELECT md5(ae_train(p, '{$small, \"workers\": 2}'))
			FROM input p" },
	{ name => 'malloc() in a training', malloc => 1,
		sql => "SELECT md5(ae_train(p, '{$small}')) FROM input p" },
	{ name => 'malloc() in scores', malloc => 1,
		sql => 'SELECT md5(string_agg(concat(ae_anomaly_score(rows, p),
			ae_anomaly_score($$kept$$, p)), $$ $$)) FROM model, input p' },
	{ name => 'malloc() in storing a model', malloc => 1, undo => 1,
		sql => "SELECT ae_create_model('new', 'TABLE input', '{$small}') > 0" },
	{ name => 'training with temporary files', rare => 1,
		set => "SET maintenance_work_mem = '1MB'",
		sql => "SELECT md5(ae_train(p, '{$small}')) FROM long p" },
	{ name => 'reading a model', set => 'SET autoencoder.cache_size = 0',
		sql => 'SELECT md5(concat(ae_info(rows), ae_info(made), ae_info(told),
			ae_info(varied))) FROM model' },
	{ name => 'reading a model of sets',
		set => 'SET autoencoder.cache_size = 0',
		sql => 'SELECT md5(concat(ae_info(ease), ae_info(network)))
			FROM of_sets' },
	{ name => 'inspecting', fresh => 1,
		sql => q{SELECT md5(concat(
			(SELECT string_agg(f::text, ' ') FROM ae_features(rows) f),
			(SELECT string_agg(f::text, ' ') FROM ae_history(rows) f),
			(SELECT string_agg(f::text, ' ') FROM ae_options() f),
			(SELECT string_agg(f::text, ' ') FROM ae_progress() f),
			(SELECT ae_backend() ->> 'version'))) FROM model} },
	{ name => 'scores', set => 'SET autoencoder.batch_rows = 0',
		sql => 'SELECT md5(string_agg(concat(ae_anomaly_score(rows, p),
			ae_anomaly_pvalue(varied, p), ae_is_anomaly(made, p),
			ae_anomaly_score(told, p)), $$ $$)) FROM model, input p' },
	{ name => 'scores in a new session', fresh => 1,
		sql => 'SELECT md5(string_agg(concat(ae_anomaly_score(rows, p),
			ae_anomaly_score($$kept$$, p)), $$ $$)) FROM model, input p' },
	{ name => 'batches',
		sql => 'SELECT md5(concat(sum(ae_anomaly_score(rows, p)),
			min(ae_anomaly_pvalue(varied, p)), count(ae_encode(rows, p))))
			FROM model, input p WHERE ae_anomaly_score(rows, p) < 9' },
	{ name => 'batches with a name', fresh => 1,
		sql => 'SELECT md5(string_agg(s::text, $$ $$)) FROM (SELECT
			ae_anomaly_score($$kept$$, p) AS s, ae_encode($$kept$$, p)
			FROM input p ORDER BY 1) s' },
	{ name => 'codes and rows', rare => 1,
		sql => 'SELECT md5(string_agg(concat(ae_encode(rows, p),
			ae_decode(rows, ae_encode(rows, p)), ae_reconstruct(rows, p),
			ae_impute(rows, p), ae_reconstruct(varied, p),
			ae_predict(told, p), i), $$ $$))
			FROM model, input p, ae_impute(filled, p, 3, 1) i' },
	{ name => 'explanations',
		sql => 'SELECT md5(string_agg(e::text, $$ $$)) FROM model, input p,
			ae_explain(rows, p) e' },
	{ name => 'evaluation and drift',
		sql => 'SELECT md5(concat(ae_evaluate(rows, p), ae_drift(rows, p),
			ae_evaluate(varied, p))) FROM model, input p
			GROUP BY rows, varied' },
	{ name => 'samples',
		sql => 'SELECT md5(concat(
			(SELECT string_agg(s::text, $$ $$) FROM ae_sample(made, 5, 1) s),
			(SELECT string_agg(s::text, $$ $$)
				FROM ae_sample_rows(made, NULL::input, 5, 1) s),
			(SELECT string_agg(s::text, $$ $$) FROM input x, input y,
				ae_interpolate(rows, x, y, 3) s WHERE x.a < -0.99 AND y.b > 0.99)))
			FROM model' },
	{ name => 'a report on samples', rare => 1,
		sql => q{SELECT md5(string_agg(r::text, ' ')) FROM ae_synthetic_report(
			'SELECT a, b, c, k FROM input', 'SELECT b AS a, a AS b, c, k FROM input',
			'{"hidden": [4], "epochs": 1}') r} },
	{ name => 'recommendations',
		sql => q{SELECT md5(concat(
			(SELECT string_agg(r::text, ' ')
				FROM ae_recommend(ease, ARRAY[1, 6], 4) r),
			(SELECT string_agg(r::text, ' ')
				FROM ae_recommend(network, ARRAY['a1'], 4) r),
			(SELECT string_agg(r::text, ' ')
				FROM ae_recommend('bought', ARRAY[1, 6], 4) r),
			(SELECT string_agg(r::text, ' ')
				FROM ae_similar_items(network, 'a1', 3) r),
			(SELECT string_agg(r::text, ' ') FROM ae_item_embeddings(network) r),
			ae_encode(network, ARRAY['b1', 'a2']))) FROM of_sets} },
	{ name => 'updating',
		sql => q{SELECT md5(ae_update(rows, p, '{"epochs": 1}'))
			FROM model, input p} },
	{ name => 'updating a model of sets',
		sql => q{SELECT md5(ae_update(network, names, '{"epochs": 1}'))
			FROM of_sets, basket} },
	{ name => 'updating in parallel', rare => 1,
		set => 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
			SET min_parallel_table_scan_size = 0;
			SET max_parallel_workers_per_gather = 2',
		sql => q{SELECT ae_update(ae_row('kept', p, '{"epochs": 1}')) IS NULL
			FROM input p} },
	{ name => 'a worker of a parallel query', worker => 350,
		set => 'SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0;
			SET min_parallel_table_scan_size = 0;
			SET max_parallel_workers_per_gather = 2',
		sql => q{SELECT sum(ae_anomaly_score('kept', p))::numeric(9, 3)
			FROM input p} },
	{ name => 'merging',
		sql => 'SELECT md5(ae_merge(m)) FROM model, LATERAL (SELECT rows
			UNION ALL (SELECT ae_update(rows, p, $${"epochs": 1}$$)
			FROM input p)) s (m)' },
	{ name => 'metrics',
		sql => 'SELECT md5(concat(ae_roc_auc(a, t),
			ae_average_precision(a, t), min(ae_recall(ARRAY[c, 3], ARRAY[3])),
			min(ae_ndcg(ARRAY[c, 3], ARRAY[3])))) FROM input' },
	{ name => 'creating a named model', undo => 1,
		sql => "SELECT ae_create_model('swept', 'TABLE input', '{$small}', true)
			> 0" },
	{ name => 'creating the first named model', fresh => 1, undo => 1,
		sql => "SELECT ae_create_model('new', 'TABLE input', '{$small}') > 0" },
	{ name => 'updating a named model', undo => 1,
		sql => "SELECT ae_update_model('swept', 'TABLE input') > 0" },
	{ name => 'storing a model', undo => 1,
		sql => "SELECT ae_store_model('swept', rows) > 0 FROM model" },
	{ name => 'managing models', undo => 1,
		sql => q{SELECT concat(ae_rollback_model('kept', 1),
			ae_grant_model('kept', 'reader'), ae_revoke_model('kept', 'reader'),
			md5(ae_model('kept', 2)), md5(ae_model('swept')),
			ae_prune_model('kept', 1), ae_rename_model('bought', 'moved'),
			ae_drop_model('swept'))} },
	{ name => 'the view of models',
		sql => q{SELECT count(*) || string_agg(readers::text, '') ||
			min(options::text) FROM ae_models WHERE name = 'kept'} },
	{ name => 'the trigger', undo => 1,
		sql => 'WITH i AS (INSERT INTO scored SELECT * FROM point
			RETURNING score) SELECT sum(score) FROM i' },
	{ name => 'the trigger in a new session', undo => 1, fresh => 1,
		sql => 'WITH i AS (INSERT INTO scored SELECT * FROM point LIMIT 3
			RETURNING score) SELECT sum(score) FROM i' });

# what psql does for one failure, the n-th allocation
sub script
{
	my ($case, $n) = @_;
	# over a cache of types that is half made the server falls (18)
	my $fresh =
	  $case->{fresh} ? "\\c -\nSELECT ARRAY[1] = ARRAY[1] \\g /dev/null\n" : '';
	my $begin = $case->{undo} ? "BEGIN;\n" : '';
	# the one that fails may be one of ROLLBACK's own
	my $end =
	  $case->{undo} ? "ROLLBACK;\n\\if :ERROR\nROLLBACK;\n\\endif\n" : '';
	my $set = $case->{fresh} && $case->{set} ? "$case->{set};\n" : '';
	my $arm =
	  $case->{worker} ? 'SET faults.worker_allocation = '
	  . ($n > $case->{worker} ? 0 : $n) . ';'
	  : "SELECT faults_arm$case->{malloc}($n) \\g /dev/null";

	$end .= "RESET faults.worker_allocation;\n" if $case->{worker};
	return "$fresh$set$begin$arm\n"
	  . "\\echo first\n$case->{sql};\n\\echo state :SQLSTATE :LAST_ERROR_MESSAGE\n$end"
	  . "SELECT 'left ' || faults_left() || ' ' || faults_memory();\n"
	  . "${begin}\\echo second\n$case->{sql};\n\\echo end\n$end";
}

# one hash for each failure
sub run
{
	my ($session, $case, @numbers) = @_;
	my $out =
	  $session->ask(join('', map { script($case, $_) } @numbers) . 'SELECT');
	my @runs;

	while ($out =~ /^first\n(.*?)state\ (\w+)\ ([^\n]*)\nleft\ (\d+)\ (\d+)\n
			second\n(.*?)end$/gmsx)
	{
		push @runs,
		  {
			number => $numbers[@runs], first => $1, state => $2,
			message => $3, left => $4, memory => $5, second => $6
		  };
	}
	return @runs;
}

# which allocations of so many are to fail
sub numbers
{
	my ($total, $case) = @_;
	my $rare = $case->{rare};
	my $count =
	  $wanted eq 'all' ? 500 : $rare ? 1 + int($wanted / 5) : $wanted;

	return (1 .. $total) if $wanted eq 'all' && !$rare;
	return (1 .. $case->{first} || 0),
	  map { 1 + int(rand($total)) } 1 .. $count;
}

# where the server, or its library for digests, does not say what it lacks
my $unsaid = qr/^(failed to initialize hash table|could not compute )/;

# why a run is not as it should be, or nothing
sub complaint
{
	my ($run, $expected) = @_;

	return 'the next statement gives something else'
	  if $run->{second} ne $expected;
	return $run->{first} eq $expected ? '' : 'it gives something else'
	  if $run->{state} eq '00000';
	return '' if $run->{state} eq '53200';
	return '' if $run->{state} eq 'XX000' && $run->{message} =~ $unsaid;
	return "the state is $run->{state}";
}

my $failures = 0;
my $began = time;
srand($ENV{ALLOCATIONS_SEED} || 1);
foreach my $case (grep { $_->{name} =~ /$only/ } @cases)
{
	$case->{malloc} = $case->{malloc} ? '_malloc' : '';
	my $session = Session->new($node);
	my $start = time;

	$session->ask($case->{set}) if $case->{set};
	my ($whole) = (run($session, $case, (1 << 50) x 3))[2];
	is($whole->{state}, '00000', "$case->{name}: works") or diag($session->{err});
	my $expected = $whole->{second};
	my $total = $case->{worker} || (1 << 50) - $whole->{left};
	my @numbers = numbers($total, $case);
	my $failed = 0;
	my %complaints;
	my $memory;
	my $bad;

	ok($total > 0 && $total < (1 << 50), "$case->{name}: $total allocations");
	while (my @some = splice(@numbers, 0, BATCH))
	{
		my @runs = run($session, $case, @some);
		is(scalar @runs, scalar @some, "$case->{name}: the session goes on")
		  or diag($session->{out}), last;
		foreach my $run (@runs)
		{
			my $complaint = complaint($run, $expected);
			push @{ $complaints{$complaint} }, $run->{number} if $complaint;
			$bad = $run if $complaint;
			$failed++
			  if $run->{state} ne '00000'
			  || $run->{left} == 0 && !$case->{worker};
		}
		$memory = $runs[0]{memory} unless defined $memory;
		$whole = $runs[-1];
	}
	foreach my $complaint (sort keys %complaints)
	{
		my @at = @{ $complaints{$complaint} };
		diag("$case->{name}: $complaint, " . @at . " times, such as $at[0]");
		diag(explain($bad));
	}
	is(scalar keys %complaints, 0, "$case->{name}: all ends are clean");
	cmp_ok($failed, '>', 0, "$case->{name}: allocations failed")
	  if $case->{worker};
	cmp_ok($whole->{memory} - $memory, '<', GROWTH,
		"$case->{name}: no memory is left") unless $case->{fresh};
	$failures += $failed;
	note(sprintf('%s: %d of %d allocations failed, grew by %d, %.1f s',
		$case->{name}, $failed, $total, $whole->{memory} - $memory,
		time - $start));
	$session->hang_up;
}
note(sprintf('%d allocations failed, %.0f s', $failures, time - $began));

# a worker is told to go when its leader has failed
my @worse = grep { !/terminating background worker/ }
  grep { /PANIC|FATAL|WARNING|TRAP|terminated by signal/ }
  split(/\n/, slurp_file($node->logfile));
is(scalar @worse, 0, 'nothing worse in the log') or diag($worse[0]);
is( $node->safe_psql(
		'postgres', q{SELECT (SELECT count(*) FROM pg_locks
		WHERE pid <> pg_backend_pid() AND database IS NOT NULL)
		+ (SELECT count(*) FROM pg_ls_tmpdir())
		+ (SELECT count(*) FROM ae_progress)}),
	'0',
	'no lock, no temporary file and no progress is left');
$node->stop;
done_testing();
