#!/bin/sh
# The option table of docs/reference.md is what ae_options() says, and every
# function, setting and column of theirs is described there.  Prints TAP; with
# --write it updates the table.  PGHOST and so on name the server, and PG_CONFIG
# its programs.
set -u
cd "$(dirname "$0")/.." || exit 1
BIN=$("${PG_CONFIG:-pg_config}" --bindir) || exit 1
file=docs/reference.md
database=docs
test=0
status=0

# $1: the test's name; the rest: a command that succeeds when it passes
report()
{
	test=$((test + 1))
	name=$1
	shift
	if "$@"; then
		echo "ok $test - $name"
	else
		echo "not ok $test - $name"
		status=1
	fi
}

query()
{
	"$BIN/psql" -X -q -At -v ON_ERROR_STOP=1 -d $database -c "$1"
}

"$BIN/dropdb" --if-exists $database && "$BIN/createdb" $database &&
	query "CREATE EXTENSION autoencoder" || exit 1

table()
{
	echo '| option | default | value | meaning |'
	echo '|---|---|---|---|'
	query "SELECT format('| \`%s\` | %s | %s | %s |', name,
						 coalesce(nullif(\"default\", ''), '-'), range, description)
		   FROM ae_options()"
}

if [ "${1:-}" = --write ]; then
	new=$(table) || exit 1
	NEW=$new perl -0pi -e \
		's/(<!-- options -->\n).*?(<!-- end of options -->)/$1$ENV{NEW}\n$2/s' \
		$file
fi

written=$(sed -n '/^<!-- options -->$/,/^<!-- end of options -->$/p' $file |
	grep '^|')
report "$file lists the options (or run: sh test/check_docs.sh --write)" \
	test "$written" = "$(table)"

for function in $(query "
	SELECT DISTINCT p.proname FROM pg_proc p, pg_depend d, pg_extension e
	WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND
		  d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND
		  e.extname = 'autoencoder' AND d.deptype = 'e' AND
		  p.proname !~ '_(transition|final|combine|serialize|deserialize)\$' AND
		  p.proname !~ '_(in|out|recv|send)\$'
	ORDER BY 1"); do
	report "$file describes $function" grep -q "\`${function}[(\`]" $file
done

for setting in $(query "LOAD 'autoencoder';
	SELECT name FROM pg_settings WHERE name LIKE 'autoencoder.%' ORDER BY 1"); do
	report "$file describes $setting" grep -q "\`$setting\`" $file
done

"$BIN/dropdb" $database
echo "1..$test"
exit $status
