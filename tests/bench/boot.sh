#!/bin/sh
# boot.sh: tests/bench/boot.py as an ordinary user, with a stock image to compare with.
set -eu
[ "$(id -u)" -ne 0 ] || AS_USER_KEEP='RUNS ONLY TOOLS' exec tests/in-copy.sh bench tests/bench/boot.sh
tests/bench/stock-image.sh build/image
exec python3 tests/bench/boot.py
