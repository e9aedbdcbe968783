//! The back end.

use crate::jit::{Import, Loaded, c_library};
use crate::machine_code::{self, machine_code};
use crate::program::{self, LAUNCH_BEGINS, LAUNCH_ENDS, PARALLEL_FOR, entry_symbol};
use crate::target::NAMES;
use crate::{Target, header, library, stages};
use nnc_backend::{Artifact, Backend, Code, CompileError, EntryCode, Form, Options};
use nnc_base::{Code as ErrorCode, Diagnostic};
use nnc_graph::Module;
use nnc_mlir::InternalError;
use nnc_plan::{KernelKind, Machine, Plan, Step};

/// Code for x86-64 CPUs.
#[derive(Clone, Copy, Default, Debug)]
pub struct Cpu;

impl Cpu {
    fn target(&self, options: &Options) -> Result<Target, CompileError> {
        Target::named(&options.cpu).ok_or_else(|| {
            CompileError::Options(format!(
                "there is no cpu `{}`; there are: {}",
                options.cpu,
                NAMES.join(", ")
            ))
        })
    }

    /// The module of a plan, as built.
    fn build(
        &self,
        plan: &Plan,
        target: &Target,
        name: &str,
        profile: bool,
    ) -> Result<(nnc_mlir::Module, u64), CompileError> {
        let unsupported = self.check(plan);
        if !unsupported.is_empty() {
            return Err(CompileError::Unsupported(unsupported));
        }
        let scratch = program::scratch_bytes(plan, target).ok_or_else(|| {
            internal(InternalError::new("attention over keys without a bound", ""))
        })?;
        Ok((program::build(plan, target, name, scratch, profile), scratch))
    }
}

impl Backend for Cpu {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn machines(&self) -> &'static [&'static str] {
        &NAMES
    }

    fn machine(&self, options: &Options) -> Result<Machine, CompileError> {
        Ok(self.target(options)?.machine)
    }

    fn forms(&self) -> &'static [Form] {
        &[Form::Library, Form::Object, Form::Header, Form::Assembly, Form::LlvmIr, Form::Mlir]
    }

    fn check(&self, plan: &Plan) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        for (_, body) in plan.bodies.iter() {
            for step in &body.steps {
                let Step::Launch(kernel) = step else { continue };
                let KernelKind::Stages(it) = &kernel.kind else { continue };
                if let Some(what) = stages::unsupported(it) {
                    let message = format!("not yet on this target: {what}");
                    diagnostics.push(Diagnostic::error(ErrorCode("E0601"), kernel.span, message));
                }
            }
        }
        diagnostics
    }

    fn compile(
        &self,
        module: &Module,
        plan: &Plan,
        options: &Options,
        form: Form,
    ) -> Result<Artifact, CompileError> {
        let target = self.target(options)?;
        let (code, scratch) = self.build(plan, &target, &options.name, false)?;
        let native = |form: machine_code::Form, alone: Option<&str>| {
            machine_code(&code, &target, form, alone).map_err(internal)
        };
        let alone = Some(options.name.as_str());
        let bytes = match form {
            Form::Mlir => code.text().into_bytes(),
            Form::LlvmIr => native(machine_code::Form::LlvmIr, None)?,
            Form::Assembly => native(machine_code::Form::Assembly, None)?,
            Form::Object => native(machine_code::Form::Object, alone)?,
            Form::Library => library::link(&native(machine_code::Form::Object, alone)?)?,
            Form::Header => header::write(module, plan, &options.name, scratch).into_bytes(),
        };
        Ok(Artifact { form, bytes })
    }

    fn load(&self, plan: &Plan, options: &Options) -> Result<Box<dyn Code>, CompileError> {
        let target = self.target(options)?;
        if !target.runs_here() {
            let message = format!("this machine cannot run code for cpu `{}`", options.cpu);
            return Err(CompileError::Options(message));
        }
        let (code, scratch_bytes) = self.build(plan, &target, &options.name, options.profile)?;
        let object =
            machine_code(&code, &target, machine_code::Form::Object, None).map_err(internal)?;
        let imports = runtime_imports();
        let loaded = Loaded::new(&object, &imports).map_err(internal)?;
        let mut entries = Vec::new();
        for at in 0..plan.entries.len() {
            let address =
                loaded.address(&entry_symbol(&options.name, plan, at)).map_err(internal)?;
            // SAFETY: the symbol was built with this signature, and the code lives beside
            // the pointer.
            #[expect(unsafe_code, reason = "compiled code")]
            let run =
                unsafe { std::mem::transmute::<usize, unsafe extern "C" fn(*mut u64)>(address) };
            entries.push(EntryCode { run, scratch_bytes });
        }
        Ok(Box::new(LoadedProgram { entries, _code: loaded }))
    }
}

struct LoadedProgram {
    entries: Vec<EntryCode>,
    /// Keeps the code alive.
    _code: Loaded,
}

impl Code for LoadedProgram {
    fn entry(&self, at: usize) -> Option<EntryCode> {
        self.entries.get(at).copied()
    }
}

fn runtime_imports() -> Vec<Import> {
    let runtime = [
        (PARALLEL_FOR, nnc_runtime::pool::nncrt_parallel_for as *const ()),
        (LAUNCH_BEGINS, nnc_runtime::profile::nncrt_launch_begins as *const ()),
        (LAUNCH_ENDS, nnc_runtime::profile::nncrt_launch_ends as *const ()),
    ];
    let mut imports: Vec<Import> =
        runtime.map(|(name, address)| Import { name, address: address as usize }).into();
    imports.extend(c_library());
    imports
}

fn internal(error: InternalError) -> CompileError {
    CompileError::Internal { what: error.what, ir: error.ir }
}
