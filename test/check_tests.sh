#!/bin/sh
# Nothing is forgotten: every source file is built, every script has its
# reference output and stands in REGRESS or ISOLATION, every unit test is a
# *_test.c, and every check is called.
set -u
cd "$(dirname "$0")/.." || exit 1
status=0

for source in src/*.c src/core/*.c; do
	if ! grep -qE "^	${source%.c}\.o( |\$)" Makefile; then
		echo "$source is not built: list it in the Makefile"
		status=1
	fi
done

listed=$(awk '/^REGRESS *=/ { on = 1 }
	on { more = sub(/\\$/, ""); print; if (!more) exit }' Makefile)
for script in test/sql/*.sql; do
	name=$(basename "$script" .sql)
	case " $(echo "$listed" | tr '\n\t' '  ') " in
		*" $name "*) ;;
		*)
			echo "$script is not listed in REGRESS of the Makefile"
			status=1
			;;
	esac
	if [ ! -f "expected/$name.out" ]; then
		echo "$script has no expected/$name.out"
		status=1
	fi
done
for output in expected/*.out; do
	name=$(basename "$output" .out)
	if [ ! -f "test/sql/$name.sql" ]; then
		echo "$output has no test/sql/$name.sql"
		status=1
	fi
done

listed=$(awk '/^ISOLATION *=/ { on = 1 }
	on { more = sub(/\\$/, ""); print; if (!more) exit }' Makefile)
for script in test/specs/*.spec; do
	name=$(basename "$script" .spec)
	case " $(echo "$listed" | tr '\n\t' '  ') " in
		*" $name "*) ;;
		*)
			echo "$script is not listed in ISOLATION of the Makefile"
			status=1
			;;
	esac
	if [ ! -f "test/expected/$name.out" ]; then
		echo "$script has no test/expected/$name.out"
		status=1
	fi
done

for program in test/unit/*.c; do
	case $program in
		*_test.c) ;;
		*)
			echo "$program is not built: name it ..._test.c"
			status=1
			;;
	esac
done

checks=$(sed -n 's/^STYLE_CHECKS = //p' Makefile)
for script in test/check_*.sh; do
	name=$(basename "$script" .sh)
	name=${name#check_}
	case " $checks " in
		*" $name "*) continue ;;
	esac
	if ! grep -q "check_$name" scripts/check.sh; then
		echo "$script is called neither by make check-style nor by scripts/check.sh"
		status=1
	fi
done

exit $status
