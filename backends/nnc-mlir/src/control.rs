//! Loops, branches and calls.

use crate::builder::Attribute;
use crate::{Builder, Type, Value};

impl Builder<'_> {
    /// Runs `body` for `from`, `from + step`, … below `to` (i64), and returns what it
    /// yielded last. `body` is given the counter and the carried values.
    pub fn repeat(
        &self,
        from: Value,
        to: Value,
        step: i64,
        carried: &[Value],
        body: impl FnOnce(Value, &[Value]) -> Vec<Value>,
    ) -> Vec<Value> {
        if let (Some(first), Some(end)) = (from.constant, to.constant) {
            if first >= end {
                return carried.to_vec();
            }
            if end - first <= step {
                return body(from, carried);
            }
        }
        let types: Vec<Type> = carried.iter().map(|it| it.ty).collect();
        let arguments = [&[Type::I64], types.as_slice()].concat();
        let (region, _) = self.nested(&arguments, |values| body(values[0], &values[1..]));
        let step = self.int(step);
        let operands = [&[from, to, step], carried].concat();
        self.op("scf.for", &operands, &types, &[], &[region])
    }

    /// [`Builder::repeat`] that carries nothing.
    pub fn each(&self, from: Value, to: Value, step: i64, body: impl FnOnce(Value)) {
        self.repeat(from, to, step, &[], |at, _| {
            body(at);
            Vec::new()
        });
    }

    /// What one of two regions yields; both yield values of the same types.
    pub fn branch(
        &self,
        condition: Value,
        then: impl FnOnce() -> Vec<Value>,
        otherwise: impl FnOnce() -> Vec<Value>,
    ) -> Vec<Value> {
        match condition.constant {
            Some(0) => return otherwise(),
            Some(_) => return then(),
            None => {}
        }
        let (then, types) = self.nested(&[], |_| then());
        let (otherwise, _) = self.nested(&[], |_| otherwise());
        self.op("scf.if", &[condition], &types, &[], &[then, otherwise])
    }

    /// Runs a region if a condition holds.
    pub fn when(&self, condition: Value, then: impl FnOnce()) {
        let then = || {
            then();
            Vec::new()
        };
        self.branch(condition, then, Vec::new);
    }

    /// Calls a function of the module.
    pub fn call(&self, name: &str, arguments: &[Value], result: Option<Type>) -> Option<Value> {
        let counts = [arguments.len() as i32, 0];
        let attributes = [
            ("callee", Attribute::Symbol(name)),
            ("operandSegmentSizes", Attribute::Ints32(&counts)),
            ("op_bundle_sizes", Attribute::Ints32(&[])),
        ];
        let results: Vec<Type> = result.into_iter().collect();
        self.op("llvm.call", arguments, &results, &attributes, &[]).first().copied()
    }

    /// Calls an LLVM intrinsic by its full name.
    pub fn intrinsic(&self, name: &str, arguments: &[Value], result: Type) -> Value {
        let counts = [arguments.len() as i32, 0];
        let name = format!("\"{name}\"");
        let attributes = [
            ("intrin", Attribute::Text(&name)),
            ("operandSegmentSizes", Attribute::Ints32(&counts)),
            ("op_bundle_sizes", Attribute::Ints32(&[])),
        ];
        self.value("llvm.call_intrinsic", arguments, result, &attributes)
    }
}
