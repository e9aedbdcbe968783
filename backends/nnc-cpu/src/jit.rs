//! Runs an object in this process.

use inkwell::llvm_sys::error::{LLVMDisposeErrorMessage, LLVMErrorRef, LLVMGetErrorMessage};
use inkwell::llvm_sys::orc2::lljit::{
    LLVMOrcCreateLLJIT, LLVMOrcDisposeLLJIT, LLVMOrcLLJITAddObjectFile,
    LLVMOrcLLJITGetMainJITDylib, LLVMOrcLLJITLookup, LLVMOrcLLJITMangleAndIntern, LLVMOrcLLJITRef,
};
use inkwell::llvm_sys::orc2::{
    LLVMJITEvaluatedSymbol, LLVMJITSymbolFlags, LLVMOrcAbsoluteSymbols, LLVMOrcCSymbolMapPair,
    LLVMOrcJITDylibDefine,
};
use inkwell::memory_buffer::MemoryBuffer;
use nnc_mlir::InternalError;
use std::ffi::{CStr, CString};

/// A loaded object; its code lives as long as this.
#[derive(Debug)]
pub(crate) struct Loaded {
    jit: LLVMOrcLLJITRef,
}

/// A symbol that the object needs, and where it is.
pub(crate) struct Import {
    pub(crate) name: &'static str,
    pub(crate) address: usize,
}

/// Functions of the C library that code generation may fall back on.
pub(crate) fn c_library() -> Vec<Import> {
    mod c {
        use std::ffi::c_void;
        #[expect(unsafe_code, reason = "the C library's functions, by address alone")]
        unsafe extern "C" {
            pub(super) fn memcpy(to: *mut c_void, from: *const c_void, bytes: usize)
            -> *mut c_void;
            pub(super) fn memmove(
                to: *mut c_void,
                from: *const c_void,
                bytes: usize,
            ) -> *mut c_void;
            pub(super) fn memset(to: *mut c_void, byte: i32, bytes: usize) -> *mut c_void;
            pub(super) fn exp(x: f64) -> f64;
            pub(super) fn log(x: f64) -> f64;
            pub(super) fn pow(x: f64, y: f64) -> f64;
            pub(super) fn sin(x: f64) -> f64;
            pub(super) fn cos(x: f64) -> f64;
            pub(super) fn tanh(x: f64) -> f64;
            pub(super) fn erf(x: f64) -> f64;
        }
    }
    macro_rules! imports {
        ($($name:ident)*) => {
            vec![$(Import { name: stringify!($name), address: c::$name as *const () as usize }),*]
        };
    }
    imports! { memcpy memmove memset exp log pow sin cos tanh erf }
}

// SAFETY: after loading, only addresses are looked up, which ORC guards by locks.
#[expect(unsafe_code, reason = "the JIT is a handle to LLVM's object")]
unsafe impl Send for Loaded {}
// SAFETY: as above.
#[expect(unsafe_code, reason = "the JIT is a handle to LLVM's object")]
unsafe impl Sync for Loaded {}

/// Bit 0 of a symbol's flags: other objects see it.
const EXPORTED: u8 = 1;

#[expect(unsafe_code, reason = "ORC has no safe binding")]
impl Loaded {
    pub(crate) fn new(object: &[u8], imports: &[Import]) -> Result<Loaded, InternalError> {
        // SAFETY: `loaded` owns the JIT; names are interned by it; the buffer is handed
        // over together with its bytes.
        unsafe {
            inkwell::targets::Target::initialize_x86(&Default::default());
            let mut jit = std::ptr::null_mut();
            check(LLVMOrcCreateLLJIT(&mut jit, std::ptr::null_mut()))?;
            let loaded = Loaded { jit };
            let library = LLVMOrcLLJITGetMainJITDylib(jit);
            let mut symbols = Vec::new();
            for import in imports {
                let name = c_string(import.name)?;
                symbols.push(LLVMOrcCSymbolMapPair {
                    Name: LLVMOrcLLJITMangleAndIntern(jit, name.as_ptr()),
                    Sym: LLVMJITEvaluatedSymbol {
                        Address: import.address as u64,
                        Flags: LLVMJITSymbolFlags { GenericFlags: EXPORTED, TargetFlags: 0 },
                    },
                });
            }
            let unit = LLVMOrcAbsoluteSymbols(symbols.as_mut_ptr(), symbols.len());
            check(LLVMOrcJITDylibDefine(library, unit))?;
            let buffer = MemoryBuffer::create_from_memory_range_copy(object, "kernels");
            let buffer = std::mem::ManuallyDrop::new(buffer);
            check(LLVMOrcLLJITAddObjectFile(jit, library, buffer.as_mut_ptr()))?;
            Ok(loaded)
        }
    }

    /// The address of a symbol that the object defines.
    pub(crate) fn address(&self, symbol: &str) -> Result<usize, InternalError> {
        let name = c_string(symbol)?;
        let mut address = 0;
        // SAFETY: the JIT is alive.
        check(unsafe { LLVMOrcLLJITLookup(self.jit, &mut address, name.as_ptr()) })?;
        Ok(address as usize)
    }
}

impl Drop for Loaded {
    fn drop(&mut self) {
        // SAFETY: the JIT is owned and nothing of it is used any more. That giving
        // memory back failed would be of no use to anyone.
        #[expect(unsafe_code, reason = "ORC has no safe binding")]
        let _ = check(unsafe { LLVMOrcDisposeLLJIT(self.jit) });
    }
}

fn c_string(text: &str) -> Result<CString, InternalError> {
    CString::new(text).map_err(|_| InternalError::new(format!("symbol {text:?} holds a zero"), ""))
}

fn check(error: LLVMErrorRef) -> Result<(), InternalError> {
    if error.is_null() {
        return Ok(());
    }
    // SAFETY: the error is not null; taking its message uses it up.
    #[expect(unsafe_code, reason = "LLVM's C interface")]
    unsafe {
        let message = LLVMGetErrorMessage(error);
        let text = CStr::from_ptr(message).to_string_lossy().into_owned();
        LLVMDisposeErrorMessage(message);
        Err(InternalError::new(format!("loading: {text}"), ""))
    }
}
