//! The runtime's function in objects that stand alone.
//!
//! Such an object has no thread pool. It calls whatever the host program has put into
//! the exported variable `NAME_parallel_for`, which to begin with is a loop over the
//! items on the calling thread.

use crate::program::PARALLEL_FOR;
use inkwell::builder::BuilderError;
use inkwell::context::Context;
use inkwell::module::{Linkage, Module};
use inkwell::types::BasicMetadataTypeEnum;
use inkwell::values::BasicValue;
use inkwell::{AddressSpace, IntPredicate};

/// The exported variable's name.
pub(crate) fn variable(name: &str) -> String {
    format!("{name}_parallel_for")
}

/// Defines what the kernels' callers call, if they call it.
pub(crate) fn define<'c>(
    context: &'c Context,
    llvm: &Module<'c>,
    name: &str,
) -> Result<(), BuilderError> {
    let Some(parallel_for) = llvm.get_function(PARALLEL_FOR) else { return Ok(()) };
    let builder = context.create_builder();
    let pointer = context.ptr_type(AddressSpace::default());
    let long = context.i64_type();
    let none = context.void_type();
    let parameters: [BasicMetadataTypeEnum<'_>; 3] = [pointer.into(), pointer.into(), long.into()];
    let signature = none.fn_type(&parameters, false);
    let body_signature = none.fn_type(&[pointer.into(), long.into(), long.into()], false);

    let serial = llvm.add_function(&format!("{name}_serial"), signature, Some(Linkage::Internal));
    let entry = context.append_basic_block(serial, "entry");
    let turn = context.append_basic_block(serial, "turn");
    let end = context.append_basic_block(serial, "end");
    let arguments = serial.get_params();
    let [body, frame, items] = [arguments[0], arguments[1], arguments[2]];
    builder.position_at_end(entry);
    let (zero, one) = (long.const_zero(), long.const_int(1, false));
    let items = items.into_int_value();
    let some = builder.build_int_compare(IntPredicate::SGT, items, zero, "some")?;
    builder.build_conditional_branch(some, turn, end)?;
    builder.position_at_end(turn);
    let item = builder.build_phi(long, "item")?;
    let this = item.as_basic_value();
    builder.build_indirect_call(
        body_signature,
        body.into_pointer_value(),
        &[frame.into(), this.into(), zero.into()],
        "",
    )?;
    let next = builder.build_int_add(this.into_int_value(), one, "next")?;
    item.add_incoming(&[(&zero, entry), (&next, turn)]);
    let more = builder.build_int_compare(IntPredicate::SLT, next, items, "more")?;
    builder.build_conditional_branch(more, turn, end)?;
    builder.position_at_end(end);
    builder.build_return(None)?;

    let chosen = llvm.add_global(pointer, None, &variable(name));
    chosen.set_initializer(&serial.as_global_value().as_pointer_value());
    let entry = context.append_basic_block(parallel_for, "entry");
    builder.position_at_end(entry);
    let callee = builder.build_load(pointer, chosen.as_pointer_value(), "callee")?;
    let arguments: Vec<_> =
        parallel_for.get_params().iter().map(|it| it.as_basic_value_enum().into()).collect();
    builder.build_indirect_call(signature, callee.into_pointer_value(), &arguments, "")?;
    builder.build_return(None)?;
    parallel_for.set_linkage(Linkage::Internal);
    Ok(())
}
