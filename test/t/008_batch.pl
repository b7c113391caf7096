# Random queries with batched execution and without it must have the same
# results and errors.  AE_BATCH_QUERIES says how many (300, thousands for a
# soak), AE_BATCH_SEED which ones.  AE_BATCH_SCRIPT names a file that gets them
# as a script for psql, and nothing is run.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $queries = $ENV{AE_BATCH_QUERIES} || 300;
my $seed = $ENV{AE_BATCH_SEED} || 1;
srand($seed);

my $setup = <<'SQL';
CREATE EXTENSION IF NOT EXISTS autoencoder;
SET client_min_messages = warning;
CREATE TABLE d AS
SELECT g AS id, sin(g)::real AS a, 10 + 3 * cos(g * 2.1) AS b, g % 50 AS n,
	   (ARRAY['red', 'green', 'blue'])[1 + g % 3] AS l,
	   ARRAY[sin(g), cos(g), sin(g * 3)]::real[] AS x,
	   repeat(md5(g::text), 100) AS big
  FROM generate_series(1, 600) g;
CREATE TABLE m AS
SELECT 'row' AS name, ae_train(t, '{"epochs": 3, "hidden": [8], "latent": 2}')
	   AS model FROM (SELECT a, b, n, l FROM d) t
UNION ALL
SELECT 'error', ae_train(t, '{"epochs": 3, "hidden": [9, 5], "latent": 2,
							  "score": "error", "activation": "tanh"}')
  FROM (SELECT a, b, n, l FROM d) t
UNION ALL
SELECT 'array', ae_train(x, '{"epochs": 3, "hidden": [17], "latent": 3,
							  "score": "error"}') FROM d
UNION ALL
SELECT 'joint', ae_train(x, '{"epochs": 3}') FROM d
UNION ALL
SELECT 'far', ae_train(x, '{"epochs": 3, "score": "distance"}') FROM d;
ANALYZE m;
SELECT ae_store_model('named', model) FROM m WHERE name = 'row';

-- holes, and values that no model takes
UPDATE d SET a = NULL WHERE id % 11 = 0;
UPDATE d SET x = NULL WHERE id % 13 = 0;
UPDATE d SET l = 'unseen' WHERE id % 17 = 0;
UPDATE d SET a = NULL, b = NULL, n = NULL, l = NULL WHERE id = 55;
CREATE TABLE bad AS SELECT * FROM d;
UPDATE bad SET b = 'NaN' WHERE id IN (203, 377);
UPDATE bad SET x = '{1,2}' WHERE id IN (211, 390);
UPDATE bad SET x = '{1,2,Infinity}' WHERE id = 288;

CREATE TABLE p (drop_me text, l text, id integer, a real, b float8, n integer,
				x real[], big text) PARTITION BY RANGE (id);
ALTER TABLE p DROP drop_me;
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (200);
CREATE TABLE p2 (id integer, gone integer, x real[], a real, n integer,
				 b float8, big text, l text);
ALTER TABLE p2 DROP gone;
ALTER TABLE p ATTACH PARTITION p2 FOR VALUES FROM (200) TO (1000);
INSERT INTO p (id, a, b, n, l, x, big)
SELECT id, a, b, n, l, x, big FROM d;
CREATE TABLE c (more integer) INHERITS (d);
INSERT INTO c SELECT id + 1000, a, b, n, l, x, big, id FROM d WHERE id < 90;
CREATE VIEW v AS SELECT id, a, b * 1 AS b, n, l, x, big FROM d WHERE n < 40;
CREATE TABLE k AS SELECT g AS id, g % 4 AS four FROM generate_series(1, 700) g;
CREATE INDEX ON d (id);
CREATE INDEX ON k (id);

-- a policy hides what would be an error
CREATE TABLE secret AS SELECT * FROM bad;
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
ALTER TABLE secret FORCE ROW LEVEL SECURITY;
CREATE POLICY visible ON secret
	USING (b < 1000 AND array_length(x, 1) = 3 AND x[3] < 10);
CREATE ROLE batch_reader;
GRANT ALL ON ALL TABLES IN SCHEMA public TO batch_reader;
VACUUM ANALYZE;

