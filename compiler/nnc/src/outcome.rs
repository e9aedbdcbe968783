//! Exit codes, and what is said when the compiler itself breaks.

use nnc_base::Sources;
use nnc_driver::Error;
use nnc_driver::render::{self, Format, Style};
use std::panic::PanicHookInfo;

/// A program or another input has mistakes.
pub(crate) const MISTAKES: u8 = 1;
/// What was asked for does not exist, or the machine does not allow it.
pub(crate) const ENVIRONMENT: u8 = 2;
/// A mistake of the compiler.
pub(crate) const BROKEN: u8 = 101;

pub(crate) fn code_of(error: &Error) -> u8 {
    match error {
        Error::Program(_) | Error::Input(_) => MISTAKES,
        Error::Usage(_) | Error::Environment(_) => ENVIRONMENT,
        Error::Internal { .. } => BROKEN,
    }
}

/// Tells a panic as the mistake of the compiler that it is.
pub(crate) fn report_panics(format: Format) {
    std::panic::set_hook(Box::new(move |info| {
        let error = Error::internal(describe(info));
        eprint!("{}", render::error(&Sources::new(), &error, format, Style::PLAIN));
    }));
}

fn describe(info: &PanicHookInfo<'_>) -> String {
    let payload = info.payload();
    let text = payload
        .downcast_ref::<&str>()
        .map(|it| (*it).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic".to_owned());
    match info.location() {
        Some(at) => format!("{text} ({}:{})", at.file(), at.line()),
        None => text,
    }
}
