#!/bin/sh
# Speed of the matrix product with each choice of OpenBLAS's kernels.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p build/bench
${CC:-cc} -std=gnu99 -O2 -Wall -Wextra -Isrc -o build/bench/sgemm \
	test/bench/sgemm.c src/core/blas.c src/core/cpu.c src/core/rng.c -ldl -lm
exec build/bench/sgemm
