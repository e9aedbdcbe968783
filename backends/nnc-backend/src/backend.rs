//! The trait that every target implements.

use crate::{Artifact, CompileError, Form};
use nnc_base::Diagnostic;
use nnc_graph::Module;
use nnc_plan::{Machine, Plan};

/// What a person may choose about a compilation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// The machine in the words of the target, such as `host` or `avx2`.
    pub cpu: String,
    /// What the program is called in symbols: a C identifier.
    pub name: String,
    /// Whether code that is loaded tells [`nnc_runtime::profile`] of every launch.
    pub profile: bool,
}

impl Options {
    pub fn new(cpu: &str, name: &str) -> Options {
        Options { cpu: cpu.to_owned(), name: name.to_owned(), profile: false }
    }
}

/// A target.
///
/// A plan goes through [`Backend::check`] first: what a target cannot do yet is said
/// in the user's terms before any code is made.
pub trait Backend: Send + Sync {
    /// As written in `--target=`.
    fn name(&self) -> &'static str;

    /// What may be written in `--cpu=`.
    fn machines(&self) -> &'static [&'static str];

    /// The machine that [`nnc_plan::plan()`] should plan for.
    fn machine(&self, options: &Options) -> Result<Machine, CompileError>;

    /// The forms of artifact there are, the usual one first.
    fn forms(&self) -> &'static [Form];

    /// What of the plan this target cannot take, each as a message.
    fn check(&self, plan: &Plan) -> Vec<Diagnostic>;

    /// `module` is what the plan was made from.
    fn compile(
        &self,
        module: &Module,
        plan: &Plan,
        options: &Options,
        form: Form,
    ) -> Result<Artifact, CompileError>;

    /// Code that runs in this process.
    fn load(&self, plan: &Plan, options: &Options) -> Result<Box<dyn Code>, CompileError>;
}

/// Loaded code; it lives as long as this.
pub trait Code: Send + Sync {
    /// The entries in the order of the plan.
    fn entry(&self, at: usize) -> Option<EntryCode>;
}

/// An entry of loaded code.
#[derive(Clone, Copy, Debug)]
pub struct EntryCode {
    /// Runs the entry on a frame (see [`nnc_plan::Body`]).
    ///
    /// # Safety
    ///
    /// The frame must be as the entry's body says, with memory of the planned sizes.
    pub run: unsafe extern "C" fn(frame: *mut u64),
    /// Scratch memory that each thread needs.
    pub scratch_bytes: u64,
}
