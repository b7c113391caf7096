#!/bin/sh
# Includes point one way: base <- math <- features | network <- model <-
# engine <- glue.  The core knows no server header, includes by full path, and
# takes memory from its host only.
set -u
cd "$(dirname "$0")/.." || exit 1
status=0

complain()
{
	echo "$1"
	status=1
}

# rank and name of a core file's layer; equal ranks are siblings
layer()
{
	case $(basename "$1" | sed 's/\.[ch]$//') in
		arena | bytes | cpu | env | rng | sort | status) echo 1 base ;;
		blas | calibration | evidence | kernels | kernels_* | matching | \
			mixture | mixture_step | spd | spectrum)
			echo 2 math ;;
		account | coder | condition | coreset | corrupt | count | cursor | \
			dataset | dataset_* | \
			density | dictionary | draw | feature | feature_* | joint | joint_* | \
			label_index | labels | \
			ease | histogram | items | moments | neighbour | ordinal | \
			set_mix | set_rows | sets)
			echo 3 features ;;
		dense | gaussian | head | join | layer | net | sparse) echo 3 network ;;
		classes | codec | codec_* | model | model_* | options | options_* | \
			set_model) echo 4 model ;;
		conditional | contract | critic | density_fit | drift | head_fit | \
			impute | likelihood | merge | merge_differ | objective | optim | \
			recommend | sample | score | score_* | set_grow | set_index | \
			set_join | set_net | set_sample | set_train | share | supervise | \
			team | train | update | worker | worker_create)
			echo 5 engine ;;
		*) echo 0 none ;;
	esac
}

for file in src/core/*.[ch]; do
	mine=$(layer "$file")
	if [ "$mine" = "0 none" ]; then
		complain "$file belongs to no layer: name its layer in $0"
		continue
	fi
	# shellcheck disable=SC2013
	for header in $(sed -n 's/^# *include *"\(.*\)".*/\1/p' "$file"); do
		case $header in
			core/*) ;;
			*)
				complain "$file includes \"$header\": the core includes only \"core/...\" and standard headers"
				continue
				;;
		esac
		theirs=$(layer "$header")
		if [ "$mine" != "$theirs" ] && [ "${mine%% *}" -le "${theirs%% *}" ]
		then
			complain "$file (${mine#* }) includes $header (${theirs#* }): that layer is not below it"
		fi
	done
	# shellcheck disable=SC2013
	for header in $(sed -n 's/^# *include *<\(.*\)>.*/\1/p' "$file"); do
		case $header in
			assert.h | cpuid.h | ctype.h | errno.h | float.h | immintrin.h | \
				inttypes.h | limits.h | locale.h | math.h | stdarg.h | \
				stdbool.h | stddef.h | stdint.h | stdio.h | stdlib.h | \
				string.h) ;;
			*) complain "$file includes <$header>: not a header of standard C" ;;
		esac
	done
done

found=$(grep -nE '(^|[^A-Za-z_.>])(malloc|calloc|realloc|free|printf|exit|abort) ?\(' \
	src/core/*.[ch])
[ -z "$found" ] ||
	complain "the core uses its host's memory and says nothing:
$found"

found=$(grep -n PG_VERSION_NUM src/*.[ch] src/core/*.[ch] |
	grep -v '^src/pg_compat\.h:')
[ -z "$found" ] ||
	complain "differences between server versions belong in src/pg_compat.h:
$found"

exit $status
