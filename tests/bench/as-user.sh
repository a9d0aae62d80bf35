#!/bin/sh
# as-user.sh PROGRAM: a benchmark of this directory as an ordinary user, with a stock image to compare with.
set -eu
[ "$(id -u)" -ne 0 ] || AS_USER_KEEP='RUNS ONLY TOOLS BULK' exec tests/in-copy.sh bench tests/bench/as-user.sh "$1"
[ "$1" != boot.py ] || tests/bench/stock-image.sh build/image
exec python3 "tests/bench/$1"
