# Databases in other encodings: labels and names there and back, a model that
# comes from another encoding; and an extension installed where somebody else
# has left a trap.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

# in each database, two words that have one byte a letter or several; bytes
# are what the database has
my %words = (
	LATIN1 => [ "chr(228) || 'pfel'", "chr(241) || 'u'" ],
	SQL_ASCII => [ "convert_from('\\xff80'::bytea, 'SQL_ASCII')", "'plain'" ],
	EUC_JP => [
		"convert_from('\\xc6fccbdc'::bytea, 'EUC_JP')",
		"convert_from('\\xb4c1bbfa'::bytea, 'EUC_JP')"
	],
	UTF8 => [ "chr(26085) || chr(26412)", "chr(228)" ]);

foreach my $encoding (sort keys %words)
{
	my $db = lc $encoding;
	my ($one, $two) = @{ $words{$encoding} };
	$node->safe_psql('postgres',
		"CREATE DATABASE $db ENCODING '$encoding' TEMPLATE template0
		 LC_COLLATE 'C' LC_CTYPE 'C'");
	my $out = $node->safe_psql(
		$db, qq{
SET client_encoding = '$encoding';
CREATE EXTENSION autoencoder;
CREATE TABLE word AS
SELECT CASE g % 2 WHEN 0 THEN $one ELSE $two END AS w, g % 2 AS n
FROM generate_series(1, 60) g;
CREATE TABLE model AS SELECT ae_train(r, '{"epochs": 60}') AS m FROM word r;
SELECT bool_and((ae_reconstruct(m, r)).w = r.w) FROM model, word r;
SELECT count(*) FROM model, ae_features(m), unnest(categories) c
WHERE c IN ($one, $two);
SELECT ae_impute(m, NULL::word) IS NULL, count(*) = 2
FROM model, ae_explain(m, ROW($one, 1)) GROUP BY 1;
SELECT ae_create_model($one, 'TABLE word', '{"epochs": 1}', note => $two);
SELECT name = $one, note = $two, ae_anomaly_score($one, ROW($two, 1)) > 0
FROM ae_models;
});
	is($out, "t\n2\nt|t\n1\nt|t|t", "$encoding: labels and names come back");

	# column names, too, and what is wrong is reported
	$out = $node->safe_psql(
		$db, qq{
SET client_encoding = '$encoding';
DO \$\$
BEGIN
	EXECUTE format('CREATE TABLE named AS SELECT g AS %I, mod(g, 7) AS %I
					FROM generate_series(1, 30) g', $one, $two);
	CREATE TABLE named_model AS
	SELECT ae_train(r, '{"epochs": 1}') AS m FROM named r;
	EXECUTE format('ALTER TABLE named RENAME %I TO other', $two);
END \$\$;
DO \$\$
BEGIN
	PERFORM ae_anomaly_score(m, r) FROM named_model, named r;
EXCEPTION WHEN undefined_column THEN
	INSERT INTO word SELECT sqlerrm LIKE '%' || $two || '%', 9;
END \$\$;
SELECT w FROM word WHERE n = 9;
});
	is($out, 'true', "$encoding: names of columns");
}

# a model whose text is no text here is refused as a whole
foreach my $from ('latin1', 'sql_ascii', 'euc_jp')
{
	foreach my $table ('model', 'named_model')
	{
		my $hex = $node->safe_psql($from,
			"SELECT encode(m, 'hex') FROM $table");
		my $err;
		foreach my $call (
			q{ae_anomaly_score(m, ROW('x', 1))}, q{ae_explain(m, ROW('x', 1))},
			q{ae_info(m)}, q{ae_store_model('x', m)})
		{
			$node->psql(
				'utf8', "SET client_encoding = 'LATIN1';
				SELECT $call FROM (SELECT decode('$hex', 'hex') AS m) s",
				stderr => \$err);
			like(
				$err,
				qr/model has text that is not valid in encoding "UTF8"/,
				"$table of $from in UTF8: $call");
		}
	}
}

# somebody has left functions in the schema where the extension goes
$node->safe_psql('postgres', 'CREATE DATABASE trap');
$node->safe_psql(
	'trap', q{
CREATE ROLE eve LOGIN;
CREATE ROLE vic LOGIN;
CREATE SCHEMA "Ext @""'";
GRANT ALL ON SCHEMA "Ext @""'" TO PUBLIC;
SET search_path = "Ext @""'";
SET ROLE eve;
CREATE TABLE caught (who name DEFAULT current_user);
GRANT ALL ON caught TO PUBLIC;
CREATE FUNCTION catch() RETURNS boolean LANGUAGE plpgsql
SET search_path = "Ext @""'" AS
$$ BEGIN INSERT INTO caught DEFAULT VALUES; RETURN true; END $$;
CREATE FUNCTION pg_has_role(regrole, text) RETURNS boolean
LANGUAGE sql AS 'SELECT catch()';
CREATE FUNCTION quote_ident(name) RETURNS text
LANGUAGE sql AS 'SELECT catch()::text';
CREATE FUNCTION unnest(regrole[]) RETURNS SETOF regrole
LANGUAGE sql AS 'SELECT 0::oid::regrole WHERE catch()';
CREATE FUNCTION is_role(regrole, integer) RETURNS boolean
LANGUAGE sql AS 'SELECT catch()';
CREATE OPERATOR = (FUNCTION = is_role, LEFTARG = regrole, RIGHTARG = integer);
RESET ROLE;
CREATE EXTENSION autoencoder SCHEMA "Ext @""'";
GRANT USAGE ON SCHEMA "Ext @""'" TO PUBLIC;
SET ROLE vic;
SELECT ae_create_model('m', 'SELECT g AS a FROM generate_series(1, 9) g',
	'{"epochs": 1}');
SELECT ae_grant_model('m', 'eve');
SELECT ae_update_model('m', 'SELECT g AS a FROM generate_series(1, 9) g');
SELECT count(*) FROM ae_models;
SELECT ae_anomaly_score('m', ROW(1));
SELECT ae_rollback_model('m', 1);
SELECT ae_synthetic_report('SELECT 1 FROM generate_series(1, 9)',
	'SELECT 1 FROM generate_series(1, 9)', '{"epochs": 1}');
SELECT ae_drop_model('m');
});
is($node->safe_psql('trap', q{SELECT count(*) FROM "Ext @""'".caught}),
	'0', 'functions left in the schema of the extension are never called');
is( $node->safe_psql('trap',
		q{SET search_path = "Ext @""'"; SELECT pg_has_role(0::oid::regrole, 'USAGE');
		  SELECT count(*) FROM caught}),
	"t\n1",
	'the trap works');

$node->stop;
done_testing();
