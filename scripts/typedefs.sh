#!/bin/sh
# Prints the names of our types, sorted: the contents of typedefs.list.
set -eu
cd "$(dirname "$0")/.."

find src test/unit test/faults -name '*.[ch]' -exec awk '
	# typedef struct Name ... or typedef struct Name Name;
	/^typedef (struct|enum|union)/ {
		if ($0 ~ /;/) { sub(/;.*/, ""); print $NF }
		next
	}
	# } Name;
	/^} [A-Za-z_0-9]+;/ { sub(/;.*/, ""); print $2; next }
	# typedef int (*Name) (...
	/^typedef .*\(\*[A-Za-z_0-9]+\)/ {
		sub(/.*\(\*/, ""); sub(/\).*/, ""); print; next
	}
	# typedef int Name; an attribute may follow
	/^typedef .*[A-Za-z_0-9]/ {
		sub(/;.*/, ""); sub(/ *__attribute__.*/, ""); sub(/\[.*/, ""); print $NF
	}
' {} + | LC_ALL=C sort -u
