//! A module under construction, and the functions in it.

use crate::{Builder, InternalError, Type, Value};
use melior::Context;
use melior::dialect::DialectRegistry;
use melior::ir::operation::OperationLike;
use melior::ir::{Location, Module as MlirModule};
use melior::utility::{register_all_dialects, register_all_llvm_translations, register_all_passes};
use mlir_sys as raw;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::mem::ManuallyDrop;
use std::sync::Once;

/// Instructions that emitted code may rely on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Features {
    /// Fused multiply-add; without it products are rounded before they are added.
    pub fma: bool,
    /// Conversions between f16 and f32.
    pub f16: bool,
    /// Rounding of floats to integers.
    pub round: bool,
}

impl Features {
    pub const ALL: Features = Features { fma: true, f16: true, round: true };
    pub const NONE: Features = Features { fma: false, f16: false, round: false };
}

/// Who sees a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Linkage {
    /// Its own module.
    Internal,
    /// Whoever links the object.
    External,
}

/// An MLIR module: LLVM functions whose bodies use `arith`, `math`, `vector`, `scf`
/// and `llvm`.
pub struct Module {
    context: Context,
    module: raw::MlirModule,
    pub(crate) features: Features,
    declared: RefCell<BTreeSet<String>>,
}

impl Module {
    pub fn new(features: Features) -> Module {
        static PASSES: Once = Once::new();
        PASSES.call_once(register_all_passes);
        let registry = DialectRegistry::new();
        register_all_dialects(&registry);
        let context = Context::new_with_registry(&registry, false);
        for dialect in ["arith", "cf", "llvm", "math", "scf", "vector"] {
            context.get_or_load_dialect(dialect);
        }
        register_all_llvm_translations(&context);
        let module = ManuallyDrop::new(MlirModule::new(Location::unknown(&context))).to_raw();
        Module { context, module, features, declared: RefCell::default() }
    }

    /// Declares a function that something else will define, the first time it is asked
    /// for.
    pub fn declare(&self, name: &str, parameters: &[Type], result: Option<Type>) {
        if !self.declared.borrow_mut().insert(name.to_owned()) {
            return;
        }
        let builder = Builder::new(self, None);
        builder.function(name, parameters, result, Linkage::External, None);
    }

    /// Defines a function without a result; `body` is given its arguments.
    pub fn function(
        &self,
        name: &str,
        parameters: &[Type],
        linkage: Linkage,
        body: impl FnOnce(&Builder, &[Value]),
    ) {
        let (entry, arguments) = Builder::block(self, parameters);
        let builder = Builder::new(self, Some(entry));
        body(&builder, &arguments);
        builder.finish();
        builder.function(name, parameters, None, linkage, Some(entry));
    }

    /// What is declared and not defined here, by name.
    pub fn declarations(&self) -> Vec<String> {
        self.declared.borrow().iter().cloned().collect()
    }

    /// The module as text.
    pub fn text(&self) -> String {
        self.borrowed(|module| module.as_operation().to_string())
    }

    /// Whether every operation is well formed; if not, that is a mistake of the
    /// template that built it.
    pub fn verify(&self) -> Result<(), InternalError> {
        if self.borrowed(|module| module.as_operation().verify()) {
            return Ok(());
        }
        Err(InternalError::new("the MLIR module is not well formed", self.text()))
    }

    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    pub(crate) fn raw_context(&self) -> raw::MlirContext {
        self.context.to_raw()
    }

    /// Lends the module in melior's form, which would destroy it on drop.
    pub(crate) fn borrowed<T>(&self, then: impl FnOnce(&mut MlirModule<'_>) -> T) -> T {
        // SAFETY: the module is alive until `self` is dropped, and is not dropped here.
        #[expect(unsafe_code, reason = "melior's module cannot be stored beside its context")]
        let module = unsafe { MlirModule::from_raw(self.module) };
        let mut module = ManuallyDrop::new(module);
        then(&mut module)
    }

    pub(crate) fn body(&self) -> raw::MlirBlock {
        // SAFETY: the module is alive.
        #[expect(unsafe_code, reason = "MLIR's C interface")]
        unsafe {
            raw::mlirModuleGetBody(self.module)
        }
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        // SAFETY: the module is owned by `self`, and its context is dropped after it.
        #[expect(unsafe_code, reason = "MLIR's C interface")]
        unsafe {
            raw::mlirModuleDestroy(self.module);
        }
    }
}
