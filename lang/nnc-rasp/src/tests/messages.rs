//! Each message, with the part of the text that it is about, and that a mistake costs its
//! own statement alone.

use super::support::{Files, root};
use crate::{Event, Machine, parse};
use insta::assert_snapshot;
use nnc_base::Sources;

/// The messages about each of some programs, a program a line.
fn messages(programs: &str) -> String {
    let mut all = String::new();
    for program in programs.lines().map(str::trim).filter(|it| !it.is_empty()) {
        let mut machine = Machine::new(Files::new(&root().join("tests/rasp")));
        let mut sources = Sources::new();
        let parsed = parse(sources.add("test.rasp", program), program);
        let mut diagnostics = parsed.diagnostics.clone();
        for event in machine.run(&parsed) {
            if let Event::Mistake(mistake) = event {
                diagnostics.push(*mistake);
            }
        }
        all.push_str(&format!("{program}\n"));
        for it in diagnostics {
            let place = sources.text(it.span());
            all.push_str(&format!("    {} `{place}`: {}\n", it.code, it.message));
        }
    }
    all
}

#[test]
fn what_cannot_be_read_is_told_where_it_stands() {
    let told = messages(
        r#"
        a = 1 & 2;
        a = 'x';
        a = select(1, 2, =);
        a = select(1, 2);
        a = "open;
        a = "open
        a = [1, 2;
        a = 1
        def f(a) { return a; b = 1;
        def f(a) { b = a; }
        a = 99999999999999999999;
        for = 1;
        a = 1 if 2;
        a = (indices != 1);
        a = [1 2];
    "#,
    );
    assert_snapshot!(told, @r#"
    a = 1 & 2;
        E0760 `&`: unknown character `&`
    a = 'x';
        E0760 `'`: unknown character `'`
        E0760 `'`: unknown character `'`
    a = select(1, 2, =);
        E0760 `=`: expected one of `==`, `!=`, `<`, `<=`, `>`, `>=`, found `=`
    a = select(1, 2);
        E0760 `)`: expected `,` or `in`, found `)`
    a = "open;
        E0761 `"open;`: a text is not closed in its line
    a = "open
        E0761 `"open`: a text is not closed in its line
    a = [1, 2;
        E0760 `;`: expected `]`, found `;`
    a = 1
        E0761 ``: this statement does not end in `;`
    def f(a) { return a; b = 1;
        E0761 `def f(a) { return a; b = 1;`: the text ends in the middle of this statement
        E0760 `b`: expected `}`, found the name `b`
    def f(a) { b = a; }
        E0760 `}`: expected a statement or `return`, found `}`
    a = 99999999999999999999;
        E0770 `99999999999999999999`: the number `99999999999999999999` is too large
    for = 1;
        E0760 `=`: expected a name, found `=`
    a = 1 if 2;
        E0760 `;`: expected `else` or `in`, found `;`
    a = (indices != 1);
        E0760 `!=`: expected `)` or an operator, found `!=`
    a = [1 2];
        E0760 `2`: expected `,`, `]`, `for` or an operator, found the number `2`
    "#);
}

#[test]
fn names_and_calls_are_told() {
    let told = messages(
        r#"
        a = lenth;
        a = _own;
        length = 1;
        indices = 1;
        out = 1;
        a = max(1);
        a, b = [1, 2, 3];
        a, b = 1;
        a = indices("ab", "c");
        a = range();
        a = zip([1], [1, 2]);
        a = 1; a("x");
    "#,
    );
    assert_snapshot!(told, @r#"
    a = lenth;
        E0762 `lenth`: `lenth` is not defined
    a = _own;
        E0762 `_own`: `_own` is not defined
    length = 1;
        E0763 `length`: `length` is a name of the library and keeps its meaning
    indices = 1;
        E0763 `indices`: `indices` is a name of the language and keeps its meaning
    out = 1;
        E0763 `out`: `out` is a name of the language and keeps its meaning
    a = max(1);
        E0764 `max(1)`: `max` takes 2 arguments, found 1
    a, b = [1, 2, 3];
        E0764 `[1, 2, 3]`: 2 names stand for 3 values
    a, b = 1;
        E0764 `1`: 2 names stand for one value, the int 1
    a = indices("ab", "c");
        E0764 `indices("ab", "c")`: an s-op or selector runs on one input, found 2
    a = range();
        E0760 `)`: expected a value, found `)`
    a = zip([1], [1, 2]);
        E0764 `zip([1], [1, 2])`: `zip` wants lists of one length, found 1 and 2
    a = 1; a("x");
        E0765 `a`: the int 1 cannot be called
    "#);
}

#[test]
fn kinds_of_values_are_told() {
    let told = messages(
        r#"
        a = len(1);
        a = full_s + 1;
        a = full_s and indices;
        a = 1 if full_s else 2;
        a = full_s in [1];
        a = indices in [[1]];
        a = [1] - [2];
        a = -[1];
        a = indicator(1);
        a = aggregate(indices, indices);
        a = aggregate(full_s, indices, [1]);
        a = [indices][indices];
        a = {[1]: 2};
        a = range("x");
        a = range(1, 2, 0);
        for a in 1 { b = a; }
        draw(full_s);
    "#,
    );
    assert_snapshot!(told, @r#"
    a = len(1);
        E0765 `len(1)`: `len` wants a list, found the int 1
    a = full_s + 1;
        E0765 `full_s + 1`: `+` does not work on a selector
    a = full_s and indices;
        E0765 `full_s and indices`: `and` joins a selector with an s-op
    a = 1 if full_s else 2;
        E0765 `full_s`: `if` does not work on a selector
    a = full_s in [1];
        E0765 `full_s in [1]`: it cannot be said whether a selector is in a list
    a = indices in [[1]];
        E0765 `indices in [[1]]`: an s-op chooses among atoms, and a list is among them
    a = [1] - [2];
        E0766 `[1] - [2]`: `-` does not work on a list and a list
    a = -[1];
        E0766 `-[1]`: `-` does not work on a list
    a = indicator(1);
        E0765 `indicator(1)`: `indicator` wants an s-op, found the int 1
    a = aggregate(indices, indices);
        E0765 `aggregate(indices, indices)`: `aggregate` wants a selector first, found an s-op
    a = aggregate(full_s, indices, [1]);
        E0765 `aggregate(full_s, indices, [1])`: the default of `aggregate` wants an atom, found a list
    a = [indices][indices];
        E0765 `[indices][indices]`: an s-op chooses among atoms, and an s-op is among them
    a = {[1]: 2};
        E0765 `[1]`: the key of a dict wants an atom, found a list
    a = range("x");
        E0765 `range("x")`: `range` wants whole numbers, found the string "x"
    a = range(1, 2, 0);
        E0765 `range(1, 2, 0)`: the step of `range` wants a number other than 0, found 0
    for a in 1 { b = a; }
        E0765 `1`: `for` wants a list or a dict, found the int 1
    draw(full_s);
        E0765 `full_s`: `draw` wants an s-op, found a selector
    "#);
}

#[test]
fn values_that_do_not_exist_are_told() {
    let told = messages(
        r#"
        a = tokens + 1;
        a = tokens < 1;
        a = -tokens;
        a = aggregate(select(indices + 1, indices, ==), tokens);
        a = tokens if indices == 0 else 1;
        a = aggregate(full_s, tokens);
        a = aggregate(full_s, indices == 0);
        a = [1, 2][indices];
        a = [1, 2][0.5];
        a = {"h": 1}[tokens];
        a = {"h": 1}["x"];
        a = 9223372036854775807 + indices;
        a = round(10.0 ^ 300);
        a = 1 % indices;
        a = (-1.5) ^ 0.5;
        a = range(9999999);
        a = indices("");
        a = indices([full_s]);
        a = indices(1);
        a = tokens_int;
        a = tokens_float;
    "#,
    );
    assert_snapshot!(told, @r#"
    a = tokens + 1;
        E0766 `tokens + 1`: `+` does not work on the string "h" and the int 1
    a = tokens < 1;
        E0766 `tokens < 1`: `<` does not work on the string "h" and the int 1
    a = -tokens;
        E0766 `-tokens`: `-` does not work on the string "h"
    a = aggregate(select(indices + 1, indices, ==), tokens);
        E0767 `aggregate(select(indices + 1, indices, ==), tokens)`: a sequence would have strings beside numbers
    a = tokens if indices == 0 else 1;
        E0767 `tokens if indices == 0 else 1`: a sequence would have strings beside numbers
    a = aggregate(full_s, tokens);
        E0768 `aggregate(full_s, tokens)`: place 0 selects several strings, and they have no mean
    a = aggregate(full_s, indices == 0);
        E0768 `aggregate(full_s, indices == 0)`: place 0 selects several bools, and they have no mean
    a = [1, 2][indices];
        E0769 `[1, 2][indices]`: there is no entry 2 among 2
    a = [1, 2][0.5];
        E0769 `[1, 2][0.5]`: a position is a whole number, found the float 0.5
    a = {"h": 1}[tokens];
        E0769 `{"h": 1}[tokens]`: the dict has no key "e"
    a = {"h": 1}["x"];
        E0769 `{"h": 1}["x"]`: the dict has no key "x"
    a = 9223372036854775807 + indices;
        E0770 `9223372036854775807 + indices`: the result of `+` is too large
    a = round(10.0 ^ 300);
        E0770 `round(10.0 ^ 300)`: 1e+300 has no nearest whole number of 64 bits
    a = 1 % indices;
        E0770 `1 % indices`: `%` by zero
    a = (-1.5) ^ 0.5;
        E0770 `(-1.5) ^ 0.5`: -1.5 ^ 0.5 is no real number
    a = range(9999999);
        E0772 `range(9999999)`: the list would have more than 1048576 entries
    a = indices("");
        E0773 `""`: an input is not empty
    a = indices([full_s]);
        E0773 `[full_s]`: an input is a text or a list of atoms, found a selector in it
    a = indices(1);
        E0773 `1`: an input is a text or a list of atoms, found the int 1
    a = tokens_int;
        E0773 `a = tokens_int;`: `tokens_int` cannot read "h" as an int
    a = tokens_float;
        E0773 `a = tokens_float;`: `tokens_float` cannot read "h" as a float
    "#);
}

#[test]
fn a_mistake_costs_its_own_statement_alone() {
    let broken = [
        "a = ;",
        "a = (1;",
        "a = [1, 2;",
        "a = 1 +;",
        "a b c;",
        "a = \"x;",
        "def f(x) { y = ; return y; }",
        "draw(;",
        "load 1;",
        "set example 1 2",
        "1 = a;",
        "a = select(1, 2;",
        "a = }; ",
        "a = §;",
    ];
    for text in broken {
        let program = format!("before = 1;\n{text}\nafter = 2;\n");
        let parsed = parse(Sources::new().add("test.rasp", program.as_str()), &program);
        assert!(!parsed.diagnostics.is_empty(), "{program}");
        let mut machine = Machine::new(Files::new(&root().join("tests/rasp")));
        machine.run(&parsed);
        for name in ["before", "after"] {
            assert!(machine.get(name).is_some(), "{name} of {program}");
        }
    }
}
