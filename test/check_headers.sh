#!/bin/sh
# Every header compiles on its own.  A *_body.h is a template, not a header.
set -u
cd "$(dirname "$0")/.." || exit 1
: "${CC:=cc}" "${PG_CONFIG:=pg_config}"
server=$("$PG_CONFIG" --includedir-server) || exit 1
status=0

compile()
{
	header=$1
	shift
	if ! output=$(printf '#include "%s"\n' "$header" |
		"$CC" -std=gnu99 -Wall -Wextra -Werror -Wno-unused-function \
			-fsyntax-only "$@" -x c - 2>&1); then
		echo "src/$header does not compile on its own:"
		echo "$output" | grep error: | head -n 3
		status=1
	fi
}

for file in src/core/*.h; do
	case $file in
		*_body.h) ;;
		*/kernels_*)
			compile "core/$(basename "$file")" -Isrc -DKERNEL_LANES=4
			;;
		*) compile "core/$(basename "$file")" -Isrc ;;
	esac
done
for file in src/*.h; do
	compile "$(basename "$file")" -Isrc -isystem "$server" -D_GNU_SOURCE
done

exit $status
