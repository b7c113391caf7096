#!/usr/bin/env bash
# Runs the SQL tests on a schema that ALTER EXTENSION ... UPDATE has left.
#
# The older version is made for the occasion, see test/update.  The last line
# is "N passed, N failed".

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=stages.sh
. "$(dirname "$0")/stages.sh"

set_up perl=perl
make_work
as_server mkdir "$WORK/log"
run_make with_llvm=no install >"$WORK/make.log" 2>&1 || {
	tail -n 20 "$WORK/make.log" >&2
	die "the extension could not be built"
}
start_cluster "shared_buffers = '128MB'"
run_stage "SQL functions after ALTER EXTENSION UPDATE" many \
	run_make PATH="$BIN:$PATH" updatecheck
sum_up
