//! The targets there are. This is the one place that names them.

use nnc_backend::Backend;
use nnc_driver::{Error, Failure};

/// The target that needs no back end: the reference evaluator.
pub(crate) const EVALUATOR: &str = "evaluator";

/// All back ends, the usual one first.
fn backends() -> Vec<Box<dyn Backend>> {
    vec![
        #[cfg(feature = "llvm")]
        Box::new(nnc_cpu::Cpu),
    ]
}

/// What runs a program.
pub(crate) enum Target {
    Evaluator,
    Compiled(Box<dyn Backend>),
}

/// All targets: the evaluator, and each back end that is present.
pub(crate) const ALL: &str = "all";

/// The targets that a name stands for: one, or all without a name.
pub(crate) fn targets(name: Option<&str>) -> Result<Vec<Target>, Error> {
    match name {
        None | Some(ALL) => {
            let compiled = backends().into_iter().map(Target::Compiled);
            Ok([Target::Evaluator].into_iter().chain(compiled).collect())
        }
        name => Ok(vec![target(name)?]),
    }
}

impl Target {
    /// As written in `--target`.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Target::Evaluator => EVALUATOR,
            Target::Compiled(backend) => backend.name(),
        }
    }
}

/// The target with a name, or the usual one.
pub(crate) fn target(name: Option<&str>) -> Result<Target, Error> {
    let mut all = backends();
    if name == Some(EVALUATOR) || (name.is_none() && all.is_empty()) {
        return Ok(Target::Evaluator);
    }
    let at = name.map_or(Some(0), |name| all.iter().position(|it| it.name() == name));
    match at {
        Some(at) => Ok(Target::Compiled(all.swap_remove(at))),
        None => {
            let names: Vec<&str> = all.iter().map(|it| it.name()).chain([EVALUATOR]).collect();
            let name = name.unwrap_or_default();
            Err(Error::Usage(Failure::new(format!("there is no target `{name}`")).names(
                name,
                "the targets",
                &names,
            )))
        }
    }
}
