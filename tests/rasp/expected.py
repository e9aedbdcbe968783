"""What the RASP authors' interpreter gives, for the tests to compare with.

    python3 expected.py CHECKOUT                  writes expected/*.txt for the programs here
    python3 expected.py CHECKOUT --all FILE ALPHABET COUNT SEED
                                                  prints all s-ops of a file of theirs

CHECKOUT is a checkout of the repository tech-srl/RASP; `antlr4-python3-runtime` (4.9) and
`termcolor` have to be installed.

A line is `layers NAME DEPTH WIDTH WIDTHS`, or `on INPUT`, or what an s-op gives on the last
such input: `NAME VALUES`, with tabs between the parts and spaces between values. `* VALUE`
are equal values, `!` are none: the input does not suit the s-op. Texts stand with their
letters as they are, or as \\-escapes if they are tabs, spaces, ends of lines, `\\`, `*`, `!`
or nothing (`\\e`).
A program's first line says how inputs are made: `# inputs: KIND …`, see `inputs`.
"""

import io
import os
import random
import sys
from contextlib import redirect_stdout

HERE = os.path.dirname(os.path.abspath(__file__))
COUNT = 120


def start(checkout):
    os.chdir(checkout)
    sys.path.insert(0, checkout)
    sys.setrecursionlimit(100000)


def load(path):
    """A console that has loaded a file."""
    from RASP_support.REPL import REPL
    printed = io.StringIO()
    with redirect_stdout(printed):
        repl = REPL()
        repl.run_given_line('load "%s";' % path)
    if "!!" in printed.getvalue() or "something went wrong" in printed.getvalue():
        raise SystemExit("%s does not load:\n%s" % (path, printed.getvalue()))
    return repl


def escaped(value):
    if isinstance(value, bool):
        return "True" if value else "False"
    if not isinstance(value, str):
        return repr(value)
    if value == "":
        return "\\e"
    for letter, name in (("\\", "\\\\"), (" ", "\\s"), ("\t", "\\t"), ("\n", "\\n"),
                         ("*", "\\x"), ("!", "\\b")):
        value = value.replace(letter, name)
    return value


def sops(repl):
    """The s-ops that a file defines, in order, those in lists and dicts included."""
    from RASP_support.FunctionalSupport import UnfinishedSequence
    found = []

    def collect(name, value):
        if isinstance(value, UnfinishedSequence):
            found.append((name, value))
        elif isinstance(value, list):
            for at, item in enumerate(value):
                collect("%s[%d]" % (name, at), item)
        elif isinstance(value, dict):
            for key, item in value.items():
                collect("%s[%s]" % (name, key), item)

    for name, value in repl.env.variables.items():
        if name not in ("out", "tokens"):
            collect(name, value)
    return found


def layers(sop):
    with redirect_stdout(io.StringIO()):
        depth, width, widths = sop.width_and_depth(loud=False)
    widths = [widths.get(at, 0) for at in range(1, depth + 1)]
    return depth, width, widths


def results(sop, word):
    """The values, or nothing if the s-op has none on this input."""
    try:
        with redirect_stdout(io.StringIO()):
            value = sop.call(word, just_pass_exception_up=True)
        return value.get_vals()
    except Exception:
        return None


def write(repl, words, out):
    found = sops(repl)
    for name, sop in found:
        depth, width, widths = layers(sop)
        print("layers", name, depth, width, ",".join(map(str, widths)), sep="\t", file=out)
    for word in words:
        print("on", " ".join(escaped(it) for it in word), sep="\t", file=out)
        for name, sop in found:
            print(name, written(results(sop, word)), sep="\t", file=out)


def written(values):
    if values is None:
        return "!"
    values = [escaped(it) for it in values]
    if len(values) > 1 and len(set(values)) == 1:
        return "* " + values[0]
    return " ".join(values)


def inputs(line, rng):
    """Random inputs as a program's first line wants them."""
    words = line.split()[2:]
    kind, rest = words[0], words[1:]
    if kind == "letters":  # letters ALPHABET LONGEST [FIRST]: any letters, behind a first one
        alphabet, longest = rest[0], int(rest[1])
        first = rest[2] if len(rest) > 2 else ""
        def make():
            size = rng.randint(0 if first else 1, longest)
            return first + "".join(rng.choice(alphabet) for _ in range(size))
    elif kind == "sum":  # sum LONGEST: two numbers of equally many digits
        def make():
            size = rng.randint(1, int(rest[0]))
            number = lambda: "".join(rng.choice("0123456789") for _ in range(size))
            return number() + "+" + number()
    elif kind == "clauses":  # clauses MOST: facts and rules as in inference.rasp
        def make():
            sign = lambda: rng.choice("<#")
            element = rng.choice("abc")
            goal = (sign(), rng.choice("ABC"))
            clauses = [element + goal[0] + goal[1]]
            for _ in range(rng.randint(0, int(rest[0]) - 1)):
                # Half of the clauses lead on to another set, the others are random.
                if rng.random() < 0.5:
                    next_goal = (sign(), rng.choice("ABC"))
                    clauses.append("x%s%s:x%s%s" % (goal + next_goal))
                    goal = next_goal
                elif rng.random() < 0.5:
                    clauses.append(rng.choice("abc") + sign() + rng.choice("ABC"))
                else:
                    clauses.append("x%s%s:x%s%s" % (sign(), rng.choice("ABC"), sign(), rng.choice("ABC")))
            rng.shuffle(clauses)
            return ",".join(clauses + [element + sign() + goal[1] + "?"])
    else:
        raise SystemExit("unknown kind of inputs: " + kind)
    return [make() for _ in range(COUNT)]


def main():
    checkout = os.path.abspath(sys.argv[1])
    start(checkout)
    if sys.argv[2:3] == ["--all"]:
        path, alphabet, count, seed = sys.argv[3:7]
        rng = random.Random(int(seed))
        words = ["".join(rng.choice(alphabet) for _ in range(rng.randint(1, 14)))
                 for _ in range(int(count))]
        words += [it for it in sys.argv[7:]]
        write(load(path), words, sys.stdout)
        return
    for name in sorted(os.listdir(HERE)):
        if not name.endswith(".rasp"):
            continue
        stem = os.path.join(HERE, name[:-len(".rasp")])
        with open(stem + ".rasp") as file:
            head = file.readline()
        rng = random.Random(name)
        target = os.path.join(HERE, "expected", name[:-len(".rasp")] + ".txt")
        with open(target, "w") as out:
            write(load(stem), inputs(head, rng), out)
        print("wrote", target)


main()
