//! What the language accepts.

use crate::parse;
use nnc_base::{FileId, Sources};

/// The programs that every part of the compiler must take.
pub(super) const PROGRAMS: [(&str, &str); 9] = [
    ("1_mlp.nn", include_str!("../../../../tests/language/1_mlp.nn")),
    ("2_conv.nn", include_str!("../../../../tests/language/2_conv.nn")),
    ("3_parallel.nn", include_str!("../../../../tests/language/3_parallel.nn")),
    ("4_mqa.nn", include_str!("../../../../tests/language/4_mqa.nn")),
    ("5_moe.nn", include_str!("../../../../tests/language/5_moe.nn")),
    ("6_ssm.nn", include_str!("../../../../tests/language/6_ssm.nn")),
    ("7_rasp.nn", include_str!("../../../../tests/language/7_rasp.nn")),
    ("8_nas.nn", include_str!("../../../../tests/language/8_nas.nn")),
    ("9_misc.nn", include_str!("../../../../tests/language/9_misc.nn")),
];

pub(super) fn file() -> FileId {
    Sources::new().add("test.nn", "")
}

/// The tree of a program without mistakes.
fn tree(text: &str) -> String {
    let parsed = parse(file(), text);
    assert_eq!(parsed.diagnostics, [], "in {text}");
    parsed.module.to_string()
}

#[test]
fn the_language_programs_parse_without_a_message() {
    for (name, text) in PROGRAMS {
        let parsed = parse(file(), text);
        assert!(parsed.diagnostics.is_empty(), "{name}: {:#?}", parsed.diagnostics);
        assert!(!parsed.module.to_string().contains("error"), "{name}");
    }
}
