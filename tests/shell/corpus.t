#!/bin/sh
# Every input that ever broke a parser, and the seeds of the fuzz targets.
. tests/lib.sh

for replay in "$BUILD"/replay_*; do
	target=${replay##*/replay_}
	ok "the corpus of $target holds" "$replay" "tests/fuzz/corpus/$target"/*
done
plan
