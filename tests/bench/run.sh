#!/bin/sh
# run.sh: what a person feels at the prompt, with the peer in the same run.
# Medians of many; ratios are what counts on a machine that is shared.
set -eu
[ "$(id -u)" -ne 0 ] || IN_COPY_WITHOUT='build/lima build/image' \
    exec tests/in-copy.sh bench tests/bench/run.sh "$@"
[ "${1-}" != hook ] || exec python3 tests/bench/hooks.py
python3 tests/bench/prompt.py
RECORDS=10000 python3 tests/bench/prompt.py
build/bench_parse tests/fuzz/corpus/machinefile/every
python3 tests/bench/hooks.py
