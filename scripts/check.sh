#!/usr/bin/env bash
# Runs every test there is, on a machine that may have nothing yet.
#
# Prints a line for each stage.  The last line is "N passed, N failed", counting
# single tests, and the exit status is 0 only if none failed.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/stages.sh"

WARNINGS='-std=gnu99 -Wall -Wextra -Werror -Wdeclaration-after-statement -Wvla
	-Wmissing-prototypes -Wpointer-arith'
WARNINGS=$(echo "$WARNINGS" | tr -s '\n\t' ' ')
# the server's flags are those of the compiler that built it
CLANG_QUIET='-Wno-unknown-warning-option -Wno-ignored-optimization-argument'
SANITIZE='-std=gnu99 -g -O1 -fno-omit-frame-pointer -Wall -Wextra -Werror
	-fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all'
SANITIZE=$(echo "$SANITIZE" | tr -s '\n\t' ' ')

build_with_gcc()
{
	run_make CC=gcc COPT="$WARNINGS -Wshadow=compatible-local"
}

build_with_clang()
{
	as_server cp -r "$WORK/src" "$WORK/clang" &&
		as_server make -s -C "$WORK/clang" --no-print-directory -j "$(nproc)" \
			CC=clang PG_CONFIG="$PG_CONFIG" COPT="$WARNINGS $CLANG_QUIET" \
			with_llvm=no
}

# the runtime of clang's sanitizers is a package of its own
can_fuzz()
{
	local program status=0
	program=$(mktemp)
	echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
		clang -fsanitize=fuzzer,address -x c -o "$program" - 2>/dev/null ||
		status=$?
	rm -f "$program"
	return "$status"
}

in_source()
{
	(cd "$WORK/src" && as_server "$@")
}

set_up gzip=gzip clang=clang shellcheck=shellcheck prove=perl nm=binutils
set_up_tap
can_fuzz || apt_install libclang-rt-dev
make_work
as_server mkdir "$WORK/log"
began=$SECONDS

say "PostgreSQL $("$PG_CONFIG" --version | cut -d' ' -f2)," \
	"$(gcc --version | head -n 1), $(clang --version | head -n 1)"

# gcc's build is the one that is tested
run_stage "build with clang, no warnings" one build_with_clang
run_stage "build with gcc, no warnings" one build_with_gcc
run_stage "install" one run_make install
run_stage "rules of style" many run_make check-style
run_stage "unit tests" many run_make unitcheck PROVE_FLAGS=-v \
	UNIT_CFLAGS="-std=gnu99 -g -O2 -Wall -Wextra -Werror"
run_stage "unit tests, address and undefined sanitizers" many \
	run_make unitcheck PROVE_FLAGS=-v UNIT_DIR=build/asan \
	UNIT_CFLAGS="$SANITIZE"
run_stage "fuzzing, fixed seed" one run_make fuzzcheck

start_cluster "shared_buffers = '128MB'"
run_stage "SQL functions (pg_regress, isolation)" many run_make installcheck TAP_TESTS=
run_stage "clusters (TAP)" many run_make installcheck REGRESS= ISOLATION= \
	PROVE_FLAGS=-v
run_stage "commands of the documentation" many in_source sh test/check_readme.sh
run_stage "reference documentation" many in_source sh test/check_docs.sh

say "$((SECONDS - began)) seconds"
sum_up
