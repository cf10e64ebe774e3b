#!/usr/bin/env python3
"""Checks texts: no line has more than 110 columns; clang-format 14 would change no C or OpenCL C file; links
of Markdown files lead to files; every file that names the version names the same one.

Usage: format.py SOURCE_ROOT. Speaks TAP. The second check is skipped where clang-format 14 is missing: other
versions format differently."""
import pathlib
import re
import shutil
import subprocess
import sys

COLUMNS = 110
ROOT = pathlib.Path(sys.argv[1])
FOLDERS = ['bench', 'datasets', 'host', 'include', 'kernels', 'tests', 'subprojects', 'debian', '.ci']
# Data, and texts that are not ours to wrap.
LEFT_OUT = re.compile(r'\.(png|npz|npy|gz|wrap)$|tests/hostile/corpus/|tests/program/v0\.1/|^subprojects/.*/'
                      r'|^LICENSE$')


def texts():
    """Yields each text file's path below ROOT, and its lines."""
    files = [p for p in ROOT.iterdir() if p.is_file() and p.name != '.git']
    for folder in FOLDERS:
        files += (p for p in (ROOT / folder).rglob('*') if p.is_file() and '__pycache__' not in p.parts)
    for path in sorted(files):
        name = path.relative_to(ROOT).as_posix()
        if not LEFT_OUT.search(name):
            yield name, path.read_text(encoding='utf-8').split('\n')


def formatter():
    """Returns clang-format 14, or None."""
    for name in 'clang-format-14', 'clang-format':
        program = shutil.which(name)
        if program and ' version 14.' in subprocess.check_output([program, '--version'], text=True):
            return program
    return None


def verdict(number, title, faults):
    for fault in faults:
        print('#', fault)
    print(('not ok' if faults else 'ok'), number, '-', title)
    return not faults


print('1..4')
names, long_lines, links = [], [], []
for name, lines in texts():
    names.append(name)
    long_lines += (f'{name}:{n}: {len(line)} columns: must be at most {COLUMNS}'
                   for n, line in enumerate(lines, 1) if len(line) > COLUMNS)
    if name.endswith('.md'):
        for n, line in enumerate(lines, 1):
            links += (f'{name}:{n}: {target}: no such file'
                      for target in re.findall(r'\]\(([^)#:]+)\)', line)
                      if not (ROOT / name).parent.joinpath(target).exists())
ok = verdict(1, f'no line of {len(names)} files has more than {COLUMNS} columns', long_lines)
program = formatter()
if program:
    code = [name for name in names if name.endswith(('.c', '.h', '.cl'))]
    done = subprocess.run([program, '--dry-run', '--Werror', *code], cwd=ROOT, capture_output=True, text=True)
    faults = [line for line in done.stderr.split('\n') if 'error:' in line]
    ok &= verdict(2, f'clang-format changes none of {len(code)} files', faults)
else:
    print('ok 2 - clang-format # SKIP clang-format 14 is not installed')
ok &= verdict(3, 'links of Markdown files lead to files', links)
places = {'meson.build': r"^project\(.* version: '([^']+)'", 'CHANGELOG.md': r'^## (\d\S*)',
          'CITATION.cff': r'^version: (\S+)', 'debian/changelog': r'^clsnn \((\S+)\)'}
versions = {name: re.search(pattern, (ROOT / name).read_text(encoding='utf-8'), re.M).group(1)
            for name, pattern in places.items()}
ok &= verdict(4, 'one version', [] if len(set(versions.values())) == 1 else [str(versions)])
sys.exit(not ok)
