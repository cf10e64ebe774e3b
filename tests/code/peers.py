#!/usr/bin/env python3
"""Checks the scripts of bench/peers where no simulator is installed: each prints its help, and names what to
install. Speaks TAP.

Usage: peers.py SOURCE_ROOT"""
import pathlib
import subprocess
import sys

FOLDER = pathlib.Path(sys.argv[1]) / 'bench/peers'
PEERS = sorted(FOLDER.glob('*_peer.py'))


def run(script, *options):
    """Runs a script without installed packages (-S). Returns exit status, output and errors."""
    done = subprocess.run([sys.executable, '-S', '-B', script, *options], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def verdict(number, title, faults):
    for fault in faults:
        print('#', fault)
    print(('not ok' if faults else 'ok'), number, '-', title)
    return not faults


print('1..2')
scripts = [*PEERS, FOLDER / 'compare.py']
faults = [f'{script.name} --help: {result}' for script, result in ((s, run(s, '--help')) for s in scripts)
          if result[0] or 'usage:' not in result[1]]
ok = verdict(1, f'{len(scripts)} scripts print their help', faults)
faults = [f'{script.name} --probe: {result}' for script, result in ((s, run(s, '--probe')) for s in PEERS)
          if result[0] != 2 or result[1] or 'pip install' not in result[2]]
ok &= verdict(2, f'{len(PEERS)} peers name what to install', faults if PEERS else ['no peers'])
sys.exit(not ok)
