//! `nnc explain`.

use super::Context;
use crate::args::Explain;
use nnc_driver::{Error, Failure};
use std::collections::BTreeSet;

pub(super) fn run(context: &mut Context<'_>, args: Explain) -> Result<u8, Error> {
    let text = match args.code {
        Some(code) => {
            let wanted = code.to_uppercase();
            match page(&wanted) {
                Some(page) => format!("{}\n", page.trim_end()),
                None => return Err(unknown(&code)),
            }
        }
        None => codes().into_iter().map(|code| format!("{code}\n")).collect(),
    };
    context.terminal.result(&text)?;
    Ok(0)
}

/// The page of a code, whichever phase tells it.
fn page(code: &str) -> Option<&'static str> {
    nnc_sema::explain(code).or_else(|| nnc_weights::explain(code))
}

fn codes() -> BTreeSet<&'static str> {
    nnc_sema::codes().chain(nnc_weights::codes()).collect()
}

fn unknown(code: &str) -> Error {
    Error::Usage(
        Failure::new(format!("there is no message with the code `{code}`"))
            .help("`nnc explain` without a code lists all of them"),
    )
}
