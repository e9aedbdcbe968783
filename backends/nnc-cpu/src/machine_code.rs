//! From LLVM IR to machine code.

use crate::{Target, hook};
use inkwell::OptimizationLevel;
use inkwell::attributes::AttributeLoc;
use inkwell::context::Context;
use inkwell::module::Module as LlvmModule;
use inkwell::passes::PassBuilderOptions;
use inkwell::targets::{
    CodeModel, FileType, InitializationConfig, RelocMode, Target as LlvmTarget, TargetMachine,
};
use nnc_mlir::{InternalError, Module};

/// What is cleaned up before code is chosen. Vectors and unrolling are explicit, so
/// that LLVM's loop optimisers have nothing to add and cost most of the time. That one
/// round of combining may leave something for the next is no mistake.
pub const LLVM_PASSES: &str = concat!(
    "function(early-cse,instcombine<no-verify-fixpoint>,loop-mssa(licm),",
    "simplifycfg,instcombine<no-verify-fixpoint>)"
);

/// What to stop at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    LlvmIr,
    Assembly,
    Object,
}

/// Lowers a module and makes it into bytes; the module is used up. Code that stands
/// `alone`, under this name, has no runtime beside it (see [`hook`]).
pub(crate) fn machine_code(
    module: &Module,
    target: &Target,
    form: Form,
    alone: Option<&str>,
) -> Result<Vec<u8>, InternalError> {
    module.lower()?;
    let context = Context::create();
    let llvm = module.to_llvm(&context)?;
    let machine = target_machine(target)?;
    llvm.set_triple(&machine.get_triple());
    llvm.set_data_layout(&machine.get_target_data().get_data_layout());
    if let Some(name) = alone {
        hook::define(&context, &llvm, name)
            .map_err(|error| InternalError::new(format!("building the hook: {error}"), ""))?;
    }
    mark_functions(&context, &llvm);
    let options = PassBuilderOptions::create();
    options.set_verify_each(false);
    let broken = |error: String, llvm: &LlvmModule<'_>| {
        InternalError::new(error, llvm.print_to_string().to_string())
    };
    llvm.run_passes(LLVM_PASSES, &machine, options)
        .map_err(|error| broken(format!("LLVM passes: {error}"), &llvm))?;
    let file = match form {
        Form::LlvmIr => return Ok(llvm.print_to_string().to_string().into_bytes()),
        Form::Assembly => FileType::Assembly,
        Form::Object => FileType::Object,
    };
    let buffer = machine
        .write_to_memory_buffer(&llvm, file)
        .map_err(|error| broken(format!("code generation: {error}"), &llvm))?;
    Ok(buffer.as_slice().to_vec())
}

fn target_machine(target: &Target) -> Result<TargetMachine, InternalError> {
    LlvmTarget::initialize_x86(&InitializationConfig::default());
    let triple = TargetMachine::get_default_triple();
    let none = |what: String| InternalError::new(what, "");
    let llvm = LlvmTarget::from_triple(&triple).map_err(|error| none(error.to_string()))?;
    llvm.create_target_machine(
        &triple,
        &target.cpu,
        &target.features,
        OptimizationLevel::Default,
        RelocMode::PIC,
        CodeModel::Default,
    )
    .ok_or_else(|| none(format!("LLVM knows no machine `{}` for {triple:?}", target.cpu)))
}

/// No function unwinds, so that objects need no unwinding tables.
fn mark_functions(context: &Context, llvm: &LlvmModule<'_>) {
    let kind = inkwell::attributes::Attribute::get_named_enum_kind_id("nounwind");
    let attribute = context.create_enum_attribute(kind, 0);
    for function in llvm.get_functions() {
        function.add_attribute(AttributeLoc::Function, attribute);
    }
}
