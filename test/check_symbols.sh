#!/bin/sh
# Every symbol that the library exports carries our prefix: the server loads
# all extensions into one name space.
set -u
cd "$(dirname "$0")/.." || exit 1
library=autoencoder.so

if [ ! -f $library ]; then
	echo "$library is missing: run make first"
	exit 1
fi

alien=$(nm -D --defined-only $library | awk '{ print $NF }' |
	grep -vE '^(ae_|aepg_|pg_finfo_ae_)' |
	grep -vxE 'Pg_magic_func|_PG_init|_init|_fini')
if [ -n "$alien" ]; then
	echo "exported without the prefix ae_ or aepg_ (make them static, or rename them):"
	echo "$alien"
	exit 1
fi

linked=$(nm -D --undefined-only $library | awk '{ print $NF }' |
	grep -E '^(cblas_|openblas_|[sd]gemm_)')
if [ -n "$linked" ]; then
	echo "BLAS must be loaded on first use, not linked:"
	echo "$linked"
	exit 1
fi

# what lets allocations fail is a module of the tests
if grep -q 'faults_' $library; then
	echo "has something of test/faults in it"
	exit 1
fi
