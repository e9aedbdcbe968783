use super::{Format, Style, error, message, summary};
use crate::{Error, Failure};
use nnc_base::{Code, Diagnostic, Sources, Span};

/// A mistake with both origins, one of them in another file.
fn sample() -> (Sources, Diagnostic) {
    let mut sources = Sources::new();
    let text =
        "layer Net<D, F> {\n    up: Linear<D, F>\n\n    fn (x: f32[B, D]) = x |> up |> down\n}\n";
    let file = sources.add("net.nn", text);
    let library = "## A matrix.\npub layer Linear<I, O> {\n    weight: param f32[O, I]\n}\n";
    let other = sources.add("std.nn", library);
    let at = |part: &str| {
        let start = text.rfind(part).unwrap() as u32;
        Span::new(file, start, start + part.len() as u32)
    };
    let declared = library.find("Linear").unwrap() as u32;
    let diagnostic = Diagnostic::error(
        Code("E0201"),
        at("down"),
        "layer `down` expects 512 features, the value has 256",
    )
    .here("expects f32[.., F] with F = 512")
    .label(at("up"), "`up` produced f32[.., 256] here")
    .label(Span::new(other, declared, declared + 6), "declared here")
    .note("an axis matches an axis iff the kinds are equal and the sizes are proved equal; a note that is long is wrapped to the width")
    .help("make the widths agree: `up: Linear<D, F>`");
    (sources, diagnostic)
}

