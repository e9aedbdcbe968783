//! The standard library of the nn language, embedded in the compiler.
//!
//! It is written in the language itself, in the folders `nn`, `rasp` and `audio`: one file
//! for each family of layers and functions. [`modules`] gives their texts.
//!
//! This crate does not know how a program is read; it holds text.

/// Each module's name as in `use`, and its text: the module's files one after the other.
pub fn modules() -> &'static [(&'static str, &'static str)] {
    &[("std.nn", NN), ("std.rasp", RASP), ("std.audio", include_str!("../audio/audio.nn"))]
}

const NN: &str = concat!(
    include_str!("../nn/dims.nn"),
    include_str!("../nn/activation.nn"),
    include_str!("../nn/linear.nn"),
    include_str!("../nn/norm.nn"),
    include_str!("../nn/conv.nn"),
    include_str!("../nn/conv_transpose.nn"),
    include_str!("../nn/pool.nn"),
    include_str!("../nn/attention.nn"),
    include_str!("../nn/loss.nn"),
);

const RASP: &str = concat!(
    include_str!("../rasp/dims.nn"),
    include_str!("../rasp/select.nn"),
    include_str!("../rasp/sequence.nn"),
    include_str!("../rasp/count.nn"),
    include_str!("../rasp/order.nn"),
    include_str!("../rasp/brackets.nn"),
    include_str!("../rasp/transformer.nn"),
);

#[cfg(test)]
mod tests {
    use super::modules;

    #[test]
    fn every_module_parses() {
        for (module, text) in modules() {
            let parsed = nnc_syntax::parse(nnc_base::FileId::from_raw(0), text);
            let messages: Vec<String> = (parsed.diagnostics.iter())
                .map(|it| {
                    let line = text[..it.span().start as usize].lines().count();
                    format!("{module}:{line}: {}", it.message)
                })
                .collect();
            assert!(messages.is_empty(), "{}", messages.join("\n"));
        }
    }

    #[test]
    fn every_public_item_is_documented() {
        for (module, text) in modules() {
            let mut before = "";
            for line in text.lines() {
                assert!(
                    !line.starts_with("pub ") || before.starts_with("##"),
                    "{module}: `{line}` has no doc comment"
                );
                before = line;
            }
        }
    }
}
