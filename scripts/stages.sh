# shellcheck shell=bash
#
# Shared by check.sh, sanitize.sh and update.sh: stages of tests, counted one
# by one.
# Needs lib.sh and a directory $WORK/log.

passed=0
failed=0
stage=0

# Result lines of prove -v and of pg_regress (old and new form)
OK='^(ok|    ok|(test )?[a-z_0-9]+ +\.\.\. ok)( |$)'
NOT_OK='^(not ok|    not ok|(test )?[a-z_0-9]+ +\.\.\. FAILED)( |$)'

# a Perl module, which no command shows to be there
set_up_tap()
{
	perl -MIPC::Run -e 1 2>/dev/null || apt_install libipc-run-perl
}

# $1: name; $2: "one" or "many" tests; the rest: a command
run_stage()
{
	local name=$1 kind=$2 log diffs status=0 good=0 bad=0 skipped began=$SECONDS
	shift 2
	stage=$((stage + 1))
	log=$WORK/log/$stage.log
	"$@" >"$log" 2>&1 </dev/null || status=$?
	if [ "$kind" = many ]; then
		good=$(grep -cE "$OK" "$log") || good=0
		bad=$(grep -cE "$NOT_OK" "$log") || bad=0
		# a command that fails, or that tests nothing, is a failure itself
		if [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$good" -eq 0 ]; }
		then
			bad=1
		fi
	elif [ "$status" -eq 0 ]; then
		good=1
	else
		bad=1
	fi
	passed=$((passed + good))
	failed=$((failed + bad))
	printf '%-46s %5d passed %3d failed %4d s\n' "$name" "$good" "$bad" \
		$((SECONDS - began))
	skipped=$(grep -iE '^ *ok .*# *(skip|todo)|^[^ ]+ \.+ skipped: ' "$log") ||
		skipped=
	[ -z "$skipped" ] || printf '%s\n' "$skipped"
	if [ "$bad" -ne 0 ]; then
		echo "---- $*"
		grep -E "$NOT_OK" "$log" | head -n 20 || :
		echo "---- the end of its output"
		tail -n 40 "$log"
		for diffs in "$WORK/src/regression.diffs" \
			"$WORK/src/output_iso/regression.diffs"; do
			if [ -s "$diffs" ]; then
				head -n 200 "$diffs"
				rm -f "$diffs"
			fi
		done
		echo "----"
	fi
}

# the last line and the exit status of a script
sum_up()
{
	say "$passed passed, $failed failed"
	[ "$failed" -eq 0 ]
}
