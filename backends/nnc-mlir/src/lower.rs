//! From a module to LLVM IR.

use crate::{InternalError, Module};
use inkwell::context::Context as LlvmContext;
use inkwell::llvm_sys::prelude::{LLVMContextRef, LLVMModuleRef};
use inkwell::module::Module as LlvmModule;
use melior::pass::PassManager;
use melior::utility::parse_pass_pipeline;

/// Takes out what is computed twice.
pub const CLEAN: &str = "cse";

/// Structured loops and branches become blocks.
pub const TO_BLOCKS: &str = "convert-scf-to-cf";

/// All else becomes the `llvm` dialect.
pub const TO_LLVM: &str = "convert-vector-to-llvm,convert-math-to-llvm,convert-arith-to-llvm,\
                           convert-ub-to-llvm,convert-cf-to-llvm,reconcile-unrealized-casts";

/// The groups in order.
pub const PIPELINE: [&str; 3] = [CLEAN, TO_BLOCKS, TO_LLVM];

// Part of MLIR's static libraries, but not of the bindings.
#[expect(unsafe_code, reason = "a foreign function")]
unsafe extern "C" {
    fn mlirTranslateModuleToLLVMIR(
        module: mlir_sys::MlirOperation,
        context: LLVMContextRef,
    ) -> LLVMModuleRef;
}

impl Module {
    /// Verifies the module and runs the pipeline on it, in place.
    pub fn lower(&self) -> Result<(), InternalError> {
        self.verify()?;
        let pipeline = format!("builtin.module({})", PIPELINE.join(","));
        let manager = PassManager::new(self.context());
        parse_pass_pipeline(manager.as_operation_pass_manager(), &pipeline)
            .map_err(|error| InternalError::new(format!("{error} in `{pipeline}`"), ""))?;
        manager.enable_verifier(cfg!(debug_assertions));
        self.borrowed(|module| manager.run(module))
            .map_err(|error| InternalError::new(format!("lowering: {error}"), self.text()))
    }

    /// The LLVM IR of a module that [`Module::lower`] has been run on.
    pub fn to_llvm<'c>(&self, context: &'c LlvmContext) -> Result<LlvmModule<'c>, InternalError> {
        let raw = self.borrowed(|module| module.as_operation().to_raw());
        // SAFETY: both contexts are alive; the new module belongs to LLVM's context.
        #[expect(unsafe_code, reason = "MLIR's translation has no binding")]
        unsafe {
            let module = mlirTranslateModuleToLLVMIR(raw, context.raw());
            if module.is_null() {
                return Err(InternalError::new("translation to LLVM IR failed", self.text()));
            }
            Ok(LlvmModule::new(module))
        }
    }
}
