//! The C header of a compiled program.
//!
//! Each entry is a typed inline function around the one symbol that the object exports
//! for it; what the program was compiled for is checked there, once a call.

use crate::hook;
use crate::program::{c_name, entry_symbol};
use nnc_backend::Interface;
use nnc_base::Name;
use nnc_graph::{Elem, Module};
use nnc_plan::{Body, Plan};
use nnc_shape::{Algebra, Dim, Fact};
use std::fmt::Write;

/// The header's text.
pub(crate) fn write(module: &Module, plan: &Plan, name: &str, scratch: u64) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = header(&mut text, module, plan, name, scratch);
    text
}

fn header(
    out: &mut String,
    module: &Module,
    plan: &Plan,
    name: &str,
    scratch: u64,
) -> std::fmt::Result {
    let guard = format!("NNC_{}_H", name.to_ascii_uppercase());
    let upper = name.to_ascii_uppercase();
    let arena = plan.entries.iter().map(|it| plan.bodies[it.body].arena_bytes).max().unwrap_or(0);
    writeln!(out, "/* {name}, compiled by nnc {}. */", env!("CARGO_PKG_VERSION"))?;
    writeln!(out, "#ifndef {guard}\n#define {guard}\n")?;
    writeln!(out, "#include <stdint.h>\n")?;
    writeln!(out, "#ifdef __cplusplus\nextern \"C\" {{\n#endif\n")?;
    writeln!(
        out,
        "/* Memory that the caller provides, each part aligned to 64 bytes. The weights are \
         the file\n * that was written beside the code; scratch is needed once for each \
         thread. */"
    )?;
    writeln!(out, "#define {upper}_WEIGHTS_BYTES UINT64_C({})", plan.weights_bytes)?;
    writeln!(out, "#define {upper}_ARENA_BYTES UINT64_C({arena})")?;
    writeln!(out, "#define {upper}_SCRATCH_BYTES UINT64_C({scratch})\n")?;
    writeln!(
        out,
        "typedef struct {{\n    void *arena;\n    const void *weights;\n    void *scratch;\n}} \
         {name}_memory;\n"
    )?;
    writeln!(
        out,
        "/* Runs items in any order, on as many threads as there is scratch for; `thread` is \
         the number\n * of the thread, from 0. To begin with: a loop on the calling thread. */"
    )?;
    writeln!(
        out,
        "typedef void (*{name}_item)(uint64_t *frame, int64_t item, int64_t thread);\nextern void \
         (*{})({name}_item run, uint64_t *frame, int64_t items);\n",
        hook::variable(name)
    )?;
    writeln!(out, "enum {{\n    {upper}_OK = 0,\n    {upper}_SIZE = 1, /* a size out of range */")?;
    writeln!(out, "    {upper}_INDEX = 2 /* an integer that is no position of its table */\n}};")?;
    for (at, interface) in Interface::of(module).iter().enumerate() {
        let body = &plan.bodies[plan.entries[at].body];
        let symbol = entry_symbol(name, plan, at);
        entry(out, interface, body, name, &symbol)?;
    }
    writeln!(out, "\n#ifdef __cplusplus\n}}\n#endif\n\n#endif")
}

