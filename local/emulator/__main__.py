"""`python -m local.emulator`: MiniStack with our shims, in this process, until SIGTERM."""

import sys

import ministack.app

import local.emulator

if __name__ == "__main__":
    local.emulator.install()
    sys.argv[1:] = []  # MiniStack parses the command line itself
    ministack.app.main()
