//! Pointers, loads and stores.

use crate::builder::Attribute;
use crate::{Builder, Kind, Type, Value};

impl Builder<'_> {
    /// The address `index` elements on. A vector of indices gives a vector of
    /// addresses.
    pub fn offset(&self, pointer: Value, kind: Kind, index: Value) -> Value {
        let kind = if kind == Kind::I1 { Kind::I8 } else { kind };
        if index.constant == Some(0) && !index.ty.is_vector() {
            return pointer;
        }
        let lanes = pointer.ty.lanes.max(index.ty.lanes);
        let ty = Kind::Pointer.lanes(lanes);
        let element = ("elem_type", Attribute::Type(kind.one()));
        let small = index.constant.filter(|_| !index.ty.is_vector()).map(i32::try_from);
        if let Some(Ok(constant)) = small
            && constant != i32::MIN
        {
            let indices = ("rawConstantIndices", Attribute::Ints32(&[constant]));
            return self.value("llvm.getelementptr", &[pointer], ty, &[element, indices]);
        }
        let indices = ("rawConstantIndices", Attribute::Ints32(&[i32::MIN]));
        self.value("llvm.getelementptr", &[pointer, index], ty, &[element, indices])
    }

    /// Loads a scalar or neighbouring lanes, aligned to the kind's size.
    pub fn load(&self, pointer: Value, ty: Type) -> Value {
        let attributes = [("alignment", Attribute::Int(Kind::I64, ty.kind.bytes()))];
        self.value("llvm.load", &[pointer], ty, &attributes)
    }

    /// Loads the word (of 64 bits) `at` words behind an argument of the function, at the
    /// function's start.
    pub fn load_at_start(&self, pointer: Value, at: i64, ty: Type) -> Value {
        let indices = [at as i32];
        let attributes = [
            ("elem_type", Attribute::Type(Type::I64)),
            ("rawConstantIndices", Attribute::Ints32(&indices)),
        ];
        let word = self.hoisted("llvm.getelementptr", &[pointer], Type::POINTER, &attributes);
        let attributes = [("alignment", Attribute::Int(Kind::I64, 8))];
        self.hoisted("llvm.load", &[word], ty, &attributes)
    }

    pub fn store(&self, value: Value, pointer: Value) {
        let attributes = [("alignment", Attribute::Int(Kind::I64, value.ty.kind.bytes()))];
        self.op("llvm.store", &[value, pointer], &[], &attributes, &[]);
    }

    /// Loads the lanes for which `mask` holds; the others are `otherwise` and their
    /// memory is not touched.
    pub fn masked_load(&self, pointer: Value, mask: Value, otherwise: Value) -> Value {
        let ty = otherwise.ty;
        let attributes = [("alignment", Attribute::Int(Kind::I32, ty.kind.bytes()))];
        self.value("llvm.intr.masked.load", &[pointer, mask, otherwise], ty, &attributes)
    }

    pub fn masked_store(&self, value: Value, pointer: Value, mask: Value) {
        let bytes = value.ty.kind.bytes();
        let attributes = [("alignment", Attribute::Int(Kind::I32, bytes))];
        self.op("llvm.intr.masked.store", &[value, pointer, mask], &[], &attributes, &[]);
    }

    /// Loads each lane from an address of its own, where `mask` holds.
    pub fn masked_gather(&self, pointers: Value, mask: Value, otherwise: Value) -> Value {
        let ty = otherwise.ty;
        let attributes = [("alignment", Attribute::Int(Kind::I32, ty.kind.bytes()))];
        self.value("llvm.intr.masked.gather", &[pointers, mask, otherwise], ty, &attributes)
    }

    /// Stores each lane to an address of its own, where `mask` holds.
    pub fn masked_scatter(&self, value: Value, pointers: Value, mask: Value) {
        let bytes = value.ty.kind.bytes();
        let attributes = [("alignment", Attribute::Int(Kind::I32, bytes))];
        self.op("llvm.intr.masked.scatter", &[value, pointers, mask], &[], &attributes, &[]);
    }

    /// Asks for the cache line at an address, which need not be valid.
    pub fn prefetch(&self, pointer: Value) {
        let attributes = [
            ("rw", Attribute::Int(Kind::I32, 0)),
            ("hint", Attribute::Int(Kind::I32, 3)),
            ("cache", Attribute::Int(Kind::I32, 1)),
        ];
        self.op("llvm.intr.prefetch", &[pointer], &[], &attributes, &[]);
    }

    /// Copies bytes between places that do not overlap.
    pub fn copy_bytes(&self, to: Value, from: Value, bytes: Value) {
        let attributes = [("isVolatile", Attribute::Int(Kind::I1, 0))];
        self.op("llvm.intr.memcpy", &[to, from, bytes], &[], &attributes, &[]);
    }

    /// Zeros bytes.
    pub fn zero_bytes(&self, to: Value, bytes: Value) {
        let zero = self.constant(Kind::I8.one(), 0);
        let attributes = [("isVolatile", Attribute::Int(Kind::I1, 0))];
        self.op("llvm.intr.memset", &[to, zero, bytes], &[], &attributes, &[]);
    }

    /// Memory for so many elements that lives as long as the function's call.
    pub fn stack(&self, kind: Kind, count: i64) -> Value {
        let attributes = [
            ("elem_type", Attribute::Type(kind.one())),
            ("alignment", Attribute::Int(Kind::I64, 64)),
        ];
        let count = self.int(count);
        self.hoisted("llvm.alloca", &[count], Type::POINTER, &attributes)
    }

    /// An address as a number.
    pub fn pointer_to_int(&self, pointer: Value) -> Value {
        self.value("llvm.ptrtoint", &[pointer], pointer.ty.with(Kind::I64), &[])
    }

    /// The address of a function of the module.
    pub fn function_address(&self, name: &str) -> Value {
        let attributes = [("global_name", Attribute::Symbol(name))];
        self.value("llvm.mlir.addressof", &[], Type::POINTER, &attributes)
    }
}
