# pgvector's types as features and as sets, and its indexes as a way to rank.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# of products of 33 numbers in single precision, whose scores are below 30
use constant SCORE_TOLERANCE => 1e-4;
# of the ten best items, found through an index
use constant RECALL => 0.9;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => [ '--no-locale', '--encoding=UTF8' ]);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;

if ($node->safe_psql('postgres',
		"SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'")
	== 0)
{
	$node->stop;
	plan skip_all => 'pgvector is not installed';
}

sub sql
{
	my ($query) = @_;
	return $node->safe_psql('postgres', $query);
}

sub fails
{
	my ($query, $message, $name) = @_;
	my $err;
	$node->psql('postgres', $query, stderr => \$err);
	like($err, $message, $name);
}

sql(q{
CREATE EXTENSION vector;
CREATE EXTENSION autoencoder;
CREATE TABLE thing (id int, a real[], v vector(4), h halfvec(4));
INSERT INTO thing
SELECT g, a, a, a FROM generate_series(1, 600) g,
	LATERAL (SELECT ARRAY[g % 10, (g * 7) % 13 / 4.0, sin(g), cos(g / 3.0)]::real[]) s(a);
CREATE VIEW row_thing AS SELECT id % 7 AS n, v, h FROM thing;
CREATE TABLE model AS
SELECT ae_train(a, '{"epochs": 20}' ORDER BY id) AS of_array,
	ae_train(v, '{"epochs": 20}' ORDER BY id) AS of_vector,
	ae_train(h, '{"epochs": 20}' ORDER BY id) AS of_half,
	ae_train(h::real[], '{"epochs": 20}' ORDER BY id) AS of_half_array,
	(SELECT ae_train(r, '{"epochs": 20}') FROM row_thing r) AS of_row
FROM thing;
});

# vectors are arrays of numbers
is(sql('SELECT of_array = of_vector, of_half = of_half_array FROM model'),
	't|t', 'models of vectors are those of arrays');
is( sql(q{
SELECT count(*) FROM model, thing
WHERE ae_anomaly_score(of_array, a) = ae_anomaly_score(of_array, v)
AND ae_anomaly_score(of_array, h::real[]) = ae_anomaly_score(of_array, h)
AND ae_encode(of_array, a) = ae_encode(of_array, v)
AND ae_encode(of_array, h::real[]) = ae_encode(of_array, h)
AND ae_reconstruct(of_array, a)::vector = ae_reconstruct(of_array, v)
AND ae_reconstruct(of_array, h::real[])::vector::halfvec
	= ae_reconstruct(of_array, h)
AND ae_impute(of_array, v) = v}),
	'600',
	'applied to vectors, they give the same');
is( sql(q{
SELECT pg_typeof(ae_reconstruct(of_array, v)),
	pg_typeof(ae_reconstruct(of_array, h)) FROM model, thing LIMIT 1}),
	'vector|halfvec',
	'reconstructed values are of the type of the argument');
is( sql(q{
SELECT e.feature, e.actual = o.actual, e.expected = o.expected
FROM model, ae_explain(of_array, '[1,2,3,4]'::vector) e
JOIN ae_explain(of_array, '{1,2,3,4}'::real[]) o USING (feature) ORDER BY 1}),
	"1|t|t\n2|t|t\n3|t|t\n4|t|t",
	'explained element by element');

# and columns of a row, which keep their types
is( sql('SELECT name, type, kind, width FROM model, ae_features(of_row)'),
	"n|integer|numeric|1\nv|vector|numeric|4\nh|halfvec|numeric|4",
	'columns that are vectors');

is( sql(q{
SELECT count(*), count(DISTINCT pg_typeof((c).v)), min(vector_dims((c).v)),
	min(vector_dims((c).h))
FROM (SELECT ae_reconstruct(of_row, r) AS c FROM model, row_thing r) s}),
	'600|1|4|4',
	'rows come back as rows');
