# Named models survive dump and restore with owners, grants and versions, a
# crash, and replication; changes by COPY and by other sessions are seen.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1);
$node->start;
$node->safe_psql(
	'postgres', q{
CREATE ROLE trainer LOGIN;
CREATE ROLE "Other Reader" LOGIN;
CREATE SCHEMA "Ext Schema";
CREATE EXTENSION autoencoder SCHEMA "Ext Schema";
ALTER DATABASE postgres SET search_path = public, "Ext Schema";
GRANT USAGE ON SCHEMA "Ext Schema" TO PUBLIC;
GRANT CREATE ON SCHEMA public TO PUBLIC;
});
$node->safe_psql(
	'postgres', q{
SET ROLE trainer;
CREATE TABLE reading AS
SELECT sin(g) AS a, cos(g) AS b, 'k' || g % 3 AS k FROM generate_series(1, 300) g;
GRANT SELECT ON reading TO PUBLIC;
SELECT ae_create_model('wave', 'TABLE reading', '{"epochs": 2}', note => 'one');
SELECT ae_create_model('wave', 'TABLE reading', '{"epochs": 3}', true);
SELECT ae_store_model('wave', ae_model('wave', 1));
SELECT ae_rollback_model('wave', 2);
SELECT ae_grant_model('wave', 'Other Reader');
CREATE TABLE scored (LIKE reading);
ALTER TABLE scored ADD score float8;
CREATE TRIGGER score BEFORE INSERT ON scored FOR EACH ROW
	EXECUTE FUNCTION ae_score_trigger('wave', 'score');
INSERT INTO scored SELECT * FROM reading LIMIT 3;
});

# everything about the models, and a score to the last digit
my $query = q{
SELECT name, version, is_current, owner, readers, created_at, seconds, rows,
	   bytes, query, options, note, md5(ae_model(name, version)),
	   (SELECT ae_anomaly_score(m.name, r)::text FROM reading r LIMIT 1)
FROM ae_models m ORDER BY version};
my $before = $node->safe_psql('postgres', $query);
like($before, qr/^wave\|2\|t\|trainer\|\{"\\"Other Reader\\""\}\|/m,
	'the owner and the reader are there');

##
## Dump and restore
##
my $dump = $node->backup_dir . '.dump';
foreach my $format ('plain', 'custom')
{
	command_ok(
		[
			'pg_dump', "--format=$format", '-f', "$dump.$format",
			$node->connstr('postgres')
		],
		"dump as $format");
	$node->safe_psql(
		'postgres', qq{
CREATE DATABASE restored_$format;
ALTER DATABASE restored_$format SET search_path = public, "Ext Schema"});
}
command_ok(
	[
		'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', "$dump.plain",
		$node->connstr('restored_plain')
	],
	'restore from plain');
command_ok(
	[
		'pg_restore', '--exit-on-error', '-d',
		$node->connstr('restored_custom'), "$dump.custom"
	],
	'restore from custom');
foreach my $format ('plain', 'custom')
{
	is($node->safe_psql("restored_$format", $query),
		$before, "same models after a restore from $format");
	is( $node->safe_psql(
			"restored_$format",
			q{INSERT INTO scored SELECT * FROM reading LIMIT 1;
			  SELECT count(DISTINCT score) FROM scored
			  WHERE (a, b) = (SELECT a, b FROM reading LIMIT 1)}),
		'1',
		"the trigger scores after a restore from $format");
	is( $node->safe_psql(
			"restored_$format",
			q{SET ROLE "Other Reader"; SELECT count(*) FROM ae_models}),
		'3',
		"a reader reads after a restore from $format");
}

# who is no superuser sees only some rows, and must say that this is meant
$node->safe_psql('postgres', 'CREATE DATABASE mine OWNER trainer');
$node->safe_psql('mine', 'CREATE EXTENSION autoencoder');
$node->safe_psql(
	'mine', q{
SET ROLE trainer;
SELECT ae_store_model('mine', ae_train(r, '{"epochs": 1}'))
  FROM (SELECT i AS a, i AS b FROM generate_series(1, 9) i) r;
RESET ROLE;
SELECT ae_store_model('not mine', ae_train(r, '{"epochs": 1}'))
  FROM (SELECT i AS a, i AS b FROM generate_series(1, 9) i) r;
});
command_fails_like(
	[ 'pg_dump', '-U', 'trainer', '-f', "$dump.mine", $node->connstr('mine') ],
	qr/query would be affected by row-level security policy/,
	'dump by another role fails');
