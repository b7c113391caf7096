#!/usr/bin/env bash
# Takes models through pg_upgrade, from each version of PostgreSQL to the next.
#
#   scripts/upgrade.sh [PG_CONFIG...]
#
# The versions are those of the pg_config programs, oldest first; by default
# all that are installed below /usr/lib/postgresql.  Each gets a private copy
# with the extension, and the cluster is temporary: nothing else is touched.
# The last line is "N passed, N failed".

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

log=

# into the private copy of a version
install_extension()
{
	run_make clean >/dev/null
	# headers of 15 are no C23, which compilers take by default since gcc 15
	run_make with_llvm=no COPT=-std=gnu99 install >"$WORK/make.log" 2>&1 || {
		tail -n 20 "$WORK/make.log" >&2
		die "the extension could not be built"
	}
}

# $1: script of test/upgrade
run_script()
{
	as_server "$BIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 \
		-f "$WORK/src/test/upgrade/$1" >>"$log" 2>&1 </dev/null ||
		echo "not ok - $1 ended early" >>"$log"
}

# $1: pg_config of the next version
upgrade_to()
{
	local old=$BIN
	stop_cluster
	as_server mv "$WORK/data" "$WORK/old"
	SYSTEM_PG_CONFIG=$1
	private_server
	[ "$(id -u)" -ne 0 ] || chown -hR "$SERVER_USER" "$WORK/root"
	install_extension
	make_cluster
	(
		cd "$WORK"
		as_server "$BIN/pg_upgrade" -b "$old" -B "$BIN" -d "$WORK/old" \
			-D "$WORK/data" -U postgres -s "$WORK/socket" --no-sync
	) >"$WORK/upgrade.log" 2>&1 || {
		cat "$WORK/upgrade.log" >&2
		die "pg_upgrade did not work"
	}
	rm -rf "$WORK/old"
	run_cluster
}

if [ $# -eq 0 ]; then
	for candidate in $(printf '%s\n' /usr/lib/postgresql/*/bin/pg_config |
		sort -V); do
		! complete_server "$candidate" || set -- "$@" "$candidate"
	done
fi
[ $# -ge 2 ] || die "there is no second version of PostgreSQL to upgrade to"
for candidate in "$@"; do
	complete_server "$candidate" ||
		die "$candidate belongs to no PostgreSQL $MIN_SERVER or later with its server and development files"
done
PG_CONFIG=$1
# shellcheck disable=SC2119
set_up
make_work
log=$WORK/upgrade.tap
as_server touch "$log"

install_extension
shift
say "PostgreSQL $("$PG_CONFIG" --version | cut -d' ' -f2)"
make_cluster
run_cluster
run_script before.sql
for candidate in "$@"; do
	upgrade_to "$candidate"
	say "upgraded to $("$PG_CONFIG" --version | cut -d' ' -f2)"
	run_script after.sql
done

failed=$(grep -vc '^ok ' "$log") || :
grep -v '^ok ' "$log" || :
say "$(grep -c '^ok ' "$log") passed, $failed failed"
[ "$failed" -eq 0 ]
