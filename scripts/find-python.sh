#!/bin/sh
# Prints the path of a Python 3.13 that runs, or says what to install. Lambda runs python3.13, and `sam build` wants
# the same interpreter on this machine. Version managers' shims do not count: they exist even where they do not run.
usable() {
    [ -n "$1" ] && "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 13))' >/dev/null 2>&1
}
case "$(uname -s) $(uname -m)" in
    "Linux x86_64" | "Linux amd64" | "Linux aarch64" | "Linux arm64") ;;
    *)
        echo "vto's local stack runs on Linux (x86_64 or arm64), WSL2 included; this is $(uname -s) $(uname -m)." >&2
        echo "On other systems deploy to AWS (docs/deploying.md) or work in a Linux container or machine." >&2
        exit 1
        ;;
esac
for candidate in \
    "$VTO_PYTHON" \
    "$(command -v python3.13)" \
    "$(pyenv prefix 3.13 2>/dev/null)/bin/python3.13" \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python3.13 \
    "$(uv python find --no-python-downloads 3.13 2>/dev/null)" \
    /usr/local/bin/python3.13 /opt/python/3.13*/bin/python3.13 \
    "$(command -v python3)"; do
    if usable "$candidate"; then
        # the interpreter itself, with its own name beside it: that is what sam build looks for
        "$candidate" -c 'import sys; print(sys.executable)'
        exit 0
    fi
done
echo "vto needs Python 3.13 with its venv module, and none was found." >&2
echo "Install it (apt install python3.13 python3.13-venv, dnf install python3.13, pyenv install 3.13, or" >&2
echo "uv python install 3.13), or set VTO_PYTHON to its path." >&2
exit 1
