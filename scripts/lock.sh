#!/bin/sh
# Resolves requirements/*.in and canvas/requirements-*.in into fully pinned *.txt, in environments made for it alone.
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

# The containers' needs are resolved without being installed: torch alone is gigabytes. Where the tests have a package,
# the containers get the same version. To be run on Linux x86_64, for which the GPU's container is.
for name in server fashn; do
    {
        echo "# Made by \`make lock\` from requirements-$name.in; do not edit."
        .venv/bin/python -m pip install --dry-run --ignore-installed --quiet --only-binary=:all: --report - \
            --constraint requirements/dev.txt --requirement "canvas/requirements-$name.in" |
            .venv/bin/python -c 'import json, sys
for one in sorted(json.load(sys.stdin)["install"], key=lambda one: one["metadata"]["name"].lower()):
    print("{name}=={version}".format(**one["metadata"]))'
    } > "canvas/requirements-$name.txt"
done
