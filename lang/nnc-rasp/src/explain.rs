//! The pages of `nnc explain` for RASP.

/// The page of a message's code: what it means, a program that gives it, the repair.
pub fn explain(code: &str) -> Option<&'static str> {
    PAGES.iter().find(|(it, _)| *it == code).map(|(_, page)| *page)
}

/// All codes that have a page, in order.
pub fn codes() -> impl Iterator<Item = &'static str> {
    PAGES.iter().map(|(code, _)| *code)
}

const PAGES: &[(&str, &str)] = &[
    (
        "E0760",
        r#"# E0760: this is no RASP

A letter or a word stands where the language has none.

```rasp
same = select(tokens, tokens, =);       # a comparison is written `==`
```

Repair: the message lists what would fit. Only the statement with the mistake is left out; the
ones around it run."#,
    ),
    (
        "E0761",
        r#"# E0761: a statement is not finished

A `;`, a closing bracket or a closing `"` is missing.

```rasp
first = select(indices, 0, ==)          # no `;`
count = selector_width(first);
```

Repair: write what the message names. On a console the prompt `...` shows that more is
expected; Ctrl-C gives the statement up."#,
    ),
    (
        "E0762",
        r#"# E0762: a name that is not defined

Names are defined by `name = value;`, `def name(…) { … }` and `load "file";`, and are known from
there on. Those that begin with `_` are known in their own file alone.

```rasp
width = selector_widht(select(tokens, tokens, ==));
```

Repair: correct the name; the message tells the nearest one that is known."#,
    ),
    (
        "E0763",
        r#"# E0763: a name that keeps its meaning

Names of the language and of its library cannot be given another meaning.

```rasp
length = 5;
```

Repair: take another name. `tokens` is the exception: it may be redefined, as in
`tokens = tokens_int;`."#,
    ),
    (
        "E0764",
        r#"# E0764: another number of values

A function was called with more or fewer arguments than it has parameters, or several names
stand for another number of values.

```rasp
def both(a, b) { return a + b, a - b; }
plus, minus = both(indices);
```

Repair: give each parameter one argument, and each value one name."#,
    ),
    (
        "E0765",
        r#"# E0765: a value of another kind

S-ops give a value at each place, selectors say which places each place looks at, and atoms,
lists, dicts and functions are there while the program is put together. An operation was given
one kind and wants another.

```rasp
same = select(tokens, tokens, ==);
double = same + same;                   # selectors are not added
```

Repair: make an s-op of a selector by `selector_width(sel)` or `aggregate(sel, s)`, and a
selector of an s-op by `select(s, True, ==)`."#,
    ),
    (
        "E0766",
        r#"# E0766: an operation that these values do not have

Arithmetic works on numbers, `+` also joins two strings, and an order exists among numbers and
among strings, and not between them.

```rasp
next = tokens + 1;                      # the tokens are strings
```

Repair: read the tokens in another way, such as `tokens_int`, on an example that fits:
`set example "123"`."#,
    ),
    (
        "E0767",
        r#"# E0767: strings beside numbers

All values of a sequence are strings, or all are bools and numbers. Mostly a default is the
cause: where nothing is selected, an aggregate gives 0.

```rasp
before = aggregate(select(indices + 1, indices, ==), tokens);
```

Repair: give a default of the same type, `aggregate(sel, tokens, "-")`."#,
    ),
    (
        "E0768",
        r#"# E0768: a mean of what has none

An aggregate takes the mean of what a place selects. Of several strings or truth values there
is none; of one there is, itself.

```rasp
all = aggregate(select(0, 0, ==), tokens);
```

Repair: let the selector select one place at most, or take the share of a condition,
`aggregate(sel, indicator(tokens == "a"))`."#,
    ),
    (
        "E0769",
        r#"# E0769: an entry that is not there

A list or a text has no entry at a position, or a dict none for a key.

```rasp
names = ["zero", "one", "two"];
name = names[indices];                  # "hello" has positions up to 4
```

Repair: give an entry for every value that the index has on your inputs, or bring the index
into the range: `names[indices % 3]`."#,
    ),
    (
        "E0770",
        r#"# E0770: not a number

A result is beyond what whole numbers of 64 bits or floats hold, or arithmetic has no result: a
division by zero, a root of a number below zero.

```rasp
share = 1 / indices;                    # the first position is 0
```

Repair: say what stands there, `0 if indices == 0 else …`, which has to avoid the operation:
both sides of a choice are computed, so that `1 / (indices + indicator(indices == 0))` is
needed in it."#,
    ),
    (
        "E0771",
        r#"# E0771: a file that cannot be loaded

`load "name";` reads `name.rasp` in the current folder, or beside the program that loads it.

```rasp
load "no_such_file";
```

Repair: correct the path, without `.rasp`. A file may not load itself, by itself or by what it
loads."#,
    ),
    (
        "E0772",
        r#"# E0772: too large

Calls and expressions are nested to a limit, and lists, programs and pictures have a greatest
size, so that a program that would never end is told instead.

```rasp
def forever(n) { return forever(n + 1); }
forever(0);
```

Repair: let a function that calls itself end by a choice among atoms, `… if n > 0 else 1`."#,
    ),
    (
        "E0773",
        r#"# E0773: not an input

An s-op runs on a text or on a list of atoms, with one entry at least, that the readings of the
program can read: `tokens_int` wants whole numbers.

```rasp
set example "hello"
digits = tokens_int + 1;
```

Repair: set an example that fits, `set example [1, 2, 3]`, before the s-op is made."#,
    ),
    (
        "E0774",
        r#"# E0774: texts that have no place in nn

`nnc import` makes a token of a letter, a constant of a text of several letters that is known,
and a row of tokens of a text of any letters that has one length. Other texts have no place.

```rasp
named = tokens if indices == 0 else (tokens + "!");
```

Repair: let all texts of the s-op have one length, or say with numbers what the texts say."#,
    ),
    (
        "E0775",
        r#"# E0775: a number or a letter that has no place in nn

`int` in nn has 32 bits, and letters are tokens: their numbers in Unicode, up to 255.

```rasp
start = tokens == "→";
```

Repair: write the number as a float, or take a letter such as `§` in its place."#,
    ),
    (
        "E0776",
        r#"# E0776: an s-op of two types

RASP sees on each input whether an s-op has strings or numbers; in nn it has one type.
`tokens_asis` becomes letters, as it has on a text.

```rasp
named = tokens if indices < length else indices;
```

Repair: give strings everywhere, or numbers; read numbers by `tokens_int` or `tokens_float`."#,
    ),
    (
        "E0777",
        r#"# E0777: nothing to import

Each s-op that has a name becomes a function. This file names none, or only such as begin with
`_`, which are for the file alone. Selectors and functions are written where s-ops need them.

```rasp
same = select(tokens, tokens, ==);
```

Repair: name what is wanted: `histogram = selector_width(same);`."#,
    ),
];