-- the rows of a query, in order, and its error
CREATE FUNCTION outcome(query text, mode text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	rows text[] := '{}';
	r record;
	c refcursor;
BEGIN
	CASE mode
	WHEN 'loop' THEN
		FOR r IN EXECUTE query LOOP
			rows := rows || r::text;
		END LOOP;
	WHEN 'array' THEN
		EXECUTE 'SELECT array_agg(q::text) FROM (' || query || ') q' INTO rows;
	WHEN 'any' THEN
		EXECUTE 'SELECT array_agg(q::text ORDER BY q::text) FROM (' || query ||
			') q' INTO rows;
	WHEN 'exists' THEN
		EXECUTE 'SELECT ARRAY[EXISTS (' || query || ')::text]' INTO rows;
	WHEN 'table' THEN
		EXECUTE 'CREATE TEMP TABLE result AS ' || query;
		SELECT array_agg(result::text) INTO rows FROM result;
		DROP TABLE result;
	WHEN 'first' THEN
		EXECUTE query INTO r;
		rows := rows || r::text;
	WHEN 'cursor' THEN
		OPEN c NO SCROLL FOR EXECUTE query;
		FOR i IN 1 .. 70 LOOP
			FETCH c INTO r;
			EXIT WHEN NOT FOUND;
			rows := rows || r::text;
		END LOOP;
		CLOSE c;
	WHEN 'scroll' THEN
		OPEN c SCROLL FOR EXECUTE query;
		FOREACH mode IN ARRAY ARRAY['NEXT', 'NEXT', 'NEXT', 'PRIOR', 'NEXT',
			'FORWARD 40', 'PRIOR', 'PRIOR', 'NEXT', 'NEXT', 'NEXT',
			'LAST', 'PRIOR', 'NEXT', 'NEXT', 'PRIOR', 'ABSOLUTE 5', 'NEXT',
			'BACKWARD 3', 'FIRST', 'PRIOR', 'NEXT', 'RELATIVE 2'] LOOP
			CASE split_part(mode, ' ', 1)
			WHEN 'NEXT' THEN FETCH NEXT FROM c INTO r;
			WHEN 'PRIOR' THEN FETCH PRIOR FROM c INTO r;
			WHEN 'FORWARD' THEN MOVE FORWARD 40 FROM c;
			WHEN 'BACKWARD' THEN MOVE BACKWARD 3 FROM c;
			WHEN 'LAST' THEN FETCH LAST FROM c INTO r;
			WHEN 'FIRST' THEN FETCH FIRST FROM c INTO r;
			WHEN 'ABSOLUTE' THEN FETCH ABSOLUTE 5 FROM c INTO r;
			WHEN 'RELATIVE' THEN FETCH RELATIVE 2 FROM c INTO r;
			END CASE;
			rows := rows || (mode || coalesce(r::text, '-'));
		END LOOP;
		CLOSE c;
	WHEN 'change' THEN
		FOR r IN EXECUTE query LOOP
			rows := rows || r::text;
		END LOOP;
		RAISE EXCEPTION 'undone';
	WHEN 'plan' THEN
		FOR r IN EXECUTE 'EXPLAIN ' || query LOOP
			rows := rows || r::text;
		END LOOP;
	END CASE;
	RETURN rows::text;
EXCEPTION WHEN OTHERS THEN
	IF c IS NOT NULL THEN
		rows := rows || SQLSTATE;
	END IF;
	RETURN SQLERRM || ' after ' || coalesce(rows::text, '');
END $$;

CREATE TABLE report (number integer, is_batched boolean, is_error boolean);
GRANT ALL ON report TO batch_reader;

CREATE FUNCTION compare(number integer, batch integer, mode text, query text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	single text;
	batched text;
	plan text;
BEGIN
	PERFORM set_config('autoencoder.batch_rows', '0', false);
	single := outcome(query, mode);
	PERFORM set_config('autoencoder.batch_rows', batch::text, false);
	batched := outcome(query, mode);
	plan := outcome(query, 'plan');
	IF mode = 'any' AND single NOT LIKE '{%' AND batched NOT LIKE '{%' THEN
		-- workers race for the first error
		single := batched;
	END IF;
	INSERT INTO report VALUES (number, plan LIKE '%AutoencoderBatch%',
							   single NOT LIKE '{%' AND
							   single NOT LIKE 'undone%');
	IF single IS DISTINCT FROM batched THEN
		RETURN format(E'query %s, %s rows, %s: %s\n%s\n%s\n', number, batch,
					  mode, query, left(single, 500), left(batched, 500));
	END IF;
	RETURN NULL;
END $$;
SQL

sub pick { return $_[ int(rand(@_)) ]; }

# a model and features that go together; bad rows only once in a query
sub source
{
	my ($t) = @_;
	my ($name, $features) = @{ pick(
		[ 'row', "$t" ],
		[ 'error', "$t" ],
		[ 'row', "ROW($t.a, $t.b, $t.n, $t.l)" ],
		[ 'error', "ROW($t.a, $t.b + 1, $t.n, $t.l)" ],
		[ 'array', "$t.x" ],
		[ 'joint', "$t.x" ],
		[ 'far', "$t.x" ],
		[ 'array', "ARRAY[$t.a, $t.b, $t.n]::real[]" ]) };
	my $model = pick(
		"(SELECT model FROM m WHERE name = '$name')",
		"(SELECT model FROM m WHERE name = '$name')",
		"m.model",
		"NULLIF((SELECT model FROM m WHERE name = '$name'), ''::bytea)",
		($name eq 'row' ? "'named'" : "NULL::bytea"));
	return { name => $name, model => $model, features => $features };
}

sub call
{
	my ($s) = @_;
	my $arguments = "$s->{model}, $s->{features}";
	return pick(
		"ae_anomaly_score($arguments)",
		"ae_anomaly_score($arguments)",
		"ae_anomaly_pvalue($arguments)",
		"ae_is_anomaly($arguments)::integer",
		"ae_is_anomaly($arguments, 0.3)::integer",
		"(ae_encode($arguments))[1]",
		"ae_encode($arguments)");
}

sub number
{
	my ($s) = @_;
	my $call = call($s);
	return $call =~ /^ae_encode/ ? "($call)[2]" : $call;
}

sub item
{
	my ($s, $t) = @_;
	my $n = number($s);
	return pick(
		call($s), call($s), call($s), $n,
		"round(($n)::numeric, 3)",
		"coalesce($n, -1)",
		"CASE WHEN $t.n > 25 THEN $n END",
		"CASE WHEN $n > 0.5 THEN $t.l ELSE left($t.big, 5) END",
		"$n + $t.id",
		"1 / ($t.id - 999)",
		"greatest($n, $t.a)",
		"($n IS NULL)",
		"(SELECT max(four) + $n FROM k WHERE k.id = $t.n)",
		"$t.l", "$t.x", "length($t.big)");
}

sub condition
{
	my ($s, $t) = @_;
	my $n = number($s);
	return pick(
		"$t.id < 300", "$t.id % 3 = 1", "$t.l <> 'red'",
		"$n > 0.4", "$n < 0.9",
		"$n > 0.4 AND $t.l <> 'red' AND $t.n / ($t.id - 2000) < 1",
		"($t.n > 20 OR $n > 0.5)",
		"$n > 0.2 AND (SELECT max(four) FROM k WHERE k.id = $t.n) > 1",
		"$n IS NOT NULL");
}

sub query
{
	my $t = 'd';
	my $s = source($t);
	my $from = pick(
		'd', 'd', 'd', 'ONLY d', 'bad d', 'p d', 'v d', 'secret d',
		'(SELECT * FROM d OFFSET 3) d', '(SELECT * FROM bad OFFSET 0) d',
		'd JOIN k USING (id)', 'd LEFT JOIN k ON k.four = d.n',
		'k JOIN d ON k.id = d.n AND k.four = 1',
		'k CROSS JOIN LATERAL (SELECT * FROM d WHERE d.n = k.four LIMIT 3) d');
	my $with = '';
	if (rand() < 0.08)
	{
		$with = 'WITH d AS MATERIALIZED (SELECT * FROM d WHERE id < 450) ';
		$from = 'd';
	}
	my @where;
	if ($s->{model} eq 'm.model')
	{
		$from = rand() < 0.5 ? "$from, m" : "m, $from";
		push @where, rand() < 0.8 ? "m.name = '$s->{name}'" :
			$s->{name} =~ /row|error/ ? "m.name IN ('row', 'error')" :
			"m.name IN ('array', 'joint', 'far')";
	}
	push @where, condition($s, $t) while rand() < 0.4;
	my $where = @where ? ' WHERE ' . join(' AND ', @where) : '';
	my $n = number($s);

	my $kind = rand();
	if ($kind < 0.2)
	{
		my $filter = rand() < 0.2 ? " FILTER (WHERE d.id <> 203)" : '';
		return "${with}SELECT count(*), sum($n), min($n)$filter, "
		  . "max(d.id) FROM $from$where";
	}
	if ($kind < 0.3)
	{
		return "${with}SELECT d.n % 5 AS g, avg($n), count(DISTINCT $n) "
		  . "FROM $from$where GROUP BY d.n % 5 "
		  . pick('ORDER BY 1', 'HAVING count(*) > 3 ORDER BY 1');
	}
	if ($kind < 0.35)
	{
		return "${with}SELECT d.id, rank() OVER (ORDER BY $n, d.id) FROM "
		  . "$from$where ORDER BY 2, 1";
	}
	if ($kind < 0.4)
	{
		return "${with}SELECT k2.id FROM k k2 WHERE "
		  . pick('EXISTS', 'NOT EXISTS')
		  . " (SELECT FROM $from"
		  . ($where eq '' ? ' WHERE' : "$where AND")
		  . " d.id = k2.id AND $n > 0.5) ORDER BY 1";
	}
	my $items = join(', ', 'd.id', map { item($s, $t) } 1 .. 1 + int(rand(3)));
	my $query = "${with}SELECT $items FROM $from$where";
	$query .= pick('', '', ' ORDER BY d.id', ' ORDER BY d.id DESC, 2',
				   ' ORDER BY 2, d.id')
	  unless $items =~ /ae_encode/ && rand() < 0.5;
	$query .= pick(' LIMIT 1', ' LIMIT 7', ' LIMIT 33', ' LIMIT 200',
				   ' LIMIT 20 OFFSET 15', ' OFFSET 590')
	  if rand() < 0.4;
	return $query;
}

sub change
{
	my $t = pick('d', 'bad', 'p', 'secret');
	my $s = source($t);
	$s = source($t) while $s->{model} eq 'm.model';
	my $n = number($s);
	my $where = rand() < 0.5 ? " WHERE $t.id < 180" : '';
	return pick(
		"UPDATE $t SET b = $n$where RETURNING $t.id, $t.b",
		"UPDATE $t SET b = 1$where RETURNING $t.id, $n",
		"INSERT INTO k SELECT $t.id, $n FROM $t$where RETURNING *",
		"DELETE FROM $t"
		  . ($where eq '' ? ' WHERE' : "$where AND")
		  . " $n > 0.5 RETURNING $t.id");
}

my $script = '';
for my $number (1 .. $queries)
{
	my $mode = pick('loop', 'loop', 'array', 'array', 'array', 'table',
					'first', 'cursor', 'scroll', 'exists', 'change', 'any');
	my $query = $mode eq 'change' ? change() : query();
	my $batch = pick(1, 2, 3, 16, 16, 100, 256, 256, 5000);
	my %set = (
		enable_hashjoin => pick('on', 'on', 'off'),
		enable_nestloop => pick('on', 'on', 'off'),
		enable_hashagg => pick('on', 'off'),
		enable_sort => pick('on', 'on', 'off'),
		enable_seqscan => pick('on', 'on', 'on', 'off'),
		work_mem => pick("'4MB'", "'4MB'", "'64kB'"),
		max_parallel_workers_per_gather => $mode eq 'any' ? 2 : 0,
		parallel_setup_cost => 0,
		parallel_tuple_cost => 0,
		min_parallel_table_scan_size => 0,
		role => rand() < 0.2 && $query !~ /'named'/ ? 'batch_reader' : 'none');

	# workers add up in any order, and any of their rows come first
	$query =~ s/\b(sum|avg)\(/max(/g if $mode eq 'any';
	$query =~ s/ (LIMIT|OFFSET) \d+//g if $mode eq 'any';
	$query =~ s/'/''/g;
	$script .= join('', map { "SET $_ = $set{$_};\n" } sort keys %set)
	  . "SELECT compare($number, $batch, '$mode', '$query');\n"
	  . "RESET ALL;\nRESET ROLE;\n";
}
$script .= "SELECT 'batched: ' || count(*) FILTER (WHERE is_batched) ||"
  . " ', errors: ' || count(*) FILTER (WHERE is_error) FROM report;\n";

if ($ENV{AE_BATCH_SCRIPT})
{
	append_to_file($ENV{AE_BATCH_SCRIPT}, $setup . $script);
	plan skip_all => 'script written';
}

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--no-locale', '--encoding=UTF8' ]);
$node->start;
$node->safe_psql('postgres', $setup);
my ($out, $err);
my $status = $node->psql('postgres', $script, stdout => \$out,
						 stderr => \$err, timeout => 1200);
is($status, 0, 'the session survives');
is($err, '', 'no query fails outside of its comparison');
my ($batched, $errors) = $out =~ /batched: (\d+), errors: (\d+)/;
$out =~ s/batched: .*//;
$out =~ s/\n+/\n/g;
is($out, "\n", "$queries queries have the same results and errors");
cmp_ok($batched, '>', $queries / 4, 'many of them are batched');
cmp_ok($errors, '>', $queries / 50, 'some of them end in errors');

done_testing();
