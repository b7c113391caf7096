#!/bin/sh
# Rules of layout that a script can check.
set -u
cd "$(dirname "$0")/.." || exit 1
status=0

# complains when there is a second argument: the places found
forbid()
{
	if [ -n "$2" ]; then
		printf '%s:\n%s\n' "$1" "$2"
		status=1
	fi
}

sources=$(find src test/unit test/fuzz test/faults -name '*.[ch]' | sort)
texts=$(find . -type f \( -name '*.[ch]' -o -name '*.sql' -o -name '*.sh' \
	-o -name '*.pl' -o -name '*.py' -o -name '*.md' -o -name 'Makefile' \
	-o -name '*.in' -o -name '*.control' -o -name run \) \
	! -path './.git/*' ! -path './build/*' ! -path './tmp_check/*' \
	! -path './results/*' | sort)

# shellcheck disable=SC2086
forbid "// comments; write /* ... */" \
	"$(grep -nE '(^|[^:"'\''])//' $sources /dev/null)"

# A message stays on one line, so that it can be searched for.
# shellcheck disable=SC2086
forbid "lines beyond 79 columns" "$(for file in $sources; do
	expand -t4 "$file" | awk -v file="$file" \
		'length($0) > 79 && !/"/ { print file ":" NR ": " length($0) " columns" }'
done)"

# shellcheck disable=SC2086
forbid "functions beyond 100 lines" "$(awk '
	FNR == 1 { start = 0 }
	/^[A-Za-z_].*\(/ { name = $0 }
	/^{/ { start = FNR }
	/^}/ {
		if (start && FNR - start > 100 && name != "")
			print FILENAME ":" start ": " FNR - start " lines (" name ")"
		start = 0; name = ""
	}' $sources)"

# shellcheck disable=SC2086
forbid "files beyond 1000 lines" \
	"$(wc -l $sources | awk '$2 != "total" && $1 > 1000 { print $2 ": " $1 }')"

# psql's output in the documentation has trailing blanks.
# shellcheck disable=SC2086
forbid "trailing white space, or carriage returns" \
	"$(grep -nE '([[:blank:]]|'"$(printf '\r')"')$' $texts |
		grep -v '^[^:]*\.md:')"

# The patterns are split so that this file does not find itself.
# shellcheck disable=SC2086
forbid "work left open" "$(grep -nwE 'TO''DO|FIX''ME|X''XX' $texts)"

# shellcheck disable=SC2086
forbid "paths of one machine" \
	"$(grep -nE '(^|[^A-Za-z0-9_.}/*-])/(work|root|home)/' $texts |
		grep -v '^\./test/check_style\.sh:')"

version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" autoencoder.control)
escaped=$(echo "$version" | sed 's/\./\\./g')
# shellcheck disable=SC2086
forbid "the version is stated in autoencoder.control only" \
	"$(grep -niE "version[^0-9.]{0,12}$escaped([^0-9.]|\$)" $texts |
		grep -vE '^\./(autoencoder\.control|CHANGELOG\.md|test/unit/.*\.c):')"

if [ "$(sh scripts/typedefs.sh)" != "$(cat typedefs.list)" ]; then
	forbid "typedefs.list is out of date" "run: make typedefs.list"
fi

exit $status