is( sql(q{
SELECT e.feature, count(*) FROM model, row_thing r, ae_reconstruct(of_row, r) c,
	ae_explain(of_row, r) e
WHERE (e.feature, e.actual, e.expected) IN (('v', r.v::text, c.v::text), ('h', r.h::text, c.h::text))
GROUP BY 1 ORDER BY 1}),
	"h|600\nv|600",
	'columns explained');
is( sql(q{
SELECT (i).v = (ae_reconstruct(of_row, r)).v, (i).h = (r).h, (i).n = (r).n
FROM (SELECT of_row, r, ae_impute(of_row, r) AS i
	FROM model, (SELECT ROW(n, NULL, h)::row_thing AS r FROM row_thing LIMIT 1) t) s}),
	't|t|t',
	'a vector that is missing is imputed, others stay');
is( sql(q{
SELECT ae_anomaly_score(of_row, r) = ae_anomaly_score(of_row, o)
FROM model, (SELECT n, v, h FROM row_thing LIMIT 1) r,
	(SELECT n, v::real[] AS v, h::real[] AS h FROM row_thing LIMIT 1) o}),
	't',
	'arrays in the place of vectors');
is( sql(q{
CREATE DOMAIN embedding AS vector(4) CHECK (vector_dims(VALUE) = 4);
SELECT pg_typeof(ae_reconstruct(of_array, v::embedding)),
	ae_reconstruct(of_array, v::embedding) = ae_reconstruct(of_array, v)
FROM model, thing LIMIT 1}),
	'embedding|t',
	'a domain');

# no element of a vector is NULL, so there are never parts
is( sql(q{
CREATE TYPE empty AS (g int, v vector(2), w vector(2));
CREATE TABLE never AS
SELECT ae_train(r, '{"epochs": 1}') AS m FROM (
	SELECT g, ARRAY[NULL, NULL]::real[] AS v, NULL::vector(2) AS w
	FROM generate_series(1, 9) g) r;
SELECT (ae_impute(m, r)).v IS NULL, (ae_reconstruct(m, r)).w IS NULL,
	(ae_reconstruct(m, r)).v IS NULL
FROM never, (SELECT ROW(1, NULL, NULL)::empty AS r) t}),
	't|t|t',
	'where nothing is expected, a vector is NULL');
is( sql(q{
SELECT (ae_reconstruct(m, ROW(1, '[3,4]', NULL)::empty)).v FROM never}),
	'[3,4]',
	'or keeps what it has');
is( sql(q{
SELECT count(*), min(vector_dims(v)), count(DISTINCT v)
FROM (SELECT ae_sample_rows(m, NULL::vector, 5, 1) AS v
	FROM (SELECT ae_train(v, '{"purpose": "generation", "epochs": 5}') AS m
		FROM thing) s) t}),
	'5|4|5',
	'rows are made');
is( sql(q{
SELECT count(*), bool_and(pg_typeof(v) = 'vector'::regtype)
FROM model, ae_interpolate(of_vector, '[1,2,0,0]'::vector, '[2,1,0,0]', 3) v}),
	'3|t',
	'and interpolated');

# halves are the closest ones, up to the largest, as pgvector rounds them
sql(q{
CREATE TYPE halves AS (g int, v halfvec(16));
CREATE TABLE all_halves AS
SELECT array_agg(sign * CASE e WHEN 0 THEN m * 2.0 ^ -24
	ELSE (1024 + m) * 2.0 ^ (e - 25) END::real)::halfvec AS h
FROM generate_series(0, 30) e, generate_series(0, 1023) m, (VALUES (1), (-1)) s(sign)
GROUP BY e, m / 16, sign;
CREATE TABLE tiny AS
SELECT ARRAY[g * 1e-7, g * 9e-6, g, g * 320]::real[] AS a FROM generate_series(1, 200) g;
});
is( sql(q{
SELECT count(*) FROM (
	SELECT ae_train(r, '{"epochs": 1}') AS m FROM (
		SELECT g, array_fill(NULL::real, ARRAY[16]) AS v
		FROM generate_series(1, 9) g) r) s, all_halves
WHERE (ae_reconstruct(m, ROW(1, h)::halves)).v = h}),
	'3968',
	'all of them are read and written');
