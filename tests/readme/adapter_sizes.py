# The README's table of adapter sizes, in lines.
# SPDX-License-Identifier: Apache-2.0
"""usage: adapter_sizes.py          is the table in the README what the files say?
       adapter_sizes.py --write  makes it so
"""
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'house'))
import tree  # noqa: E402

README = 'README.md'
MARKS = ('<!-- Made by tests/readme/adapter_sizes.py. -->\n', '<!-- End of what adapter_sizes.py makes. -->')


def lines(*paths):
    return sum(len(tree.read(path).splitlines()) for path in paths)


def lines_between(text, first, last):
    """The lines from the one that begins with `first` to the next that is `last`."""
    found = re.search(r'^ *' + re.escape(first) + r'.*?^' + re.escape(last) + r'$', text, re.S | re.M)
    return len(found.group(0).splitlines())


def headers(adapter):
    return [path for path in tree.all_files()
            if str(path).startswith(f'adapters/{adapter}/include/') and path.suffix == '.hpp']


def round_off(n):
    """Two digits, so that not every change of an adapter is one of the README."""
    return int(float(f'{n:.1e}'))


def rows():
    """A graph type, and the lines of its traits, of its dialect, and of all that makes it a graph of qgraft."""
    text = tree.read(README)
    network = [lines_between(text, '// What graph_traits forwards to.', '};'),
               lines_between(text, 'template <>\nstruct qgraft::dialect<network>', '};')]
    yield 'the network above', network[0], network[1], sum(network)
    ir = 'examples/in_house_ir/ir_'
    yield 'in_house_ir', lines(ir + 'traits.hpp'), lines(ir + 'dialect.hpp'), lines(ir + 'traits.hpp', ir + 'dialect.hpp')
    sketch = 'tests/boost_graph/network_dialect.hpp'
    access = lines_between(tree.read(sketch), 'struct qgraft::boost_graph::access', '};')
    yield 'a Boost graph of the tests', access, lines(sketch) - access, lines(sketch)
    for adapter in ['property_tree', 'graphdef']:
        at = f'adapters/{adapter}/include/qgraft/{adapter}/'
        counts = lines(at + 'graph.hpp'), lines(at + 'dialect.hpp'), lines(*headers(adapter))
        yield (f'the adapter {adapter}, about', *(round_off(n) for n in counts))


def table():
    text = '| graph type | traits | dialect | all |\n| --- | --- | --- | --- |\n'
    for name, *counts in rows():
        text += f'| {name} | ' + ' | '.join(f'{n:,}' for n in counts) + ' |\n'
    return text


def main():
    text = tree.read(README)
    start, end = text.index(MARKS[0]) + len(MARKS[0]), text.index(MARKS[1])
    if sys.argv[1:] == ['--write']:
        (tree.ROOT / README).write_text(text[:start] + table() + text[end:], encoding='utf-8')
        return
    same = text[start:end] == table()
    tree.finish([] if same else ['README.md: its table of adapter sizes is not what adapter_sizes.py makes'], 'the table')


if __name__ == '__main__':
    main()
