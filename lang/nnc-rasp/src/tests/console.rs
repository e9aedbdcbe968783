//! What is said and drawn of statements.

use super::support::{Files, evaluated, machine, named, root};
use crate::{Evaluated, Event, Input, Machine, Run, draw, parse, told};
use insta::assert_snapshot;
use nnc_base::Sources;

/// All that is said of a text, statement by statement; messages by their code.
fn said(text: &str) -> String {
    let mut machine = Machine::new(Files::new(&root().join("tests/rasp")));
    let mut said = String::new();
    for part in parse(Sources::new().add("test.rasp", text), text).apart() {
        for mistake in &part.diagnostics {
            said.push_str(&format!("{}: {}\n", mistake.code, mistake.message));
        }
        for event in machine.run(&part) {
            if matches!(event, Event::Exit) {
                return said;
            }
            let told = told(&mut machine, &event);
            said.push_str(&told.text);
            for mistake in told.mistakes {
                said.push_str(&format!("{}: {}\n", mistake.code, mistake.message));
            }
        }
    }
    said
}

#[test]
fn values_are_shown_on_the_running_example() {
    let said = said(
        "
        set example \"aab\"
        same = select(tokens, tokens, ==);
        often = selector_width(same);
        full seq display on
        often;
        s-op examples off
        often;
        selector examples off
        same;
        show example
        often(\"xyx\");
        def f(a, b) { return a; }
    ",
    );
    assert_snapshot!(said, @r#"
    selector: same
          a a b
        a █ █ ·
        a █ █ ·
        b · · █
    s-op: often
        often("aab") = [2, 2, 1] (ints)
    s-op: often
        input:  a a b
        output: 2 2 1
    s-op: often
    selector: same
    s-op example: "aab"
    selector example: "aab"
        input:  x y x
        output: 2 1 2
    function: f(a, b)
    "#);
}

#[test]
fn lists_and_dicts_of_s_ops_are_shown_entry_by_entry() {
    let said = said(
        "
        flat = [1, \"a\", True];
        both = [indices, [2, 3]];
        named = {\"i\": indices, \"n\": 1};
        numbers = {1: 2.5};
    ",
    );
    assert_snapshot!(said, @r#"
    list: flat = [1, "a", True]
    list: both = [
        s-op: indices
            indices("hello") = [0, 1, 2, 3, 4] (ints)
        list: [2, 3]
    ]
    dict: named = {
        "i":
        s-op: indices
            indices("hello") = [0, 1, 2, 3, 4] (ints)
        "n":
        value: 1
    }
    dict: numbers = {1: 2.5}
    "#);
}

#[test]
fn mistakes_come_in_the_order_of_the_text_and_end_nothing() {
    let said = said(
        "
        a = indices;
        b = = 2;
        c = 1 / indices;
        d = a + 1;
        exit
        e = 3;
    ",
    );
    assert_snapshot!(said, @r#"
    s-op: a
        a("hello") = [0, 1, 2, 3, 4] (ints)
    E0760: expected a value, found `=`
    E0770: `/` by zero
    s-op: d
        d("hello") = [1, 2, 3, 4, 5] (ints)
    "#);
}

#[test]
fn an_example_that_no_longer_fits_is_told_where_the_s_op_is_shown() {
    let said = said(
        "
        set example \"12\"
        n = tokens_int;
        set example \"ab\"
        n;
    ",
    );
    assert_snapshot!(said, @r#"
    s-op: n
        n("12") = [1, 2] (ints)
    E0773: `tokens_int` cannot read "a" as an int
    "#);
}

#[test]
fn loaded_files_tell_their_names_and_pictures_their_layers() {
    let said = said(
        "
        load \"reverse\";
        draw(reverse, \"abc\");
        draw(sort(tokens, tokens), \"ba\");
    ",
    );
    assert_snapshot!(said, @r#"
    "reverse" defines reverse, is_palindrome
    reverse("abc") = ["c", "b", "a"] (strings)
        2 layers x 1 head (1 + 1)
    sort(tokens_str, tokens_str)("ba") = ["a", "b"] (strings)
        2 layers x 2 heads (2 + 1)
    "#);
}

#[test]
fn a_picture_has_what_flows_through_each_head() {
    let machine =
        machine("turned = aggregate(select(indices, length - 1 - indices, ==), tokens, \"<\");");
    let node = named(&machine, "turned");
    let mut run = Run::new(Input::text("a&").unwrap());
    let svg = draw(machine.graph(), node, &mut run).unwrap();
    for text in [
        "turned(\"a&amp;\")",
        "2 layers x 1 head (1 + 1)",
        ">before attention<",
        ">layer 1<",
        ">layer 2<",
        ">head 1: full_s<",
        ">head 1: select(indices, ",
        ">length<",
    ] {
        assert!(svg.contains(text), "{text} is not in\n{svg}");
    }
    // One head selects everything, four of four, and one turns, two of four.
    assert_eq!(svg.matches("fill=\"#2f6690\"").count(), 6);
    // The value goes in, and the result comes out of the head and stands among the s-ops.
    assert_eq!(svg.matches(">turned<").count(), 2);
    let opened = svg.matches("<g ").count();
    assert!(opened > 4 && opened == svg.matches("</g>").count());
    assert!(svg.ends_with("</svg>\n"));
}

#[test]
fn matrices_of_a_picture_are_those_of_the_evaluator() {
    let seed = std::time::UNIX_EPOCH.elapsed().unwrap().subsec_nanos();
    let text: String =
        (0..3 + seed % 8).map(|at| char::from(b'a' + ((seed >> at) % 3) as u8)).collect();
    let program = "it = select(tokens, tokens, ==); n = aggregate(it, indices);";
    let input = Input::text(&text).unwrap();
    let Evaluated::Selector(matrix) = &*evaluated(program, &input) else { panic!("no selector") };
    let expected: usize = (0..matrix.size).map(|query| matrix.row(query).count()).sum();
    let machine = machine(program);
    let svg = draw(machine.graph(), named(&machine, "n"), &mut Run::new(input)).unwrap();
    assert_eq!(svg.matches("fill=\"#2f6690\"").count(), expected, "{text}");
}

#[test]
fn what_is_too_large_is_not_drawn() {
    let machine = machine("n = indices + 1;");
    let node = named(&machine, "n");
    let mut run = Run::new(Input::text(&"x".repeat(65)).unwrap());
    let mistake = draw(machine.graph(), node, &mut run).unwrap_err();
    assert_eq!(mistake.message, "a picture of 65 places of the input would be too large");
    let mut run = Run::new(Input::text(&"x".repeat(64)).unwrap());
    assert!(draw(machine.graph(), node, &mut run).is_ok());
}
