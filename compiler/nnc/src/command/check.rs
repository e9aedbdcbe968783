//! `nnc check`.

use super::Context;
use crate::args::Check;
use crate::outcome::MISTAKES;
use nnc_base::Diagnostic;
use nnc_driver::{Error, render};

pub(super) fn run(context: &mut Context<'_>, args: Check) -> Result<u8, Error> {
    let mut session = context.session(&args.program)?;
    if !args.model.rewrite.is_empty() && !session.diagnostics().iter().any(Diagnostic::is_error) {
        context.model(&mut session, &args.model)?;
    }
    let mut diagnostics = session.check();
    if let Some(path) = &args.weights
        && !diagnostics.iter().any(Diagnostic::is_error)
    {
        let model = session.model(args.model.model.as_deref())?;
        diagnostics.extend(session.check_weights(model, path)?);
    }
    context.terminal.diagnostics(session.sources(), &diagnostics);
    context.times(&session);
    if let Some(summary) = render::summary(&diagnostics) {
        context.terminal.note(&summary);
    }
    Ok(if diagnostics.iter().any(Diagnostic::is_error) { MISTAKES } else { 0 })
}