is( sql(q{
SELECT count(*) FILTER (WHERE r::halfvec = ae_reconstruct(m, h)) = count(*), count(*) > 100
FROM (SELECT ae_train(a::halfvec::real[]) AS m FROM tiny) s,
	(SELECT a::halfvec AS h FROM tiny OFFSET 0) t, ae_reconstruct(m, h::real[]) r
WHERE r[4] < 65504}),
	't|t',
	'rounded');
is( sql(q{
SELECT ae_reconstruct(m, '[1,1]'::halfvec)
FROM (SELECT ae_train(ARRAY[1e6 + g, -1e6 - g]::real[]) AS m
	FROM generate_series(1, 9) g) s}),
	'[65504,-65504]',
	'the largest');

# aggregates, triggers and indexes
foreach my $call ('ae_evaluate(of_array, %s)', 'ae_drift(of_array, %s)',
	'ae_update(of_array, %s ORDER BY id)', 'avg(ae_anomaly_pvalue(of_array, %s))')
{
	my ($array, $vector) = map {
		sql('SELECT md5((' . sprintf($call, $_) . ')::text) FROM model, thing GROUP BY of_array')
	} ('a', 'v');
	like($array, qr/^[0-9a-f]{32}$/, $call);
	is($vector, $array, 'the same of vectors');
}
is( sql(q{
CREATE TABLE scored (n int, v vector(4), h halfvec(4), score float8);
SELECT ae_store_model('row', of_row) FROM model;
CREATE TRIGGER score BEFORE INSERT ON scored
FOR EACH ROW EXECUTE FUNCTION ae_score_trigger('row', 'score');
INSERT INTO scored (n, v, h) TABLE row_thing;
SELECT count(*) FROM scored s, model
WHERE score = ae_anomaly_score(of_row, ROW(n, v, h))}),
	"1\n600",
	'a trigger');
