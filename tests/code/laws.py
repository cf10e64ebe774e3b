#!/usr/bin/env python3
"""Checks that no law lacks a part. Each choice of include/clsnn/laws.def that is not a default needs a number
in abi.h, an equation in kernels/README.md, code in the kernels, in plain C and in the reference, a recording,
rows in the tests beside reference and plain C, planted faults, and an offline compilation.

Usage: laws.py SOURCE_ROOT. Speaks TAP."""
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
# Words by which a place names a choice that it does not call by its own name.
FAULTS_OF = {'all': 'pairs-', 'direct': 'direct-inhibition-'}
EQUATION_OF = {'rule': 'rule {choice} ', 'pairing': '--pairing {choice} ',
               'inhibition': '--inhibition {choice} '}


def text(path):
    return (ROOT / path).read_text(encoding='utf-8')


def faults_of(law, choice, number):
    """Yields what the choice lacks."""
    macro = f'CLSNN_{law}_{choice}'.upper()
    row = f'{{"{law}", "{choice}"}}'
    found = re.search(rf'#define {macro} +(\d+)', text('include/clsnn/abi.h'))
    if not found or int(found[1]) != number:
        yield f'abi.h: #define {macro} {number}'
    if EQUATION_OF[law].format(choice=choice) not in text('kernels/README.md'):
        yield f'kernels/README.md: a row "{EQUATION_OF[law].format(choice=choice)}"'
    if not any(macro in path.read_text() for path in (ROOT / 'kernels').rglob('*.cl')):
        yield f'kernels: {macro}'
    if macro not in text('host/plain/plain_run.c'):
        yield f'host/plain/plain_run.c: {macro}'
    if f'REF_{choice.upper()}' not in text('tests/reference/reference.c'):
        yield f'tests/reference/reference.c: REF_{choice.upper()}'
    if f'REF_{choice.upper()}' not in text('tests/reference/test_reference.c'):
        yield f'tests/reference/test_reference.c: a closed form with REF_{choice.upper()}'
    recorded = [json.loads(path.read_text())['args']
                for path in sorted((ROOT / 'tests/reference/oracle/rules').glob('*.json'))]
    if not any((f'--{law}', choice) in zip(args, args[1:]) for args in recorded):
        yield f'tests/reference/oracle/rules: a recording with --{law} {choice}'
    for test in 'replay', 'plain':
        if row not in text(f'tests/device/test_{test}.c'):
            yield f'tests/device/test_{test}.c: {row} in its table of laws'
    if f'("{FAULTS_OF.get(choice, choice + "-")}' not in text('tests/code/mutants.py'):
        yield f'tests/code/mutants.py: a fault "{FAULTS_OF.get(choice, choice + "-")}..."'
    if f'-DCLSNN_{law.upper()}={number}' not in text('tests/code/kernels.sh'):
        yield f'tests/code/kernels.sh: -DCLSNN_{law.upper()}={number}'


rows = re.findall(r'^CLSNN_LAW\((\w+), "(\w+)", "([\w|]+)"', text('include/clsnn/laws.def'), re.M)
choices = [(law, choice, number) for law, _, others in rows
           for number, choice in enumerate(others.split('|'), 1)]
failed = len(rows) < 3
print(f'1..{len(choices)}')
for k, (law, choice, number) in enumerate(choices, 1):
    lacking = list(faults_of(law, choice, number)) if law in EQUATION_OF else [f'{law}: a row of EQUATION_OF']
    for fault in lacking:
        print('# lacks', fault)
    print('not ok' if lacking else 'ok', k, f'- --{law} {choice}')
    failed |= bool(lacking)
sys.exit(failed)
