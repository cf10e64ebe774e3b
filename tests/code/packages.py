#!/usr/bin/env python3
"""Checks debian/ against the build: each installed file is in one package; each line of an install list names
a file; each command has a manual page; meson.build and debian/control name the same libraries. Speaks TAP.

Usage: packages.py SOURCE_ROOT BUILD_ROOT CLSNN"""
import fnmatch
import json
import pathlib
import re
import subprocess
import sys

ROOT, BUILD, CLSNN = map(pathlib.Path, sys.argv[1:4])
INFO = BUILD / 'meson-info'


def installed():
    """Returns the installed files where Debian places them: below usr, libraries in a processor's folder."""
    options = {o['name']: o['value'] for o in json.loads((INFO / 'intro-buildoptions.json').read_text())}
    files = json.loads((INFO / 'intro-installed.json').read_text()).values()
    below = [str(pathlib.Path(f).relative_to(options['prefix'])) for f in files]
    libdir = options['libdir'].rstrip('/') + '/'
    return ['usr/' + (f'lib/TRIPLET/{f[len(libdir):]}' if f.startswith(libdir) else f) for f in below]


def lists():
    """Returns (list, pattern) for each line of an install list; a second word of a line is a destination."""
    return [(path.name, line.split()[0]) for path in sorted((ROOT / 'debian').glob('*.install'))
            for line in path.read_text().splitlines()]


def matches(file, pattern):
    return fnmatch.fnmatchcase(file, pattern) or fnmatch.fnmatchcase(file, pattern + '/*')


def test_files():
    faults, files, lines = [], installed(), lists()
    for file in files:
        found = [f'{name}: {pattern}' for name, pattern in lines if matches(file, pattern)]
        if len(found) != 1:
            faults.append(f'{file} is in {len(found)} lines of debian/*.install {found}: must be in one')
    for name, pattern in lines:
        if not any(matches(file, pattern) for file in files):
            faults.append(f'debian/{name}: {pattern}: meson installs no such file')
    return faults if files else ['meson installs no file']


def test_pages():
    text = subprocess.run([CLSNN, 'man'], capture_output=True, text=True, check=True).stdout
    commands = set(re.findall(r'^\\fBclsnn (\w+)\\fR \[\\fIOPTION', text, re.M))
    pages = set(re.findall(r'/man1/clsnn-(\w+)\.1$', '\n'.join(installed()), re.M))
    return [f'{name}: add it to the list of pages in host/meson.build' for name in commands - pages] + \
        [f'clsnn-{name}.1 in host/meson.build: clsnn has no such command' for name in pages - commands] + \
        ([] if commands else ['clsnn man names no command'])


def test_libraries():
    """The table of meson.build has the Debian packages in its third column, and in its fourth whether the
    library needs them: then a program that links it needs them too."""
    rows = re.findall(r"^  \['[^']+', '[^']+', '([^']+)', (true|false)\],$",
                      (ROOT / 'meson.build').read_text(), re.M)
    control = (ROOT / 'debian/control').read_text()
    fields = {'Build-Depends': control.split('\nPackage:')[0],
              'Depends of libclsnn-dev': control.split('\nPackage: libclsnn-dev\n')[1]}
    faults = []
    for packages, library in rows:
        for package in packages.split():
            for field, text in fields.items():
                needed = field == 'Build-Depends' or library == 'true'
                if needed != bool(re.search(rf'(?<![\w-]){re.escape(package)}(?![\w-])', text)):
                    faults.append(f'debian/control: {field}: {package} '
                                  + ('is missing' if needed else 'is not needed by the library'))
    return faults if rows else ['meson.build: the table of libraries is not found']


tests = [(test_files, 'debian/*.install have each installed file once'),
         (test_pages, 'each command has a page'),
         (test_libraries, 'debian/control has the libraries of meson.build')]
print(f'1..{len(tests)}')
ok = True
for number, (test, title) in enumerate(tests, 1):
    faults = test()
    for fault in faults:
        print('#', fault)
    print('not ok' if faults else 'ok', number, '-', title)
    ok &= not faults
sys.exit(not ok)
