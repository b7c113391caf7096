#!/usr/bin/env bash
# Runs the SQL tests on a schema that ALTER EXTENSION ... UPDATE has left.
#
# The older version is made for the occasion, see test/update.  The last line
# is "N passed, N failed".

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

set_up perl=perl
make_work
run_make with_llvm=no install >"$WORK/make.log" 2>&1 || {
	tail -n 20 "$WORK/make.log" >&2
	die "the extension could not be built"
}
start_cluster "shared_buffers = '128MB'"
status=0
run_make PATH="$BIN:$PATH" updatecheck >"$WORK/update.log" 2>&1 || status=$?
passed=$(grep -cE '^(ok |test .* \.\.\. ok)' "$WORK/update.log") || :
failed=$(grep -cE '^(not ok |test .* \.\.\. FAILED)' "$WORK/update.log") || :
if [ "$status" -ne 0 ]; then
	[ "$failed" -gt 0 ] || failed=1
	tail -n 60 "$WORK/update.log"
	cat "$WORK/src/regression.diffs" 2>/dev/null || :
fi
say "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
