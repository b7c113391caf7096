#!/usr/bin/env bash
# Runs the tests in a server that watches the extension.
#
#   scripts/sanitize.sh asan|valgrind|coverage [SQL-TEST...]
#
# asan: address and undefined sanitizers; SQL, isolation, clusters, unit tests.
# valgrind: SQL and isolation tests; takes an hour or more.
# coverage: SQL, isolation, clusters, unit tests; then which lines never ran.
#
# With names of SQL tests, only those run.  The last line is "N passed, N
# failed", and the exit status is 0 only if none failed.  With KEEP=yes the
# temporary directory stays.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=stages.sh
. "$(dirname "$0")/stages.sh"

# least share of lines that have to run, in percent
MIN_CORE=99
MIN_ALL=98

mode=${1:-}
[ $# -eq 0 ] || shift
tests=$*

usage()
{
	sed -n '4s/^# *//p' "$0" >&2
	exit 2
}

# Only the server is watched: neither what tests call nor initdb, which starts
# it without -D.  $1: lines before the server, "$0.bin", starts; $2: what runs
# it.  Its name stays: pg_ctl starts it by that name again.
wrap_server()
{
	mv "$BIN/postgres" "$BIN/postgres.bin"
	# shellcheck disable=SC2016
	printf '%s\n' '#!/bin/bash' \
		'[ "$1" = -D ] || exec -a "$0" "$0.bin" "$@"' "$1" \
		"exec $2"' "$0.bin" "$@"' >"$BIN/postgres"
	chmod 755 "$BIN/postgres"
}

build()
{
	run_make CC=gcc with_llvm=no COPT="$flags" all &&
		run_make CC=gcc with_llvm=no install
}

check_sql()
{
	if [ -n "$tests" ]; then
		run_make installcheck with_llvm=no TAP_TESTS= ISOLATION= \
			REGRESS="$tests"
	else
		run_make installcheck with_llvm=no TAP_TESTS=
	fi
}

run_tests()
{
	run_stage "SQL functions (pg_regress, isolation)" many check_sql
	[ -z "$tests" ] && [ "$mode" != valgrind ] || return 0
	run_stage "clusters (TAP)" many run_make installcheck with_llvm=no \
		REGRESS= ISOLATION= PROVE_FLAGS=-v
	run_stage "unit tests" many run_make unitcheck PROVE_FLAGS=-v \
		CC=gcc UNIT_DIR=build/watched UNIT_CFLAGS="-std=gnu99 $flags"
}

# what a sanitizer has to say stops the process or is in a file
no_sanitizer_reports()
{
	local reports
	reports=$(find "$WORK/reports" -type f -size +0)
	[ -z "$reports" ] || {
		echo "$reports" | head -n 5 | xargs head -n 60
		return 1
	}
}

# each report once; those of the server are in test/valgrind.supp
no_valgrind_reports()
{
	cat "$WORK"/reports/* | awk '
		/AE_BEGIN/ { report = ""; open = 1; next }
		/AE_END/ {
			if (!(report in seen)) print report
			seen[report] = 1
			open = 0
			next
		}
		open {
			line = $0
			sub(/^==[0-9]+== /, "", line)
			report = report line "\n"
		}
		END { for (report in seen) exit 1 }'
}

# $1: directory of objects; all lines of the sources as gcov tells them
run_gcov()
{
	(cd "$WORK/src" &&
		find "$1" -name '*.gcda' -not -path "$2" -print0 |
		as_server xargs -0 gcov -t -r -s "$WORK/src" 2>/dev/null)
}

# Lines that ran in the server or in unit tests.  What is left is printed as
# file, share and ranges of lines.
measure_coverage()
{
	{ run_gcov src none && run_gcov build/watched none; } |
		awk -F: -v min_core="$MIN_CORE" -v min_all="$MIN_ALL" '
		$2 ~ /^ *0$/ {
			if ($3 == "Source") file = $4
			next
		}
		file !~ /^src\// { next }
		{
			gsub(/ /, "", $1)
			line = $2 + 0
			if ($1 == "-" || $1 == "") next
			if (line > last[file]) last[file] = line
			known[file, line] = 1
			if ($1 !~ /^[#=]/) ran[file, line] = 1
		}
		function percent(part, whole) {
			return whole == 0 ? 100 : 100 * part / whole
		}
		END {
			for (file in last) {
				n = good = 0
				ranges = ""
				start = 0
				for (line = 1; line <= last[file] + 1; line++) {
					if ((file, line) in known) {
						n++
						good += (file, line) in ran
						if (!((file, line) in ran)) {
							if (!start) start = line
							end = line
							continue
						}
					}
					else if (line <= last[file])
						continue
					if (start)
						ranges = ranges " " start (end > start ? "-" end : "")
					start = 0
				}
				all += n
				all_good += good
				if (file ~ /^src\/core\//) { core += n; core_good += good }
				if (good < n)
					printf "%-32s %6.1f %% of %5d:%s\n", file,
						percent(good, n), n, ranges | "sort"
			}
			close("sort")
			printf "src/core: %.1f %% of %d lines, all: %.1f %% of %d lines\n",
				percent(core_good, core), core, percent(all_good, all), all
			exit !(core && percent(core_good, core) >= min_core &&
				percent(all_good, all) >= min_all)
		}'
}

case $mode in
	asan)
		set_up
		flags='-g -O1 -fno-omit-frame-pointer -DAE_CHECK_MEMORY
			-fsanitize=address,undefined,float-cast-overflow'
		;;
	valgrind)
		set_up valgrind=valgrind
		flags='-g -O1 -fno-omit-frame-pointer -DAE_CHECK_MEMORY'
		;;
	coverage)
		set_up
		flags='-g -O1 --coverage -fprofile-update=atomic'
		;;
	*)
		usage
		;;
esac
flags=$(echo "$flags" | tr -s '\n\t' ' ')
set_up_tap
make_work
as_server mkdir "$WORK/log" "$WORK/reports"
export PGCTLTIMEOUT=600 PG_TEST_TIMEOUT_DEFAULT=1800

run_stage "build" one build
case $mode in
	asan)
		# malloc() is the sanitizers' own, so tests cannot let it fail
		export ALLOCATIONS_OF='^(?!malloc)'
		as_server gcc -shared -fPIC -o "$WORK/no_gettext.so" \
			"$WORK/src/test/no_gettext.c"
		# shellcheck disable=SC2016
		wrap_server "export LD_PRELOAD=$(gcc -print-file-name=libasan.so)
LD_PRELOAD=\$LD_PRELOAD:$WORK/no_gettext.so
export ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=0
ASAN_OPTIONS=\$ASAN_OPTIONS:allocator_may_return_null=1:log_path=$WORK/reports/asan
export UBSAN_OPTIONS=print_stacktrace=1:log_path=$WORK/reports/ubsan" \
			'-a "$0"'
		;;
	valgrind)
		wrap_server '' "valgrind --quiet --leak-check=no --num-callers=25 \
	--fullpath-after= --error-limit=no --error-markers=AE_BEGIN,AE_END \
	--suppressions=$WORK/src/test/valgrind.supp --log-file=$WORK/reports/%p"
		;;
esac
start_cluster "shared_buffers = '128MB'" "jit = off"
run_tests
case $mode in
	asan)
		run_stage "reports of the sanitizers" one no_sanitizer_reports
		;;
	valgrind)
		run_stage "reports of valgrind" one no_valgrind_reports
		;;
	coverage)
		# processes write what they ran when they end
		run_stage "server stops" one stop_cluster
		run_stage "coverage" one measure_coverage
		cat "$WORK/log/$stage.log"
		;;
esac
sum_up
