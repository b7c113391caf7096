#!/usr/bin/env bash
# Times the extension beside its peers, in a temporary server of its own.
#
# usage: test/bench/run.sh NAME...
#
# Names: train_tabular train_wide quality score batch joint trigger call
# workers memory contraction_time recommend, or all; vae and membership; and
# adbench, contractive, impute, memory_layer, semi_supervised and synthetic,
# which need tables that are not here: the folders ADBENCH and ADULT, the files
# IMPUTE.  The file RECOMMEND is optional.  What each one measures is in
# README.md here.  RUNS (5) is the number of alternating runs, SCALE (1)
# multiplies the numbers of rows, PYTHON (/usr/bin/python3) is an interpreter
# with PyTorch, NumPy, psycopg2 and scikit-learn.

HERE=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=../../scripts/lib.sh
. "$HERE/../../scripts/lib.sh"

ALL="train_tabular train_wide quality score batch joint trigger call workers"
ALL="$ALL memory contraction_time recommend"
NAMES="$ALL vae membership adbench contractive impute memory_layer semi_supervised"
NAMES="$NAMES synthetic"
PYTHON=${PYTHON:-/usr/bin/python3}
FASHION=/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz

usage()
{
	die "usage: test/bench/run.sh ${NAMES// /|}|all ..."
}

install_peers()
{
	local module missing=() major package version
	for module in torch numpy psycopg2 sklearn; do
		"$PYTHON" -c "import $module" 2>/dev/null ||
			missing+=("python3-$module")
	done
	[ -f "$FASHION" ] || missing+=(dataset-fashion-mnist)
	if [ ! -f "$("$SYSTEM_PG_CONFIG" --pkglibdir)/plpython3.so" ]; then
		major=$("$SYSTEM_PG_CONFIG" --version |
			sed 's/^PostgreSQL \([0-9]*\).*/\1/')
		package=postgresql-plpython3-$major
		# the same version, so that a server in use is not upgraded
		version=$(dpkg-query -W -f '${Version}' "postgresql-$major" \
			2>/dev/null) || version=
		if [ -n "$version" ] &&
			apt-cache show "$package=$version" >/dev/null 2>&1; then
			package=$package=$version
		fi
		missing+=("$package")
	fi
	apt_install "${missing[@]}"
}

[ $# -gt 0 ] || usage
names=()
for name in "$@"; do
	case " $NAMES all " in
		*" $name "*) ;;
		*) usage ;;
	esac
	if [ "$name" = all ]; then
		read -ra names <<<"$ALL"
	else
		names+=("$name")
	fi
done

set_up gzip=gzip
install_peers
make_work
say "Building with PostgreSQL $("$PG_CONFIG" --version | cut -d' ' -f2)"
run_make install >"$WORK/build.log" 2>&1 || {
	tail -n 30 "$WORK/build.log" >&2
	die "the build did not work"
}
start_cluster "shared_buffers = '512MB'" "max_wal_size = '8GB'" \
	"checkpoint_timeout = '1h'" "autovacuum = off"

# The peers get OpenBLAS's kernels that the extension chose, and one thread.
"$BIN/psql" -qX -c "CREATE EXTENSION autoencoder"
core=$("$BIN/psql" -qXAt -c "SELECT ae_backend()->'blas'->>'core'")
[ -z "$core" ] || export OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-$core}
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1
export PYTHONDONTWRITEBYTECODE=1
BENCH_COMMIT=$(git -C "$TOP" describe --always --dirty 2>/dev/null) ||
	BENCH_COMMIT=none
export BENCH_COMMIT BIN

for name in "${names[@]}"; do
	"$PYTHON" "$HERE/$name.py"
done
