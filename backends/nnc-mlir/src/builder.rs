//! Appends operations to the block at hand.

use crate::{Kind, Linkage, Module, Type};
use mlir_sys as raw;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;

/// An SSA value with its type. It is used with the builder that made it, in the
/// block it was made in or one nested in that.
#[derive(Clone, Copy, Debug)]
pub struct Value {
    pub(crate) raw: raw::MlirValue,
    pub ty: Type,
    /// The number, where the value is an integer constant (in every lane).
    pub(crate) constant: Option<i64>,
}

impl Value {
    /// The number, if the value is a known integer.
    pub fn as_constant(&self) -> Option<i64> {
        self.constant
    }
}

/// Builds the body of one function.
///
/// Integer arithmetic on known numbers is done at once, and constants stand once at
/// the function's start. Nested regions are closures that append to the same
/// builder.
pub struct Builder<'m> {
    pub(crate) module: &'m Module,
    entry: Option<raw::MlirBlock>,
    /// The innermost block last.
    blocks: RefCell<Vec<raw::MlirBlock>>,
    constants: RefCell<HashMap<ConstantKey, Value>>,
    /// How many operations stand at the head of the entry block.
    hoisted: Cell<isize>,
    attributes: RefCell<HashMap<String, raw::MlirAttribute>>,
    types: RefCell<HashMap<Type, raw::MlirType>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum ConstantKey {
    Int(Type, i64),
    /// By bits.
    Float(Type, u64),
    Lanes(Type, Vec<i64>),
}

