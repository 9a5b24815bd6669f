#!/bin/sh
# Resolves requirements/*.in into fully pinned requirements/*.txt, in environments made for it alone.
set -eu
python="$(scripts/find-python.sh)"
for name in dev sam lambda checkov; do
    folder="$(mktemp -d)"
    "$python" -m venv "$folder"
    "$folder/bin/python" -m pip install --quiet -r "requirements/$name.in"
    {
        echo "# Made by \`make lock\` from $name.in; do not edit."
        "$folder/bin/python" -m pip freeze --exclude pip
    } > "requirements/$name.txt"
    rm -rf "$folder"
done
