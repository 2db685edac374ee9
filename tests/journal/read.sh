#!/bin/sh
# SPDX-License-Identifier: MIT
# read.sh FOLDER UNIT: a journal written in such units, and read.py's view of it
set -eu
export LC_ALL=C
image=$1/$2.image
"$1/write" "$2" "$image" "$1/$2.want"
python3 tests/journal/read.py "$image" >"$1/$2.got"
sort "$1/$2.want" >"$1/$2.want.sorted"
sort "$1/$2.got" | diff "$1/$2.want.sorted" -
[ "$(wc -l <"$1/$2.got")" -gt 10 ]