/// An attribute by what it says.
#[derive(Clone, Copy)]
pub(crate) enum Attribute<'a> {
    /// An integer of a kind.
    Int(Kind, i64),
    /// A type.
    Type(Type),
    /// Integers, 64 bits wide.
    Ints(&'a [i64]),
    /// Integers, 32 bits wide.
    Ints32(&'a [i32]),
    Symbol(&'a str),
    /// As MLIR writes it.
    Text(&'a str),
}

#[expect(unsafe_code, reason = "MLIR's C interface; every handle comes from the same live context")]
impl<'m> Builder<'m> {
    pub(crate) fn new(module: &'m Module, entry: Option<raw::MlirBlock>) -> Builder<'m> {
        Builder {
            module,
            entry,
            blocks: RefCell::new(entry.into_iter().collect()),
            constants: RefCell::default(),
            hoisted: Cell::new(0),
            attributes: RefCell::default(),
            types: RefCell::default(),
        }
    }

    /// A block with arguments.
    pub(crate) fn block(module: &Module, arguments: &[Type]) -> (raw::MlirBlock, Vec<Value>) {
        let context = module.raw_context();
        let types: Vec<raw::MlirType> = arguments.iter().map(|it| it.raw(context)).collect();
        // SAFETY: as many locations as types; the block is owned by the region it will
        // be appended to.
        unsafe {
            let locations = vec![raw::mlirLocationUnknownGet(context); types.len()];
            let block =
                raw::mlirBlockCreate(types.len() as isize, types.as_ptr(), locations.as_ptr());
            let values = arguments
                .iter()
                .enumerate()
                .map(|(at, &ty)| Value {
                    raw: raw::mlirBlockGetArgument(block, at as isize),
                    ty,
                    constant: None,
                })
                .collect();
            (block, values)
        }
    }

    /// Fills a new block through `body`, which returns what the block yields.
    pub(crate) fn nested(
        &self,
        arguments: &[Type],
        body: impl FnOnce(&[Value]) -> Vec<Value>,
    ) -> (raw::MlirRegion, Vec<Type>) {
        let mut types = Vec::new();
        let region = self.region(arguments, |values| {
            let yielded = body(values);
            self.op("scf.yield", &yielded, &[], &[], &[]);
            types = yielded.iter().map(|it| it.ty).collect();
        });
        (region, types)
    }

    /// Fills a new block through `body`, which ends it itself.
    pub(crate) fn region(
        &self,
        arguments: &[Type],
        body: impl FnOnce(&[Value]),
    ) -> raw::MlirRegion {
        let (block, values) = Builder::block(self.module, arguments);
        self.blocks.borrow_mut().push(block);
        body(&values);
        self.blocks.borrow_mut().pop();
        // SAFETY: the region takes the block; the operation built next takes the region.
        unsafe {
            let region = raw::mlirRegionCreate();
            raw::mlirRegionAppendOwnedBlock(region, block);
            region
        }
    }

    pub(crate) fn raw_type(&self, ty: Type) -> raw::MlirType {
        *self.types.borrow_mut().entry(ty).or_insert_with(|| ty.raw(self.module.raw_context()))
    }

    pub(crate) fn attribute(&self, attribute: Attribute<'_>) -> raw::MlirAttribute {
        let context = self.module.raw_context();
        // SAFETY: slices and their lengths belong together.
        unsafe {
            match attribute {
                Attribute::Int(kind, value) => {
                    raw::mlirIntegerAttrGet(self.raw_type(kind.one()), value)
                }
                Attribute::Type(ty) => raw::mlirTypeAttrGet(self.raw_type(ty)),
                Attribute::Ints(items) => {
                    raw::mlirDenseI64ArrayGet(context, items.len() as isize, items.as_ptr())
                }
                Attribute::Ints32(items) => {
                    raw::mlirDenseI32ArrayGet(context, items.len() as isize, items.as_ptr())
                }
                Attribute::Symbol(name) => raw::mlirFlatSymbolRefAttrGet(context, string(name)),
                Attribute::Text(text) => {
                    let known = self.attributes.borrow().get(text).copied();
                    known.unwrap_or_else(|| {
                        let attribute = raw::mlirAttributeParseGet(context, string(text));
                        self.attributes.borrow_mut().insert(text.to_owned(), attribute);
                        attribute
                    })
                }
            }
        }
    }

    fn create(
        &self,
        name: &str,
        operands: &[Value],
        results: &[Type],
        attributes: &[(&str, Attribute<'_>)],
        regions: &[raw::MlirRegion],
    ) -> raw::MlirOperation {
        let context = self.module.raw_context();
        let operands: Vec<raw::MlirValue> = operands.iter().map(|it| it.raw).collect();
        let results: Vec<raw::MlirType> = results.iter().map(|&it| self.raw_type(it)).collect();
        // SAFETY: slices and their lengths belong together, and MLIR copies them.
        unsafe {
            let attributes: Vec<raw::MlirNamedAttribute> = attributes
                .iter()
                .map(|&(name, attribute)| raw::MlirNamedAttribute {
                    name: raw::mlirIdentifierGet(context, string(name)),
                    attribute: self.attribute(attribute),
                })
                .collect();
            let location = raw::mlirLocationUnknownGet(context);
            let mut state = raw::mlirOperationStateGet(string(name), location);
            let count = operands.len() as isize;
            raw::mlirOperationStateAddOperands(&mut state, count, operands.as_ptr());
            let count = results.len() as isize;
            raw::mlirOperationStateAddResults(&mut state, count, results.as_ptr());
            let count = attributes.len() as isize;
            raw::mlirOperationStateAddAttributes(&mut state, count, attributes.as_ptr());
            let count = regions.len() as isize;
            raw::mlirOperationStateAddOwnedRegions(&mut state, count, regions.as_ptr());
            raw::mlirOperationCreate(&mut state)
        }
    }

    /// Appends an operation.
    pub(crate) fn op(
        &self,
        name: &str,
        operands: &[Value],
        results: &[Type],
        attributes: &[(&str, Attribute<'_>)],
        regions: &[raw::MlirRegion],
    ) -> Vec<Value> {
        let operation = self.create(name, operands, results, attributes, regions);
        if let Some(&block) = self.blocks.borrow().last() {
            // SAFETY: the block is alive and takes the operation.
            unsafe { raw::mlirBlockAppendOwnedOperation(block, operation) };
        }
        results_of(operation, results)
    }

    /// Appends an operation of one result.
    pub(crate) fn value(
        &self,
        name: &str,
        operands: &[Value],
        ty: Type,
        attributes: &[(&str, Attribute<'_>)],
    ) -> Value {
        self.op(name, operands, &[ty], attributes, &[])[0]
    }

    /// Puts an operation of one result at the head of the function.
    pub(crate) fn hoisted(
        &self,
        name: &str,
        operands: &[Value],
        ty: Type,
        attributes: &[(&str, Attribute<'_>)],
    ) -> Value {
        let operation = self.create(name, operands, &[ty], attributes, &[]);
        if let Some(entry) = self.entry {
            let at = self.hoisted.get();
            // SAFETY: the entry block has at least `at` operations and takes this one.
            unsafe { raw::mlirBlockInsertOwnedOperation(entry, at, operation) };
            self.hoisted.set(at + 1);
        }
        results_of(operation, &[ty])[0]
    }

    /// The constant of a key, made the first time it is asked for.
    pub(crate) fn constant_value(
        &self,
        key: ConstantKey,
        attribute: impl FnOnce() -> raw::MlirAttribute,
    ) -> Value {
        if let Some(&known) = self.constants.borrow().get(&key) {
            return known;
        }
        let (ty, constant) = match &key {
            ConstantKey::Int(ty, value) => (*ty, Some(*value)),
            ConstantKey::Float(ty, _) | ConstantKey::Lanes(ty, _) => (*ty, None),
        };
        let context = self.module.raw_context();
        let attribute = attribute();
        // SAFETY: as in `create`.
        let operation = unsafe {
            let location = raw::mlirLocationUnknownGet(context);
            let mut state = raw::mlirOperationStateGet(string("arith.constant"), location);
            let named = raw::MlirNamedAttribute {
                name: raw::mlirIdentifierGet(context, string("value")),
                attribute,
            };
            raw::mlirOperationStateAddAttributes(&mut state, 1, &named);
            raw::mlirOperationStateAddResults(&mut state, 1, &self.raw_type(ty));
            let operation = raw::mlirOperationCreate(&mut state);
            if let Some(entry) = self.entry {
                raw::mlirBlockInsertOwnedOperation(entry, self.hoisted.get(), operation);
                self.hoisted.set(self.hoisted.get() + 1);
            }
            operation
        };
        let value = Value { constant, ..results_of(operation, &[ty])[0] };
        self.constants.borrow_mut().insert(key, value);
        value
    }

    pub(crate) fn finish(&self) {
        self.op("llvm.return", &[], &[], &[], &[]);
    }

    /// Adds a function to the module, with this entry block or as a declaration.
    pub(crate) fn function(
        &self,
        name: &str,
        parameters: &[Type],
        result: Option<Type>,
        linkage: Linkage,
        entry: Option<raw::MlirBlock>,
    ) {
        let context = self.module.raw_context();
        let linkage = match linkage {
            Linkage::Internal => "#llvm.linkage<internal>",
            Linkage::External => "#llvm.linkage<external>",
        };
        let parameters: Vec<raw::MlirType> =
            parameters.iter().map(|&it| self.raw_type(it)).collect();
        // SAFETY: slices and their lengths belong together; the function takes the
        // region, the region the block, the module the function.
        unsafe {
            let result = match result {
                Some(ty) => self.raw_type(ty),
                None => raw::mlirLLVMVoidTypeGet(context),
            };
            let ty = raw::mlirLLVMFunctionTypeGet(
                result,
                parameters.len() as isize,
                parameters.as_ptr(),
                false,
            );
            let named = |name: &str, attribute: raw::MlirAttribute| raw::MlirNamedAttribute {
                name: raw::mlirIdentifierGet(context, string(name)),
                attribute,
            };
            let attributes = [
                named("sym_name", raw::mlirStringAttrGet(context, string(name))),
                named("function_type", raw::mlirTypeAttrGet(ty)),
                named("linkage", self.attribute(Attribute::Text(linkage))),
            ];
            let region = raw::mlirRegionCreate();
            if let Some(entry) = entry {
                raw::mlirRegionAppendOwnedBlock(region, entry);
            }
            let location = raw::mlirLocationUnknownGet(context);
            let mut state = raw::mlirOperationStateGet(string("llvm.func"), location);
            raw::mlirOperationStateAddAttributes(
                &mut state,
                attributes.len() as isize,
                attributes.as_ptr(),
            );
            raw::mlirOperationStateAddOwnedRegions(&mut state, 1, &region);
            let function = raw::mlirOperationCreate(&mut state);
            raw::mlirBlockInsertOwnedOperation(self.module.body(), 0, function);
        }
    }

    /// A splat, or a plain attribute for one lane.
    pub(crate) fn splat(&self, ty: Type, lane: raw::MlirAttribute) -> raw::MlirAttribute {
        if ty.lanes == 1 {
            return lane;
        }
        // SAFETY: the lane's type is the vector's.
        unsafe { raw::mlirDenseElementsAttrSplatGet(self.raw_type(ty), lane) }
    }

    /// A float of a kind, exactly if the kind can hold it.
    pub(crate) fn float_attribute(&self, kind: Kind, value: f64) -> raw::MlirAttribute {
        let context = self.module.raw_context();
        // SAFETY: the kind is a float.
        unsafe { raw::mlirFloatAttrDoubleGet(context, self.raw_type(kind.one()), value) }
    }

    /// One number a lane.
    pub(crate) fn lanes_attribute(&self, ty: Type, lanes: &[i64]) -> raw::MlirAttribute {
        let lanes: Vec<raw::MlirAttribute> =
            lanes.iter().map(|&it| self.attribute(Attribute::Int(ty.kind, it))).collect();
        // SAFETY: as many attributes as lanes.
        unsafe {
            let ty = self.raw_type(ty);
            raw::mlirDenseElementsAttrGet(ty, lanes.len() as isize, lanes.as_ptr())
        }
    }
}

#[expect(unsafe_code, reason = "MLIR's C interface")]
fn results_of(operation: raw::MlirOperation, types: &[Type]) -> Vec<Value> {
    let result = |(at, &ty): (usize, &Type)| {
        // SAFETY: the operation was made with so many results.
        let raw = unsafe { raw::mlirOperationGetResult(operation, at as isize) };
        Value { raw, ty, constant: None }
    };
    types.iter().enumerate().map(result).collect()
}

/// MLIR reads it before the call returns.
pub(crate) fn string(text: &str) -> raw::MlirStringRef {
    raw::MlirStringRef { data: text.as_ptr().cast(), length: text.len() }
}
