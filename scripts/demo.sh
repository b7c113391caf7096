#!/usr/bin/env bash
# Shows the extension on real data, on a machine that may have nothing yet.
#
# usage: scripts/demo.sh [--shell]
#
# Installs what is missing (Debian, Ubuntu), builds, starts a temporary
# PostgreSQL of its own, and runs examples/demo.sql in it.  Nothing else on the
# machine is touched; the temporary directory goes away at the end.  --shell
# leaves you in psql with the tables and models before that.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

shell=
case ${1:-} in
	"") ;;
	--shell) shell=yes ;;
	*) die "usage: scripts/demo.sh [--shell]" ;;
esac

set_up gzip=gzip
make_work

say "Building with PostgreSQL $("$PG_CONFIG" --version | cut -d' ' -f2)"
run_make install >"$WORK/build.log" 2>&1 || {
	tail -n 30 "$WORK/build.log" >&2
	die "the build did not work"
}

say "Starting a temporary server in $WORK"
start_cluster "shared_buffers = '256MB'" "max_wal_size = '4GB'"

run_psql()
{
	(cd "$WORK/src/examples" && as_server "$BIN/psql" -X "$@")
}

run_psql -q -v ON_ERROR_STOP=1 -f demo.sql ||
	die "the demonstration stopped with an error"

if [ -n "$shell" ]; then
	say "The tables card, connection, model and scored are yours; \\q ends."
	PGOPTIONS='-c search_path=demo,public' run_psql
fi