is( sql(q{
DO $$BEGIN EXECUTE format('CREATE FUNCTION thing_model() RETURNS bytea IMMUTABLE
PARALLEL SAFE LANGUAGE sql AS %L', format('SELECT %L::bytea', of_vector)) FROM model; END$$;
CREATE INDEX thing_score ON thing (ae_anomaly_score(thing_model(), v));
SET enable_seqscan = off;
SELECT id = (SELECT id FROM model, thing ORDER BY ae_anomaly_score(of_vector, v) DESC LIMIT 1)
FROM thing ORDER BY ae_anomaly_score(thing_model(), v) DESC LIMIT 1}),
	't',
	'an index');

# results are assigned to columns that are vectors
is( sql(q{
CREATE TABLE embedded (id int, e vector(2), h halfvec(2));
CREATE TABLE small AS
SELECT ae_train(v, '{"epochs": 5, "latent": 2}' ORDER BY id) AS m FROM thing;
INSERT INTO embedded SELECT id, ae_encode(m, v), ae_encode(m, h) FROM small, thing;
UPDATE embedded SET e = ae_encode(m, v) FROM small, thing WHERE thing.id = embedded.id;
SELECT count(*) FROM embedded e JOIN thing t USING (id), small
WHERE e.e = ae_encode(m, v)::vector
AND ae_decode(m, e.e) = ae_decode(m, ae_encode(m, v))}),
	'600',
	'codes are assigned to columns, and decoded from them');

# batches give the same bits
foreach my $call (
	'ae_anomaly_score(of_vector, v)', 'ae_anomaly_score(of_half, h)',
	'ae_anomaly_score(of_row, r)', 'ae_anomaly_pvalue(of_row, ROW(n, v, h))')
{
	my $query = qq{SELECT count(s), md5(string_agg(s::text, ' ' ORDER BY s))
		FROM (SELECT $call AS s FROM model, row_thing r) t};
	my $plain = sql("SET autoencoder.batch_rows = 0; $query");
	like($plain, qr/^600\|/, "$call row by row");
	is(sql($query), $plain, 'and in batches');
}
like(sql('EXPLAIN SELECT ae_anomaly_score(of_vector, v) FROM model, thing'),
	qr/Autoencoder/, 'batches are used');
sql(q{CREATE TABLE loose (id int, v vector);
	INSERT INTO loose SELECT id, v FROM thing ORDER BY id;
	UPDATE loose SET v = '[1,2]' WHERE id = 300});
fails(
	'SELECT ae_anomaly_score(of_vector, v) FROM model, loose',
	qr/vector has 2 elements, but 4 are needed/,
	'a row of another length in a batch');
is( sql(q{SELECT count(ae_anomaly_score(of_vector, v)) FROM model, (
		SELECT v FROM loose WHERE id < 300 ORDER BY id LIMIT 299) s}),
	'299',
	'rows before it are scored');

# what is wrong with vectors
fails(
	q{SELECT ae_anomaly_score(of_row, r)
	  FROM model, (SELECT 1 AS n, NULL::vector(3) AS v, h FROM thing) r},
	qr/vector column "v" has 3 elements, but 4 are needed/,
	'a declared length that does not fit');
fails(
	q{SELECT ae_train(v) FROM (VALUES ('[1,2]'::vector), ('[1]')) s(v)},
	qr/vector has 1 elements, but 2 are needed/,
	'lengths in training');
fails(
	q{SELECT ae_train(r) FROM (VALUES ('[1,2]'::vector), ('[1]')) r(v)},
	qr/vector column "v" has 1 elements, but 2 are needed/,
	'lengths of a column in training');
fails(
	q{SELECT ae_reconstruct(m, r) FROM (
		SELECT ae_train(r, '{"epochs": 1, "hidden": [1], "latent": 1}') AS m FROM (
			SELECT array_fill(g, ARRAY[16001]) AS v FROM generate_series(1, 9) g) r) s,
		(SELECT NULL::vector AS v) r},
	qr/type vector holds at most 16000 numbers, not 16001/,
	'more numbers than a vector has');
fails(
	q{SELECT ae_train(r, '{"columns": {"v": {"kind": "category"}}}') FROM row_thing r},
	qr/column "v" of type vector cannot be of kind "category"/,
	'kinds of columns');
fails(
	q{SELECT ae_train(ARRAY[v, v]) FROM thing},
	qr/features of type vector\[\] have no encoding/,
	'arrays of vectors');
fails(
	q{SELECT ae_train(v, '{"input": "set"}') FROM thing},
	qr/type vector is no set of items/,
	'a vector is no set');

# sparse vectors are sets of items
sql(q{
CREATE TABLE basket AS
SELECT u AS id, u % 50 AS age, items, weights,
	('{' || (SELECT string_agg(i || ':' || w, ',') FROM unnest(items, weights) s(i, w))
	 || '}/30')::sparsevec AS s
FROM generate_series(1, 300) u, LATERAL (
	SELECT array_agg(i) AS items, array_agg((1 + i % 3)::real) AS weights FROM (
		SELECT DISTINCT u % 3 * 10 + (u * 7 + i * 3) % 10 + 1 AS i
		FROM generate_series(1, 5) i) t) t;
CREATE TABLE of_sets AS
SELECT name, ae_train(s, options ORDER BY id) AS of_sparse,
	ae_train(ROW(s), options ORDER BY id) AS of_row,
	ae_train(ROW(items, weights), options ORDER BY id) AS of_items
FROM basket, (VALUES ('ease', '{"variant": "ease"}'::jsonb),
	('mult_vae', '{"variant": "mult_vae", "hidden": [], "latent": 5, "epochs": 5}'))
	o(name, options)
GROUP BY name;
});
is( sql('SELECT name, of_sparse = of_items, of_sparse = of_row FROM of_sets ORDER BY 1'),
	"ease|t|t\nmult_vae|t|t",
	'models of sparse vectors are those of items with weights');
is( sql(q{
SELECT name, count(*) FROM of_sets, basket, LATERAL (
	SELECT ARRAY(SELECT r::text FROM ae_recommend(of_sparse, s, 5) r) AS a,
		ARRAY(SELECT r::text FROM ae_recommend(of_sparse, ROW(items, weights), 5) r) AS b,
		ARRAY(SELECT r::text FROM ae_recommend(of_sparse, ROW(s), 5) r) AS c) t
WHERE a = b AND a = c GROUP BY 1 ORDER BY 1}),
	"ease|300\nmult_vae|300",
	'recommendations');
is( sql(q{
SELECT array_agg(item_id ORDER BY item_id) FROM of_sets,
	ae_recommend(of_sparse, '{1:1,4:2,7:1}/10'::sparsevec, 50,
		'{1:1,2:0.5,100:1}/1000000000'::sparsevec) WHERE name = 'ease'})
	. '|' . sql(q{
SELECT array_agg(item_id ORDER BY item_id) FROM of_sets,
	ae_recommend(of_sparse, ROW('{1,4,7}'::int[], '{1,2,1}'::real[]), 50, ARRAY[1, 2])
	WHERE name = 'ease'}),
	join('|', ('{' . join(',', 3 .. 30) . '}') x 2),
	'items to exclude');
is( sql(q{
SELECT count(*) FROM of_sets, basket
WHERE name = 'mult_vae' AND
	ae_encode(of_sparse, s) = ae_encode(of_sparse, ROW(items, weights))}),
	'300',
	'codes of sparse vectors');
is( sql(q{
SELECT name, count(*) FROM of_sets, ae_recommend(of_sparse, '{}/30'::sparsevec, 3)
GROUP BY 1 ORDER BY 1}),
	"ease|3\nmult_vae|3",
	'an empty one');
is( sql(q{
SELECT ae_update(of_sparse, s ORDER BY id) = ae_update(of_sparse, ROW(items, weights) ORDER BY id)
FROM of_sets, basket WHERE name = 'mult_vae' GROUP BY of_sparse}),
	't',
	'updates with sparse vectors');
is( sql(q{
SELECT ae_create_model('shop', 'SELECT s FROM basket', '{"variant": "ease"}');
SELECT ae_recommend('shop', '{1:1}/1'::sparsevec, 2) = ae_recommend(of_sparse, '{1:1}/1'::sparsevec, 2)
FROM of_sets WHERE name = 'ease'}),
	"1\nt\nt",
	'a named model');

# beside columns, without weights
is( sql(q{
SELECT count(*) FROM (
	SELECT ae_train(r, '{"variant": "mult_dae", "latent": 5, "epochs": 2, "hidden": [],
		"columns": {"s": {"kind": "set"}}}' ORDER BY id) AS m
	FROM basket b, LATERAL (SELECT b.age, b.s) r) t,
	LATERAL (SELECT age, s FROM basket WHERE id = 7) r, ae_recommend(m, r, 3)}),
	'3',
	'a column that is a set, beside others');
fails(
	q{SELECT ae_train(r) FROM (SELECT age, s FROM basket) r},
	qr/column "s" of type sparsevec has no encoding.*give it the kind "set"/s,
	'a column that is not said to be a set');
fails(
	q{SELECT ae_train(s) FROM basket},
	qr/array of numbers, not sparsevec.*"input" set to "set"/s,
	'a sparse vector as a row');
fails(
	q{SELECT ae_train(ROW(s, weights), '{"input": "set"}') FROM basket},
	qr/a sparse vector has weights of its own/,
	'weights beside those of a sparse vector');
fails(
	q{SELECT ae_train(s, '{"input": "set"}') FROM (VALUES ('{1:-1}/2'::sparsevec)) t(s)},
	qr/weight of an item must be a number from 0 to 1e\+06, not -1/,
	'a negative weight');

# Bytes that are no vectors: base types that whoever may do so has put into
# the extension.
sql('CREATE SCHEMA fake');
foreach my $type (qw(vector halfvec sparsevec))
{
	sql(qq{
SET client_min_messages = error;
CREATE TYPE fake.$type;
CREATE FUNCTION fake.in_$type(cstring) RETURNS fake.$type
LANGUAGE internal IMMUTABLE STRICT AS 'byteain';
CREATE FUNCTION fake.out_$type(fake.$type) RETURNS cstring
LANGUAGE internal IMMUTABLE STRICT AS 'byteaout';
CREATE TYPE fake.$type (INPUT = fake.in_$type, OUTPUT = fake.out_$type)});
	fails(
		$type eq 'sparsevec'
		? "SELECT ae_recommend(of_sparse, ''::fake.$type, 1) FROM of_sets"
		: "SELECT ae_anomaly_score(of_array, ''::fake.$type) FROM model",
		qr/fake.$type/,
		"a type called $type that is not pgvector's");
	sql("ALTER EXTENSION vector ADD TYPE fake.$type");
}
foreach my $bytes ('', '04', '04000000', '0400000000', '040000000000803f',
	'ffff0000', '00000000', '0500000000000000000000000000000000000000',
	'04000000' . '00' x 15, '04000000' . '00' x 17)
{
	fails(
		qq{SELECT ae_anomaly_score(of_array, '\\x$bytes'::fake.vector) FROM model},
		qr/value of type vector is malformed/,
		"vector of the bytes '$bytes'");
}
foreach my $bytes ('', '04000000', '04000000' . '00' x 7, '04000000' . '00' x 16)
{
	fails(
		qq{SELECT ae_train('\\x$bytes'::fake.halfvec)},
		qr/value of type halfvec is malformed/,
		"halfvec of the bytes '$bytes'");
}
fails(
	q{SELECT ae_anomaly_score(of_array, ('\x04000000' || v)::fake.halfvec)
	  FROM model, (VALUES ('007c000000000000'), ('fc00000000000000')) t(v)},
	qr/element 1 of the array is infinite/,
	'a half that is infinite');
fails(
	q{SELECT ae_anomaly_score(of_array, '\x04000000007e000000000000'::fake.halfvec) FROM model},
	qr/element 1 of the array has the value NaN/,
	'a half that is none');
foreach my $bytes ('', '02000000', '02000000' . '00000000',
	'020000000100000000000000', '02000000ffffffff00000000',
	'020000000100000000000000000000000000803f00',
	'020000000100000000000000ffffffff0000803f',
	'020000000100000000000000020000000000803f',
	'02000000ffffff1f00000000000000000000803f')
{
	fails(
		qq{SELECT ae_recommend(of_sparse, '\\x$bytes'::fake.sparsevec, 1) FROM of_sets},
		qr/value of type sparsevec is malformed/,
		"sparsevec of the bytes '$bytes'");
}
foreach my $weight ('0000c07f', '0000807f', '000080bf')
{
	fails(
		qq{SELECT ae_recommend(of_sparse, '\\x02000000010000000000000001000000$weight'::fake.sparsevec, 1) FROM of_sets},
		qr/weight of an item must be a number/,
		"a weight of the bytes '$weight'");
}

# Rankings by inner product, as docs/recommend.md has them with the tables of
# examples/recommend.sql.
my ($example) = slurp_file('examples/recommend.sql') =~
  /\A(.*?)^\\echo What one customer has/ms;
my ($section) = slurp_file('docs/recommend.md') =~
  /^## Vectors and indexes\n(.*?)(?=^## |\z)/ms;
my @recipes = $section =~ /^```sql\n(.*?)^```$/msg;
is(scalar @recipes, 5, 'recipes');
sql('DROP TABLE model, basket');
sql('SET client_min_messages = warning; DROP EXTENSION vector CASCADE');
sql('ALTER DATABASE postgres SET search_path = bookshop, public');
my $printed = sql(join('', $example, @recipes));
is(scalar(() = $printed =~ /^[^|]+\|-?\d+\.\d+$/mg),
	14, 'recipes print what they find');

sql(q{
CREATE INDEX ON bookshop.customer_vector USING hnsw ((subvector(v, 1, 32)::vector(32)) vector_cosine_ops);
});
is( sql(q{
SELECT count(*) = (SELECT count(*) FROM ae_item_embeddings(m.model)), min(vector_dims(v))
FROM book_vector, model m WHERE name = 'network' GROUP BY m.model}),
	't|33',
	'vectors of items');
sql(q{
CREATE VIEW asked AS
SELECT customer, books, v FROM basket JOIN customer_vector USING (customer) WHERE customer <= 300;
CREATE TABLE ranked AS
SELECT customer, r.place, r.item_id, r.score
FROM model m, asked, ae_recommend(m.model, books, 10) WITH ORDINALITY r(item, item_id, score, place)
WHERE m.name = 'network';
});
my ($count, $far, $equal) = split(
	/\|/,
	sql(q{
SET enable_indexscan = off;
SELECT count(*), max(abs(r.score - e.score)), avg((r.item_id = e.book)::int)
FROM asked c, LATERAL (
	SELECT row_number() OVER () AS place, s.* FROM (
		SELECT i.book, -(i.v <#> c.v) AS score FROM book_vector i
		WHERE i.book <> ALL (c.books) ORDER BY i.v <#> c.v LIMIT 10) s) e
JOIN ranked r USING (place) WHERE r.customer = c.customer}));
is($count, sql('SELECT count(*) FROM ranked'),
	'an exact scan ranks as many items');
cmp_ok($far, '<', SCORE_TOLERANCE, 'with the scores of ae_recommend');
cmp_ok($equal, '>', 0.99, 'and the same items');

my $index_only = q{
SET enable_seqscan = off;
SET enable_sort = off;
SET hnsw.iterative_scan = strict_order;
};
my $found = q{SELECT i.book FROM book_vector i JOIN book b ON b.id = i.book
	WHERE i.book <> ALL (c.books) AND b.subject <> 'Jazz'
	ORDER BY i.v <#> c.v LIMIT 10};
like(
	sql("$index_only EXPLAIN SELECT ARRAY($found) FROM asked c"),
	qr/Index Scan using book_vector_v_idx/,
	'a scan of the index, joined with ordinary predicates');
cmp_ok(
	sql(qq{$index_only
SELECT avg(ae_recall(found, best)) FROM model m, asked c, LATERAL (
	SELECT ARRAY($found) AS found, ARRAY(
		SELECT r.item_id FROM ae_recommend(m.model, c.books, 600) r JOIN book b ON b.id = r.item_id
		WHERE b.subject <> 'Jazz' ORDER BY r.score DESC LIMIT 10) AS best) s
WHERE m.name = 'network'}), '>', RECALL, 'finds the items of ae_recommend');
foreach my $order ('v <#> (SELECT v FROM book_vector WHERE book = 103)',
	'subvector(v, 1, 32)::vector(32) <=> (SELECT subvector(v, 1, 32)::vector(32) FROM customer_vector WHERE customer = 25)')
{
	like(
		sql("$index_only EXPLAIN SELECT customer FROM customer_vector ORDER BY $order LIMIT 5"),
		qr/Index Scan using customer_vector_/,
		'an index of customers');
}

# the extension goes, and functions still work
sql(q{SET client_min_messages = warning; DROP EXTENSION vector CASCADE});
is( sql(q{
SELECT count(*) FROM model, basket, ae_recommend(model, books, 1)
WHERE customer = 25}), '2', 'without pgvector');

$node->stop;
done_testing();