command_ok(
	[
		'pg_dump', '-U', 'trainer', '--enable-row-security', '-f',
		"$dump.mine", $node->connstr('mine')
	],
	'dump by another role with --enable-row-security');
my $text = slurp_file("$dump.mine");
like($text, qr/^mine\t/m, 'its own models are dumped');
unlike($text, qr/^not mine\t/m, 'models of others are not dumped');

##
## What sessions see
##
# COPY into the tables
my $other = $node->safe_psql(
	'postgres', q{
SELECT ae_anomaly_score('wave', r) IS NOT NULL FROM reading r LIMIT 1;
BEGIN;
CREATE TEMP TABLE held AS SELECT * FROM ae_model_version;
DELETE FROM ae_model_version WHERE version = 2;
COPY held TO '} . $dump . q{.copy';
COPY ae_model_version FROM PROGRAM 'grep "^wave	2	" } . $dump . q{.copy';
SELECT ae_anomaly_score('wave', r) = ae_anomaly_score(ae_model('wave', 2), r)
  FROM reading r LIMIT 1;
ROLLBACK;
SELECT ae_anomaly_score('wave', r) = ae_anomaly_score(ae_model('wave', 2), r)
  FROM reading r LIMIT 1;
});
is($other, "t\nt\nt", 'COPY into the table is seen, and undone');

# NOTIFY from a scored row
my ($out, $err);
$node->psql(
	'postgres', q{
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN PERFORM pg_notify('suspicious', NEW.k); RETURN NULL; END$$;
CREATE TRIGGER tell AFTER INSERT ON scored FOR EACH ROW
	WHEN (NEW.score > 100) EXECUTE FUNCTION tell();
LISTEN suspicious;
INSERT INTO scored VALUES (0, 1, 'usual'), (9999, -9999, 'odd');
}, stdout => \$out, stderr => \$err);
like($out, qr/notification "suspicious" with payload "odd"/,
	'a suspicious row notifies');
unlike($out, qr/payload "usual"/, 'a usual row does not');

##
## Standby
##
$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
is($standby->safe_psql('postgres', $query),
	$before, 'a standby shows and scores the same');

# one session of the standby over changes on the primary
my $in = '';
my $timer = IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default);
($out, $err) = ('', '');
my $session = IPC::Run::start(
	[ 'psql', '-XAtq', '-f', '-', '-d', $standby->connstr('postgres') ],
	'<', \$in, '>', \$out, '2>', \$err, $timer);
my $score = q{SELECT 'version', max(v.version)
  FROM ae_model_version v, (SELECT * FROM reading LIMIT 1) r
 WHERE ae_anomaly_score(v.model, r) = ae_anomaly_score('wave', r);};

sub standby_scores
{
	$out = '';
	$in .= "$score\n";
	$session->pump until $out =~ /\n/ || $err ne '';
	chomp(my $line = $out . $err);
	return $line;
}
is(standby_scores(), 'version|2', 'the standby scores with version 2');
$node->safe_psql('postgres', q{SELECT ae_rollback_model('wave', 3)});
$node->wait_for_catchup($standby, 'replay');
is(standby_scores(), 'version|3', 'and with version 3 after a rollback');
$in .= "\\q\n";
$session->finish;
($out, $err) = ('', '');
isnt(
	$standby->psql(
		'postgres',
		q{SELECT ae_create_model('x', 'TABLE reading')},
		stderr => \$err),
	0,
	'no training on a standby');
like($err, qr/read-only transaction/, 'and it says why');
$standby->stop;

##
## Crash
##
$node->safe_psql('postgres',
	q{SELECT ae_create_model('kept', 'TABLE reading', '{"epochs": 1}')});
$before = $node->safe_psql('postgres', $query);
$node->stop('immediate');
$node->start;
is($node->safe_psql('postgres', $query),
	$before, 'models are there after a crash');
is( $node->safe_psql('postgres',
		q{SELECT ae_create_model('kept', 'TABLE reading', '{"epochs": 1}', true)}),
	'2', 'and can be trained again');

$node->stop;
done_testing();
