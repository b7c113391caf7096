#!/usr/bin/env bash
# Many sessions that insert, read, train and roll back, for half an hour.
#
# usage: test/soak/run.sh [-c CLIENTS] [-m MINUTES]
#
# 16 clients of pgbench, in a temporary server of their own, run the scripts
# here.  Then: there was no error but failures to serialize of training in old
# snapshots, the memory of no session grew, each row's score is what one session
# alone gets for it, and no temporary file, segment, lock or worker is left.
# The last line is "N passed, N failed", and the exit status is 0 only if none
# failed.

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../../scripts/lib.sh
. "$HERE/../../scripts/lib.sh"

# bytes by which the median of a session may grow from the first quarter of the
# time to the last
GROWTH=2097152
SECONDS_BETWEEN=2
# at most one row of so many may have another version's score: 15 of a million
# had
ROWS_PER_LATE=1000

clients=16
minutes=30
passed=0
failed=0

# what a client does next, by weight
MIX="insert_one@400 insert_many@60 read_one@300 read_many@40 compare@40 train@8
	train_snapshot@4 train_spill@1 update@8 rollback@8 scratch@4 memory@20"

usage()
{
	sed -n '4s/^# *//p' "$0" >&2
	exit 2
}

# $1: whether it holds, $2: what
check()
{
	if [ "$1" = t ]; then
		passed=$((passed + 1))
		say "ok - $2"
	else
		failed=$((failed + 1))
		say "not ok - $2"
	fi
}

# $1: shell condition as arguments of test, the last argument: what
check_that()
{
	local what=${*: -1}
	if test "${@:1:$#-1}"; then check t "$what"; else check f "$what"; fi
}

query()
{
	"$BIN/psql" -XAtq -v ON_ERROR_STOP=1 "$@"
}

# seconds, process, bytes that are its own, of each client's process
sample_memory()
{
	local pid began=$SECONDS
	while sleep "$SECONDS_BETWEEN"; do
		for pid in $(query -c "SELECT pid FROM pg_stat_activity
			WHERE application_name = 'pgbench'"); do
			awk -v at=$((SECONDS - began)) -v pid="$pid" \
				'/^RssAnon/ { print at, pid, $2 * 1024 }' \
				"/proc/$pid/status" 2>/dev/null || :
		done
	done
}

# $1: file of seconds, process, bytes; prints the median of all sessions in the
# first and in the last quarter, and by how much the median of one grew at most
compare_quarters()
{
	sort -k2,2n -k3,3n "$1" | awk -v whole=$((minutes * 60)) '
		function median(list, n) {
			return n == 0 ? 0 : list[int((n + 1) / 2)]
		}
		function finish() {
			if (n1 && n2 && median(early, n1) && \
				median(late, n2) - median(early, n1) > worst)
				worst = median(late, n2) - median(early, n1)
			n1 = n2 = 0
		}
		$2 != pid { finish(); pid = $2 }
		$1 < whole / 4 { early[++n1] = $3; all1[++m1] = $3 }
		$1 >= whole * 3 / 4 { late[++n2] = $3; all2[++m2] = $3 }
		function sorted_median(list, n,   i, j, x) {
			for (i = 2; i <= n; i++) {
				x = list[i]
				for (j = i - 1; j > 0 && list[j] > x; j--) list[j + 1] = list[j]
				list[j + 1] = x
			}
			return median(list, n)
		}
		END {
			finish()
			print sorted_median(all1, m1), sorted_median(all2, m2), worst + 0
		}'
}

# $1: name, $2: file; at least a session has to be in both quarters
check_memory()
{
	local early late worst
	read -r early late worst <<<"$(compare_quarters "$2")"
	say "$1: median $early bytes in the first quarter, $late in the last;" \
		"the session that grew most by $worst"
	check_that "$early" -gt 0 -a "$late" -gt 0 -a "$worst" -le "$GROWTH" \
		"$1 stays as it is"
}

while getopts c:m: option; do
	case $option in
		c) clients=$OPTARG ;;
		m) minutes=$OPTARG ;;
		*) usage ;;
	esac
done

# shellcheck disable=SC2119
set_up
make_work
run_make with_llvm=no install >"$WORK/build.log" 2>&1 || {
	tail -n 30 "$WORK/build.log" >&2
	die "the build did not work"
}
start_cluster "shared_buffers = '256MB'" "max_wal_size = '4GB'" "jit = off" \
	"dynamic_shared_memory_type = mmap" "maintenance_work_mem = '1MB'" \
	"max_worker_processes = 8" "max_parallel_maintenance_workers = 2" \
	"autoencoder.cache_size = '1MB'"
query -f "$HERE/setup.sql" >/dev/null
segments=$(as_server ls "$WORK/data/pg_dynshmem" | wc -l)

files=()
for entry in $MIX; do
	files+=(-f "$HERE/${entry%@*}.sql@${entry#*@}")
done
sample_memory >"$WORK/resident" &
sampler=$!
status=0
PGAPPNAME=pgbench "$BIN/pgbench" -n -c "$clients" -j 2 -T $((minutes * 60)) \
	--failures-detailed "${files[@]}" postgres >"$WORK/pgbench.log" 2>&1 ||
	status=$?
kill "$sampler" 2>/dev/null || :
wait "$sampler" 2>/dev/null || :

grep -E '^(number of|latency|tps|SQL script| - [0-9]* trans)' "$WORK/pgbench.log"
check_that "$status" -eq 0 "no client was stopped by an error"
grep -hoE '(ERROR|FATAL|PANIC|WARNING): .*' "$WORK/server.log" | sort | uniq -c |
	sort -rn | head -n 20
others=$(grep -hE '(ERROR|FATAL|PANIC|WARNING): ' "$WORK/server.log" |
	grep -cv 'could not serialize access due to concurrent update') || :
check_that "$others" -eq 0 \
	"the server's log has no error but failures to serialize"

query -F ' ' -c "SELECT extract(epoch FROM at - min(at) OVER ()), pid, bytes
	FROM memory" >"$WORK/contexts"
check_memory "memory contexts of a session" "$WORK/contexts"
check_memory "memory of a session's process" "$WORK/resident"

check "$(query -c "SELECT count(*) = 0 FROM pg_stat_activity
	WHERE application_name = 'pgbench' OR backend_type = 'parallel worker'")" \
	"no worker and no session is left"
check "$(query -c "SELECT count(*) = 0 FROM pg_locks
	WHERE locktype = 'object' AND classid = 'ae_named_model'::regclass")" \
	"no lock is left"
check "$(query -c 'SELECT count(*) = 0 FROM ae_progress')" \
	"no training seems to run"
check "$(query -c "SELECT count(*) = 0 FROM pg_ls_tmpdir()")" \
	"no temporary file is left"
check_that "$(as_server ls "$WORK/data/pg_dynshmem" | wc -l)" -eq "$segments" \
	"no segment is left"

while IFS='|' read -r model rows versions same late; do
	say "$model: $rows rows, $versions versions: $same scored alike, $late late"
	check_that "$rows" -gt 0 -a "$same" -gt 0 -a $((same + late)) -eq "$rows" \
		"scores of $model are those of one session alone"
	check_that $((late * ROWS_PER_LATE)) -le "$rows" \
		"few rows of $model have the score of another version"
done <<<"$(query -f "$HERE/replay.sql")"

say "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
