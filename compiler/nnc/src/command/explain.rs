//! `nnc explain`.

use super::Context;
use crate::args::Explain;
use nnc_driver::{Error, Failure};

pub(super) fn run(context: &mut Context<'_>, args: Explain) -> Result<u8, Error> {
    let text = match args.code {
        Some(code) => {
            let wanted = code.to_uppercase();
            match nnc_driver::explain(&wanted) {
                Some(page) => format!("{}\n", page.trim_end()),
                None => return Err(unknown(&code)),
            }
        }
        None => nnc_driver::codes().into_iter().map(|code| format!("{code}\n")).collect(),
    };
    context.terminal.result(&text)?;
    Ok(0)
}

fn unknown(code: &str) -> Error {
    Error::Usage(
        Failure::new(format!("there is no message with the code `{code}`"))
            .help("`nnc explain` without a code lists all of them"),
    )
}
