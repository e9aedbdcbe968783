//! Loops, branches and calls.

use crate::builder::Attribute;
use crate::{Builder, Type, Value};
use nnc_graph::Compare;

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

    /// Runs `body` for 0, 1, … below `to` (i64) as long as `goes_on` gives true (i1), which is
    /// asked before each.
    pub fn each_while(&self, to: Value, goes_on: impl FnOnce() -> Value, body: impl FnOnce(Value)) {
        let before = self.region(&[Type::I64], |values| {
            let below = self.compare(Compare::Lt, values[0], to);
            let runs = self.branch(below, || vec![goes_on()], || vec![self.bool(false)]);
            self.op("scf.condition", &[runs[0], values[0]], &[], &[], &[]);
        });
        let (after, _) = self.nested(&[Type::I64], |values| {
            body(values[0]);
            vec![self.add(values[0], self.int(1))]
        });
        self.op("scf.while", &[self.int(0)], &[Type::I64], &[], &[before, after]);
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
