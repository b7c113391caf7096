#!/bin/sh
# Shell scripts are free of what shellcheck knows to go wrong.
set -u
cd "$(dirname "$0")/.." || exit 1
exec shellcheck -x -P SCRIPTDIR scripts/*.sh test/*.sh test/*/*.sh .ci/run
