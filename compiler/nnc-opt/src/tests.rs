//! What all pass tests share: text in, text out, and the same values before and after.

mod generate;
mod pipeline;
mod values;

use crate::{Options, Pass, run};
use nnc_graph::{Module, parse, verify};

pub(crate) use values::assert_same_values;

/// What passes make of a module's text.
///
/// The module and what comes out are verified, what comes out reads back as it was
/// printed, and both compute the same from random parameters and inputs.
pub(crate) fn rewritten(passes: &[Pass], text: &str) -> String {
    let module = read(text);
    let after = rewritten_module(passes, &module);
    printed(&after)
}

/// Likewise for a module that is already there.
pub(crate) fn rewritten_module(passes: &[Pass], module: &Module) -> Module {
    let mut after = module.clone();
    if let Err(broken) = run(&mut after, passes, &Options::default(), &mut |_| {}) {
        panic!("{broken}");
    }
    let text = after.to_string();
    let again = read(&text);
    assert_eq!(again.to_string(), text, "what was printed reads back as another module");
    assert_same_values(module, &after);
    after
}

fn read(text: &str) -> Module {
    let module = parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    verify(&module).unwrap_or_else(|error| panic!("{error}\n{text}"));
    module
}

fn printed(module: &Module) -> String {
    module.to_string()
}