fn entry(
    out: &mut String,
    interface: &Interface,
    body: &Body,
    name: &str,
    symbol: &str,
) -> std::fmt::Result {
    let upper = name.to_ascii_uppercase();
    let inputs = &interface.entry.inputs;
    let others: Vec<usize> = (0..interface.outputs.len())
        .filter(|&at| body.outputs[at] as usize >= inputs.len())
        .collect();
    writeln!(out, "\nvoid {symbol}(uint64_t *frame);\n")?;
    writeln!(out, "/* Tensors are row-major:")?;
    for (input, ty) in inputs.iter().zip(&interface.inputs) {
        writeln!(out, " *   {} : {ty}", c_name(input.name.as_str()))?;
    }
    for &at in &others {
        let output = c_name(interface.entry.outputs[at].name.as_str());
        writeln!(out, " *   {output} : {}, written", interface.outputs[at])?;
    }
    for update in &interface.entry.updates {
        writeln!(out, " * Afterwards {} is {}.", c_name(update.dim.as_str()), update.value)?;
    }
    writeln!(out, " */")?;
    let entry = interface.entry.name;
    write!(out, "static inline int {name}_{}(const {name}_memory *memory", c_name(entry.as_str()))?;
    for dim in &interface.dims {
        write!(out, ", int64_t {}", c_dim(dim.name))?;
    }
    for (at, input) in inputs.iter().enumerate() {
        let kept = if overwritten(body, at) { "" } else { "const " };
        let ty = c_type(interface.inputs[at].elem);
        write!(out, ", {kept}{ty} *{}", c_tensor(input.name))?;
    }
    for &at in &others {
        let ty = c_type(interface.outputs[at].elem);
        write!(out, ", {ty} *{}_out", c_tensor(interface.entry.outputs[at].name))?;
    }
    writeln!(out, ") {{")?;
    for dim in &interface.dims {
        let variable = c_dim(dim.name);
        write!(out, "    if ({variable} < {}", dim.min)?;
        if let Some(max) = dim.max {
            write!(out, " || {variable} > {max}")?;
        }
        writeln!(out, ") return {upper}_SIZE;")?;
    }
    for fact in &interface.facts {
        writeln!(out, "    if (!({})) return {upper}_SIZE;", c_fact(fact))?;
    }
    for (at, input) in inputs.iter().enumerate() {
        let Some(bound) = &input.index_bound else { continue };
        let count = c_expression(&interface.inputs[at].size());
        let tensor = c_tensor(input.name);
        writeln!(out, "    for (int64_t at = 0; at < {count}; at++)")?;
        writeln!(
            out,
            "        if ({tensor}[at] < 0 || {tensor}[at] >= {}) return {upper}_INDEX;",
            c_expression(bound)
        )?;
    }
    let words = 3 + interface.dims.len() + body.pointers.len();
    writeln!(out, "    uint64_t frame[{words}] = {{")?;
    writeln!(
        out,
        "        (uint64_t)(uintptr_t)memory->arena, (uint64_t)(uintptr_t)memory->weights,"
    )?;
    writeln!(out, "        (uint64_t)(uintptr_t)memory->scratch,")?;
    for dim in &interface.dims {
        writeln!(out, "        (uint64_t){},", c_dim(dim.name))?;
    }
    for input in inputs {
        writeln!(out, "        (uint64_t)(uintptr_t){},", c_tensor(input.name))?;
    }
    let mut by_pointer: Vec<(u32, usize)> =
        others.iter().map(|&at| (body.outputs[at], at)).collect();
    by_pointer.sort_unstable();
    for (_, at) in by_pointer {
        let tensor = c_tensor(interface.entry.outputs[at].name);
        writeln!(out, "        (uint64_t)(uintptr_t){tensor}_out,")?;
    }
    writeln!(out, "    }};\n    {symbol}(frame);\n    return {upper}_OK;\n}}")
}

/// Whether an input's memory holds something else after a run.
fn overwritten(body: &Body, input: usize) -> bool {
    body.overwrites.get(input).copied().unwrap_or(false)
        || body.outputs.iter().any(|&at| at as usize == input)
}

fn c_dim(name: Name) -> String {
    format!("size_{}", c_name(name.as_str()))
}

fn c_tensor(name: Name) -> String {
    format!("tensor_{}", c_name(name.as_str()))
}

/// 16-bit floats are their bits.
fn c_type(elem: Elem) -> &'static str {
    match elem {
        Elem::F64 => "double",
        Elem::F32 => "float",
        Elem::F16 | Elem::BF16 => "uint16_t",
        Elem::I64 => "int64_t",
        Elem::I32 => "int32_t",
        Elem::I8 => "int8_t",
        Elem::U8 | Elem::Bool => "uint8_t",
    }
}

fn c_fact(fact: &Fact) -> String {
    match fact {
        Fact::Equal(left, right) => format!("{} == {}", c_expression(left), c_expression(right)),
        Fact::AtLeast(left, right) => format!("{} >= {}", c_expression(left), c_expression(right)),
        Fact::Divides { divisor, of } => {
            format!("{} % {} == 0", c_expression(of), c_expression(divisor))
        }
    }
}

fn c_expression(dim: &Dim) -> String {
    dim.fold(&mut CText)
}

/// Dims as C expressions; divisors are positive.
struct CText;

impl Algebra for CText {
    type Value = String;

    fn constant(&mut self, value: i64) -> String {
        format!("INT64_C({value})")
    }

    fn var(&mut self, name: Name) -> String {
        c_dim(name)
    }

    fn add(&mut self, left: String, right: String) -> String {
        format!("({left} + {right})")
    }

    fn mul(&mut self, left: String, right: String) -> String {
        format!("({left} * {right})")
    }

    fn floor_div(&mut self, dividend: String, divisor: String) -> String {
        // C rounds towards zero.
        format!("(({dividend}) / ({divisor}) - (({dividend}) % ({divisor}) < 0))")
    }

    fn min(&mut self, left: String, right: String) -> String {
        format!("({left} < {right} ? {left} : {right})")
    }

    fn max(&mut self, left: String, right: String) -> String {
        format!("({left} > {right} ? {left} : {right})")
    }
}
