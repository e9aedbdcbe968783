//! The RASP console, with statements from a pipe or from files.

use crate::{Folder, Ran};
use std::io::Write;
use std::process::Stdio;

impl Folder {
    /// Runs with a text on standard input.
    fn nnc_reading(&self, arguments: &[&str], text: &str) -> Ran {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        Ran::of(child.wait_with_output().unwrap())
    }
}

#[test]
fn piped_statements_are_run_without_prompts() {
    let folder = Folder::new();
    let text = "set example \"aab\"\nsame = select(tokens, tokens, ==);\n\
                often =\n  selector_width(same);\noften(\"xyx\");\nquit\nno RASP";
    let out = folder.nnc_reading(&["rasp"], text).ok();
    assert_eq!(
        out,
        "selector: same\n      a a b\n    a █ █ ·\n    a █ █ ·\n    b · · █\n\
         s-op: often\n    often(\"aab\") = [2, 2, 1] (ints)\n= [2, 1, 2] (ints)\n"
    );
}

#[test]
fn mistakes_are_told_where_they_are_and_end_nothing() {
    let folder = Folder::new();
    let ran = folder.nnc_reading(
        &["rasp", "--message-format=short"],
        "a = indices +;\nb = undefined_name;\n1 + 1;\nexit\nc = 1;",
    );
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), "value: 2\n"));
    let told: Vec<&str> = ran.err.lines().collect();
    assert!(told[0].starts_with("<stdin>:1:14: error[E0760]: "), "{}", ran.err);
    assert!(told[1].starts_with("<stdin>:2:5: error[E0762]: "), "{}", ran.err);
    assert_eq!(told.len(), 2, "{}", ran.err);
}

#[test]
fn files_are_run_and_load_what_stands_beside_them() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("programs")).unwrap();
    folder.write(
        "programs/own.rasp",
        "turned = aggregate(select(indices, length - 1 - indices, ==), tokens);",
    );
    folder.write("programs/uses.rasp", "load \"own\";\nturned(\"abc\");\n");
    let out = folder.nnc(&["rasp", "programs/uses.rasp"]).ok();
    assert_eq!(out, "\"own\" defines turned\n= [\"c\", \"b\", \"a\"] (strings)\n");
    let ran = folder.nnc(&["rasp", "programs/none.rasp"]);
    assert!(ran.fails(1).contains("cannot read programs/none.rasp"));
    folder.write("wrong.rasp", "load \"none\";");
    let ran = folder.nnc(&["rasp", "wrong.rasp"]);
    assert!(ran.fails(1).contains("E0771"));
}

#[test]
fn names_of_files_are_known_behind_them() {
    let folder = Folder::new();
    folder.write("own.rasp", "next = indices + 1;");
    let out = folder.nnc_reading(&["rasp", "own.rasp", "-"], "next(\"ab\");").ok();
    assert_eq!(out, "s-op: next\n    next(\"hello\") = [1, 2, 3, 4, 5] (ints)\n= [1, 2] (ints)\n");
}

#[test]
fn draw_writes_a_picture_and_tells_layers_and_heads() {
    let folder = Folder::new();
    let text = "draw(sort(tokens, tokens), \"ba\");\n\
                n = selector_width(select(tokens, tokens, ==));\ndraw(n, \"aab\");";
    let out = folder.nnc_reading(&["rasp", "--svg", "pictures"], text).ok();
    assert!(out.contains("= [\"a\", \"b\"] (strings)\n    2 layers x "), "{out}");
    assert!(out.contains("    drawn in pictures/n.svg\n"), "{out}");
    let picture = String::from_utf8(folder.read("pictures/n.svg")).unwrap();
    assert!(picture.starts_with("<svg ") && picture.contains("n(\"aab\")"), "{picture}");
    assert_eq!(std::fs::read_dir(folder.path("pictures")).unwrap().count(), 2);
}

#[test]
fn messages_of_rasp_have_pages() {
    let out = Folder::new().nnc(&["explain", "e0768"]).ok();
    assert!(out.starts_with("# E0768: a mean of what has none\n"), "{out}");
}
