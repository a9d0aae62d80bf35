#!/bin/sh
# demo.sh: what machine is, in a terminal: a real zsh with the real hook enters
# examples/hello and runs lines in a real VM. `make demo` has built everything.
set -eu
[ "$(id -u)" -ne 0 ] || exec tests/in-copy.sh demo tools/demo.sh
exec python3 tools/demo.py
