//! The standard library of the nn language, embedded in the compiler.
//!
//! It is written in the language itself, in a folder for each module, with a file for each family
//! of layers and functions. [`modules`] gives their texts, [`needed`] those that a program uses.
//!
//! This crate does not know how a program is read; it holds text.

/// Each module's name as in `use`, and its text: the module's files one after the other.
pub fn modules() -> &'static [(&'static str, &'static str)] {
    &[
        ("std.nn", NN),
        ("std.rasp", RASP),
        ("std.audio", include_str!("../audio/audio.nn")),
        ("std.position", include_str!("../position/position.nn")),
        ("std.attention", ATTENTION),
        ("std.recurrent", RECURRENT),
        ("std.state_space", STATE_SPACE),
        ("std.structured", include_str!("../structured/structured.nn")),
        ("std.routing", include_str!("../routing/routing.nn")),
        ("std.memory", include_str!("../memory/memory.nn")),
        ("std.decode", DECODE),
        ("std.signal", include_str!("../signal/fourier.nn")),
        ("std.random", include_str!("../random/random.nn")),
    ]
}

/// The modules that these paths of `use` lines name, and what those use in turn; `std.nn` is always
/// among them, so that a name that was not imported can be told from one that does not exist.
/// All modules where a path of the library is none of its modules, for the same reason, and none
/// where no path is the library's.
pub fn needed<'p>(paths: impl IntoIterator<Item = &'p str>) -> Vec<(&'static str, &'static str)> {
    let mut waiting: Vec<&str> = paths.into_iter().filter(|it| is_library(it)).collect();
    if waiting.is_empty() {
        return Vec::new();
    }
    let mut needed = vec!["std.nn"];
    while let Some(path) = waiting.pop() {
        let Some(&(module, text)) = modules().iter().find(|(module, _)| is_of(path, module)) else {
            return modules().to_vec();
        };
        if !needed.contains(&module) {
            needed.push(module);
            waiting.extend(uses(text));
        }
    }
    modules().iter().copied().filter(|(module, _)| needed.contains(module)).collect()
}

/// The paths of a text's `use` lines, without the names in braces.
pub fn uses(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let path = line.trim_start().strip_prefix("use ")?.trim_start();
        let end = path.find(|it: char| !(it.is_alphanumeric() || "._".contains(it)));
        Some(path[..end.unwrap_or(path.len())].trim_end_matches('.'))
    })
}

fn is_library(path: &str) -> bool {
    path == "std" || path.starts_with("std.")
}

/// Whether a path is a module or something in it.
fn is_of(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

const NN: &str = concat!(
    include_str!("../nn/dims.nn"),
    include_str!("../nn/activation.nn"),
    include_str!("../nn/linear.nn"),
    include_str!("../nn/norm.nn"),
    include_str!("../nn/conv.nn"),
    include_str!("../nn/conv_transpose.nn"),
    include_str!("../nn/pool.nn"),
    include_str!("../nn/conv_volume.nn"),
    include_str!("../nn/pool_more.nn"),
    include_str!("../nn/attention.nn"),
    include_str!("../nn/loss.nn"),
    include_str!("../nn/activation_more.nn"),
    include_str!("../nn/loss_more.nn"),
    include_str!("../nn/gated.nn"),
    include_str!("../nn/norm_parts.nn"),
    include_str!("../nn/norm_image.nn"),
    include_str!("../nn/implicit.nn"),
    include_str!("../nn/wrappers.nn"),
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

const ATTENTION: &str = concat!(
    include_str!("../attention/scores.nn"),
    include_str!("../attention/linear.nn"),
    include_str!("../attention/layers.nn"),
);

const RECURRENT: &str =
    concat!(include_str!("../recurrent/cells.nn"), include_str!("../recurrent/variants.nn"));

const STATE_SPACE: &str =
    concat!(include_str!("../state_space/linear.nn"), include_str!("../state_space/selective.nn"));

const DECODE: &str = concat!(
    include_str!("../decode/choose.nn"),
    include_str!("../decode/blocks.nn"),
    include_str!("../decode/structured.nn"),
);

#[cfg(test)]
mod tests {
    use super::{modules, needed, uses};

    #[test]
    fn a_program_brings_the_modules_that_it_uses() {
        let names = |text| needed(uses(text)).iter().map(|it| it.0).collect::<Vec<_>>().join(" ");
        assert_eq!(names("use mlp.{Mlp}\n"), "");
        assert_eq!(names("use mlp.{Mlp}\n  use std.audio.stft # a spectrum\n"), "std.nn std.audio");
        assert_eq!(names("use std.rasp.{\n    reverse,\n}\n"), "std.nn std.rasp");
        assert_eq!(needed(uses("use std.nm.{relu}")).len(), modules().len());
    }

    #[test]
    fn modules_use_only_what_there_is() {
        for (module, text) in modules() {
            for path in uses(text) {
                let there = modules().iter().any(|it| it.0 == path && it.0 != *module);
                assert!(there, "{module} uses {path}");
            }
        }
    }

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
