//! What is said of mistakes: each gives one message.

use super::accept::file;
use crate::parse;
use insta::assert_snapshot;
use nnc_base::Diagnostic;

/// The messages about a text, each with the text at its place.
fn messages(text: &str) -> String {
    parse(file(), text).diagnostics.iter().map(|it| render(it, text)).collect::<Vec<_>>().join("\n")
}

fn render(diagnostic: &Diagnostic, text: &str) -> String {
    let span = diagnostic.span();
    let place = &text[span.start as usize..span.end as usize];
    let line = text[..span.start as usize].matches('\n').count() + 1;
    let helps = diagnostic.helps.join("; ");
    format!("{}: {} [{line}: {place:?}] help: {helps}", diagnostic.code, diagnostic.message)
}

/// Messages about the body of a function.
fn in_body(body: &str) -> String {
    messages(&format!("fn f(x: f32[B]) -> f32[B] {{\n    {body}\n    x\n}}\n\nfn g() = 1\n"))
}

#[test]
fn an_unexpected_token_is_told_what_would_fit() {
    assert_snapshot!(in_body("let y = * x;"), @r#"E0001: expected an expression, found `*` [2: "*"] help: write a value behind the `=`, or `?` to be told what fits"#);
    assert_snapshot!(in_body("let y = ;"), @r#"E0001: expected an expression, found `;` [2: ";"] help: write a value behind the `=`, or `?` to be told what fits"#);
    assert_snapshot!(in_body("let y;"), @r#"E0001: expected an expression, found `;` [2: ";"] help: write the missing part, or `?` to be told what fits"#);
    assert_snapshot!(in_body("let = x;"), @r#"E0001: expected a lower-case name or `(`, found `=` [2: "="] help: put in what is missing, or take this out"#);
    assert_snapshot!(in_body("let y = a b;"), @r#"E0001: expected `;` or an operator, found the name `b` [2: "b"] help: end the statement with `;`, or join the two parts with an operator"#);
    assert_snapshot!(in_body("let y = f(a b);"), @r#"E0001: expected `)`, `,` or an operator, found the name `b` [2: "b"] help: put `,` between two entries, or join them with an operator"#);
    assert_snapshot!(in_body("let y = x.;"), @r#"E0001: expected a lower-case name, found `;` [2: ";"] help: write a lower-case name"#);
    assert_snapshot!(in_body("let y = if a { 1 };"), @r#"E0001: expected `else`, found `;` [2: ";"] help: an `if` gives a value, so it needs `else { … }`"#);
    assert_snapshot!(in_body("let y = sum[] x;"), @r#"E0001: expected a lower-case name, found `]` [2: "]"] help: write a lower-case name"#);
    assert_snapshot!(in_body("let y = x as ;"), @r#"E0001: expected a name, found `;` [2: ";"] help: write the element type to claim, such as `f32` or `Logits`"#);
    assert_snapshot!(in_body("assert a = b;"), @r#"E0001: expected `;` or an operator, found `=` [2: "="] help: to compare, write `==`"#);
    assert_snapshot!(in_body("let y = f(a, , b);"), @r#"E0001: expected an expression or `)`, found `,` [2: ","] help: write the missing part, or `?` to be told what fits"#);
}

#[test]
fn words_and_signs_of_other_languages_are_told_by_name() {
    assert_snapshot!(in_body("x[b] += 1;"), @r#"E0001: the language has no `+=` here [2: "+="] help: write it out: `let y = x + …;` for a new value, `h[i] = h[i] + …;` for a carry"#);
    assert_snapshot!(in_body("return x;"), @r#"E0001: the language has no `return` here [2: "return"] help: leave it out: the last expression of a block is its value, without `;`"#);
    assert_snapshot!(in_body("let mut y = x;"), @r#"E0001: the language has no `mut` here [2: "mut"] help: leave it out: a `let` gives a new value its name, and nothing changes it"#);
    assert_snapshot!(in_body("let y = sum(d) x[d];"), @r#"E0001: the language has no `sum(d)` here [2: "sum(d)"] help: the indices of a reduction stand in square brackets: `sum[d] x[b, d]`"#);
    assert_snapshot!(in_body("for i in 3 {\n        let z = i;\n    }\n    x"), @r#"E0001: the language has no `for` here [2: "for"] help: write a `scan` for steps in time, a `fold` for one layer after another, and indices for elements"#);
    assert_snapshot!(messages("import a.b\nfn f(x: int) = x @ x"), @r#"
    E0001: the language has no `import` here [1: "import"] help: write `use`, such as `use std.nn.{Linear}`
    E0001: the language has no `@` here [2: "@"] help: write a product of matrices with its indices: `let y[b, f] = sum[d] x[b, d] * w[d, f];`
    "#);
    assert_snapshot!(messages("test “one” { }\nfn f(x: int) => int = 1"), @r#"
    E0005: unknown character `“` [1: "“"] help: strings stand in `"…"`
    E0001: the language has no `=>` here [2: "=>"] help: write `->` in front of a result's type
    "#);
}

#[test]
fn a_bracket_closed_by_another_is_one_mistake() {
    assert_snapshot!(in_body("let y = x[b, t);"), @r#"E0003: `[` is closed by `)` [2: "["] help: write `]`"#);
}

#[test]
fn declarations_say_what_they_miss() {
    assert_snapshot!(messages("let x = 3;\nfn f() = 1"), @r#"E0001: expected a declaration such as `layer`, `fn` or `dims`, found the word `let` [1: "let"] help: outside declarations there are only comments; statements belong into a `fn`"#);
    assert_snapshot!(messages("layer A<D> {\n  a Linear\n  b: Linear\n}"), @r#"E0001: expected `,` or `:`, found the name `Linear` [2: "Linear"] help: write `:` between a name and what it is"#);
    assert_snapshot!(messages("layer A<D {\n  b: Linear\n}"), @r#"E0001: expected `>`, `>=`, `,`, `:` or `@`, found `{` [1: "{"] help: write `>` to end the parameters"#);
    assert_snapshot!(messages("layer lower {\n  b: Linear\n}"), @r#"E0001: expected a capitalised name, found the name `lower` [1: "lower"] help: write a capitalised name"#);
    assert_snapshot!(messages("fn f(x) = x"), @r#"E0001: expected `:`, found `)` [1: ")"] help: write `:`"#);
    assert_snapshot!(messages("fn f(x: ) = x"), @r#"E0001: expected a type, found `)` [1: ")"] help: put in what is missing, or take this out"#);
    assert_snapshot!(messages("dims B: , T: time"), @r#"E0001: expected a lower-case name, found `,` [1: ","] help: write a lower-case name"#);
    assert_snapshot!(messages("layer A {\n  a = Linear<D>\n}"), @r#"E0001: expected `,` or `:`, found `=` [2: "="] help: to give a type or a layer, write `:`"#);
    assert_snapshot!(messages("fn f(x: f32[B, T) = x"), @r#"E0003: `[` is never closed [1: "["] help: write `]` where the part that starts with this `[` ends"#);
    assert_snapshot!(messages("export A with { B = 1 }"), @r#"E0001: expected `}` or `,`, found `=` [1: "="] help: to compare, write `==`"#);
    assert_snapshot!(messages("fn f(x: int) -> int"), @r#"E0019: this `fn` has no body [1: ""] help: write `{ … }` or `= expression` behind the signature"#);
    assert_snapshot!(messages("pub layer A<D>\n  a: B\n  fn (x: int) = x\n}\nfn g() = 1"), @r#"E0019: the body of this `layer` does not start with `{` [1: ""] help: write `{` before the first line of the body, and `}` after the last"#);
    assert_snapshot!(messages("model m = A<3> { entry a = b with { B == 1 } weight x }"), @r#"E0001: expected `}`, `choose`, `rewrite`, `entry` or `weights`, found the name `weight` [1: "weight"] help: put in what is missing, or take this out"#);
    assert_snapshot!(messages("checkpoint c for A { \"x\" = \n \"y\" = b }"), @r#"E0001: expected a lower-case name, `{` or `*`, found a string [2: "\"y\""] help: put in what is missing, or take this out"#);
    assert_snapshot!(messages("fn (x: int) = x"), @r#"E0014: a function outside a layer needs a name [1: "fn (x: int) "] help: write a name after `fn`, or move the function into a layer"#);
    assert_snapshot!(messages("layer A { hole a: f32[B] -> f32[B] in { B } }"), @r#"E0015: a layer has no holes [1: "a"] help: write `space` instead of `layer`, or give the field a layer: `name: Linear<D, D>`"#);
    assert_snapshot!(messages("checkpoint c for A { \"h.{I}\" = a }"), @r#"E0016: `{I` in a stored name is not an index [1: "\"h.{I}\""] help: write a lower-case name and `}`: `"h.{i}.weight" = blocks[i].weight`, or `{i+1}`, `{2*i+1}` where the file counts otherwise"#);
    assert_snapshot!(messages("foo bar baz\nfn f() = 1"), @r#"E0001: expected a declaration such as `layer`, `fn` or `dims`, found the name `foo` [1: "foo"] help: outside declarations there are only comments; statements belong into a `fn`"#);
}

#[test]
fn a_missing_semicolon_is_found_at_the_end_of_its_line() {
    assert_snapshot!(in_body("let y = x\n    let z = y;"), @r#"E0002: this statement does not end in `;` [2: ""] help: write `;` here; only the value at the end of a block stands without"#);
    assert_snapshot!(in_body("let y = x\n    f(y);"), @r#"E0002: this statement does not end in `;` [2: ""] help: write `;` here; only the value at the end of a block stands without"#);
    assert_snapshot!(in_body("let y = sum[d]\n    x[d]"), @r#"E0002: this statement does not end in `;` [3: ""] help: write `;` here; only the value at the end of a block stands without"#);
    assert_snapshot!(in_body("g(x)"), @r#"E0002: this statement does not end in `;` [2: ""] help: write `;` here; only the value at the end of a block stands without"#);
    assert_snapshot!(messages("fn f() { let y = 1 }"), @r#"E0002: this statement does not end in `;` [1: ""] help: write `;` here; only the value at the end of a block stands without"#);
}

#[test]
fn an_unclosed_bracket_is_shown_where_it_opens() {
    assert_snapshot!(in_body("let y = f(a, (b);"), @r#"E0003: `(` is never closed [2: "("] help: write `)` where the part that starts with this `(` ends"#);
    assert_snapshot!(in_body("let y = x[b, t;\n    let z = 1;"), @r#"E0003: `[` is never closed [2: "["] help: write `]` where the part that starts with this `[` ends"#);
    assert_snapshot!(messages("layer A {\n  fn (x: int) -> int {\n    let y = g(x\n"), @r#"E0003: `(` is never closed [3: "("] help: write `)` where the part that starts with this `(` ends"#);
    assert_snapshot!(messages("fn f() {\n  let y = 1;\n  y\n\nfn g() = 1"), @r#"E0003: `{` is never closed [1: "{"] help: write `}` where the part that starts with this `{` ends"#);
    assert_snapshot!(messages("layer A {\n    fn (x: int) -> int {\n        let y = 1;\n        y\n\n    fn g() = 1\n}\nlayer B {}"), @r#"E0003: `{` is never closed [2: "{"] help: write `}` where the part that starts with this `{` ends"#);
    assert_snapshot!(in_body("let y = f(a));"), @r#"E0004: `)` closes nothing [2: ")"] help: take it out, or write the `(` it belongs to"#);
    assert_snapshot!(messages("fn f() = 1 }\nfn g() = 1"), @r#"E0004: `}` closes nothing [1: "}"] help: take it out, or write the `{` it belongs to"#);
}

#[test]
fn the_lexer_explains_what_it_cannot_read() {
    assert_snapshot!(in_body("let y = a & b;"), @r#"E0005: unknown character `&` [2: "&"] help: write `&&` for "and""#);
    assert_snapshot!(in_body("let y = a ^ b;"), @r#"E0005: unknown character `^` [2: "^"] help: there is no power operator: write `x * x`, or `pow(x, n)`"#);
    assert_snapshot!(in_body("let y = größe;"), @r#"E0005: unknown character `ö` [2: "ö"] help: names are written in plain letters `a-z`, `A-Z`, digits and `_`"#);
    assert_snapshot!(in_body("let y = f(\"abc);"), @r#"E0006: this string has no end [2: "\"abc);"] help: write `"` where the string ends; `\n` stands for a line break in it"#);
    assert_snapshot!(in_body("let y = f(\"a\\qc\");"), @r#"E0007: unknown escape `\q` in a string [2: "\\q"] help: write one of `\n`, `\t`, `\"`, or `\\` for the backslash itself"#);
    assert_snapshot!(in_body("let y = 99999999999999999999;"), @r#"E0008: this number is too large [2: "99999999999999999999"] help: write a smaller one: integers go up to 9223372036854775806, others to 1.7e308"#);
    assert_snapshot!(in_body("let y = 1e999;"), @r#"E0008: this number is too large [2: "1e999"] help: write a smaller one: integers go up to 9223372036854775806, others to 1.7e308"#);
    assert_snapshot!(in_body("let y = 3d;"), @r#"E0009: `d` is not a unit [2: "3d"] help: write `3 * d` for a product; the units are `Hz`, `kHz`, `ms`, `s` and `px`"#);
}

#[test]
fn comparisons_do_not_chain() {
    assert_snapshot!(in_body("let y = 0 <= a < b;"), @r#"E0010: comparisons do not chain [2: "<"] help: write `0 <= a && a < b`"#);
    assert_snapshot!(in_body("let y = a < b < c < d;"), @r#"E0010: comparisons do not chain [2: "<"] help: write `a < b && b < c`"#);
}

#[test]
fn a_reserved_word_is_no_name() {
    assert_snapshot!(in_body("let in = 3;"), @r#"E0011: `in` is a word of the language and no name [2: "in"] help: choose another name, such as `in_`"#);
    assert_snapshot!(in_body("let sum[b] = x[b];"), @r#"E0011: `sum[` starts a reduction and is no name [2: "sum"] help: choose another name for what is indexed, such as `sum_of`"#);
    assert_snapshot!(messages("layer A {\n  in: Linear\n  b: Linear\n}"), @r#"E0011: `in` is a word of the language and no name [2: "in"] help: choose another name, such as `in_`"#);
    assert_snapshot!(messages("fn f(layer: int) = 1"), @r#"E0011: `layer` is a word of the language and no name [1: "layer"] help: choose another name, such as `layer_`"#);
}

#[test]
fn only_indexed_names_are_assigned_to() {
    assert_snapshot!(in_body("y = 3;"), @r#"E0012: `y` cannot be assigned to [2: "y"] help: write `let y = …;` for a new value, or `y[i, j] = …;` for every element of a carry or of an `inout` tensor"#);
    assert_snapshot!(in_body("f(x) = 3;"), @r#"E0012: `f(x)` cannot be assigned to [2: "f(x)"] help: write `let name[i, j] = …;` for a new value, or update a carry: `h[i, j] = …;`"#);
    assert_snapshot!(in_body("let y[b]: f32[B] = x[b];"), @r#"E0013: only a plain name takes a type [2: "f32[B]"] help: leave the type out, or claim an element type in the value: `… as Logits`"#);
}

#[test]
fn too_deep_and_too_long_expressions_are_refused() {
    let deep = |open: &str, close: &str| {
        format!("fn f() = {}1{}\nfn g() = 1", open.repeat(10_000), close.repeat(10_000))
    };
    for text in [
        deep("(", ")"),
        deep("[", "]"),
        deep("{", "}"),
        deep("f(", ")"),
        deep("-", ""),
        deep("1 + ", ""),
        deep("sum[d] ", ""),
        deep("if a { 1 } else ", " { 1 }"),
        deep("", ".a"),
        deep("", "(1)"),
        deep("", " |> f"),
        deep("", " as A<B>"),
        format!("type T = {}", "A<".repeat(10_000)),
        "(".repeat(10_000),
        "{".repeat(10_000),
        "let x = (".repeat(10_000),
        "layer A { b: ".to_owned() + &"[".repeat(10_000),
    ] {
        let parsed = parse(file(), &text);
        let codes: Vec<_> = parsed.diagnostics.iter().map(|it| it.code.0).collect();
        assert!(!codes.is_empty() && codes.len() < 6, "{codes:?} in {}", &text[..40]);
        assert!(!parsed.module.to_string().is_empty());
    }
}