#[test]
fn a_person_sees_both_origins_in_their_files() {
    let (sources, diagnostic) = sample();
    insta::assert_snapshot!(message(&sources, &diagnostic, Format::Human, Style::PLAIN), @r"
    error[E0201]: layer `down` expects 512 features, the value has 256
       ╭─[net.nn:4:36]
     3 │
     4 │     fn (x: f32[B, D]) = x |> up |> down
       ·                              ─┬    ──┬─
       ·                               │      ╰── expects f32[.., F] with F = 512
       ·                               ╰── `up` produced f32[.., 256] here
     5 │ }
       ╰────
       ╭─[std.nn:2:11]
     1 │ ## A matrix.
     2 │ pub layer Linear<I, O> {
       ·           ───┬──
       ·              ╰── declared here
     3 │     weight: param f32[O, I]
       ╰────
      note: an axis matches an axis iff the kinds are equal and the sizes are proved equal; a note that
            is long is wrapped to the width
      help: make the widths agree: `up: Linear<D, F>`
    ");
}

#[test]
fn a_narrow_terminal_without_unicode_gets_ascii() {
    let (sources, diagnostic) = sample();
    let style = Style { color: false, unicode: false, width: 60 };
    insta::assert_snapshot!(message(&sources, &diagnostic, Format::Human, style), @r"
    error[E0201]: layer `down` expects 512 features, the value has 256
       ,-[net.nn:4:36]
     3 |
     4 |     fn (x: f32[B, D]) = x |> up |> down
       :                              ^|    ^^|^
       :                               |      `-- expects f32[.., F] with F = 512
       :                               `-- `up` produced f32[.., 256] here
     5 | }
       `----
       ,-[std.nn:2:11]
     1 | ## A matrix.
     2 | pub layer Linear<I, O> {
       :           ^^^|^^
       :              `-- declared here
     3 |     weight: param f32[O, I]
       `----
      note: an axis matches an axis iff the kinds are equal and
            the sizes are proved equal; a note that is long is
            wrapped to the width
      help: make the widths agree: `up: Linear<D, F>`
    ");
}

#[test]
fn colour_is_there_only_where_it_is_asked_for() {
    let (sources, diagnostic) = sample();
    let plain = message(&sources, &diagnostic, Format::Human, Style::PLAIN);
    assert!(!plain.contains('\x1b'));
    let style = Style { color: true, ..Style::PLAIN };
    let colored = message(&sources, &diagnostic, Format::Human, style);
    assert!(colored.starts_with("\x1b[1;31merror[E0201]\x1b[0m: "), "{colored:?}");
}

#[test]
fn one_line_a_message() {
    let (sources, diagnostic) = sample();
    insta::assert_snapshot!(message(&sources, &diagnostic, Format::Short, Style::PLAIN), @"net.nn:4:36: error[E0201]: layer `down` expects 512 features, the value has 256");
    let nowhere = Diagnostic::warning(Code("E0601"), Span::NONE, "of no file");
    insta::assert_snapshot!(message(&sources, &nowhere, Format::Short, Style::PLAIN), @"warning[E0601]: of no file");
}

#[test]
fn tools_get_one_object_a_line() {
    let (sources, diagnostic) = sample();
    let text = message(&sources, &diagnostic, Format::Json, Style::PLAIN);
    assert_eq!(text.matches('\n').count(), 1);
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let rendered = value["rendered"].take();
    assert_eq!(rendered, message(&sources, &diagnostic, Format::Human, Style::PLAIN));
    insta::assert_snapshot!(format!("{value:#}"), @r#"
    {
      "code": "E0201",
      "helps": [
        "make the widths agree: `up: Linear<D, F>`"
      ],
      "labels": [
        {
          "column": 36,
          "end": 79,
          "end_column": 40,
          "end_line": 4,
          "file": "net.nn",
          "line": 4,
          "start": 75,
          "text": "expects f32[.., F] with F = 512"
        },
        {
          "column": 30,
          "end": 71,
          "end_column": 32,
          "end_line": 4,
          "file": "net.nn",
          "line": 4,
          "start": 69,
          "text": "`up` produced f32[.., 256] here"
        },
        {
          "column": 11,
          "end": 29,
          "end_column": 17,
          "end_line": 2,
          "file": "std.nn",
          "line": 2,
          "start": 23,
          "text": "declared here"
        }
      ],
      "message": "layer `down` expects 512 features, the value has 256",
      "notes": [
        "an axis matches an axis iff the kinds are equal and the sizes are proved equal; a note that is long is wrapped to the width"
      ],
      "rendered": null,
      "severity": "error"
    }
    "#);
}

#[test]
fn a_span_at_the_end_of_a_file_is_drawn() {
    let mut sources = Sources::new();
    let file = sources.add("a.nn", "fn f(");
    let diagnostic = Diagnostic::error(Code("E0001"), Span::new(file, 5, 5), "`)` is missing");
    insta::assert_snapshot!(message(&sources, &diagnostic, Format::Human, Style::PLAIN), @r"
    error[E0001]: `)` is missing
       ╭─[a.nn:1:6]
     1 │ fn f(
       ·      ─
       ╰────
    ");
    // Past the end, which no phase should give, is no reason to fail.
    let diagnostic = Diagnostic::error(Code("E0001"), Span::new(file, 9, 12), "past the end");
    assert!(message(&sources, &diagnostic, Format::Human, Style::PLAIN).contains("a.nn:1:6"));
}

#[test]
fn what_is_no_fault_of_the_program_is_told_alike() {
    let sources = Sources::new();
    let failure = Error::Usage(Failure::new("there is no model `x`").help("the models are a, b"));
    let tell = |failure: &Error, format| error(&sources, failure, format, Style::PLAIN);
    insta::assert_snapshot!(tell(&failure, Format::Human), @r"
    error: there is no model `x`
      help: the models are a, b
    ");
    insta::assert_snapshot!(tell(&failure, Format::Short), @"error: there is no model `x`");
    let value: serde_json::Value = serde_json::from_str(&tell(&failure, Format::Json)).unwrap();
    assert_eq!(value["helps"][0], "the models are a, b");
    let broken = Error::Internal { what: "pass `x` broke".into(), ir: "graph @g() {\n}".into() };
    insta::assert_snapshot!(tell(&broken, Format::Human), @r"
    error: internal error: pass `x` broke
      note: this is a mistake of the compiler, not of your program
      note: the code in which it showed:
            graph @g() {
            }
      help: please report it at https://github.com/nnc-lang/nnc/issues with the program and the version,
            nnc 0.1.0
    ");
}

#[test]
fn messages_are_counted() {
    let error = Diagnostic::error(Code("E0001"), Span::NONE, "");
    let warning = Diagnostic::warning(Code("E0001"), Span::NONE, "");
    assert_eq!(summary(&[]), None);
    assert_eq!(summary(std::slice::from_ref(&warning)).unwrap(), "1 warning");
    assert_eq!(summary(&[error.clone(), warning, error]).unwrap(), "2 errors and 1 warning");
}
