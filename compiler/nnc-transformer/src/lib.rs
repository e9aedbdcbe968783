//! Select-aggregate programs, as in RASP, as the weights of transformers.
//!
//! [`extract`] reads a graph as a [`Program`] of operations on sequences, or says what in
//! it is none; [`compile`] makes the weights of a transformer that computes the same on
//! every input up to the program's greatest length; [`Transformer::text`] is the model in
//! the language that they are for. The way is that of Tracr (Lindner et al., 2023): a
//! residual stream with a direction for each value, heads made of selectors, MLPs made of
//! functions, and a position at the beginning to attend to where nothing is selected.
//!
//! Read [`Program`] first, then `analysis` (which values an operation can have), `circuit`
//! (what stands in which layer) and `weights` (why the numbers are exact).
//!
//! This crate does not know the surface language, how programs are loaded, or files:
//! whoever calls it writes the text and the tensors.

mod analysis;
mod circuit;
mod errors;
mod explain;
mod extract;
mod limits;
mod possible;
mod program;
mod sums;
mod table;
mod transformer;
mod value;
mod weights;

pub use explain::{codes, explain};
pub use extract::extract;
pub use program::{Aggregate, Gather, KEY, Op, OpId, OpKind, Order, Program, QUERY, Selector};
pub use transformer::{Sizes, Transformer, Weight};
pub use value::Value;
pub use weights::Options;

use nnc_base::Diagnostic;

/// The transformer that computes what the program does.
///
/// It gives the program's values exactly: for floats, those that the reference evaluator
/// computes. Whatever cannot be compiled exactly is refused.
pub fn compile(program: &Program, options: Options) -> Result<Transformer, Box<Diagnostic>> {
    let mut analysis = analysis::Analysis::new(program)?;
    let circuit = circuit::build(&mut analysis)?;
    let mut sparse = weights::write(&circuit, program.vocab, program.length, options)?;
    weights::prune(&mut sparse);
    let elem = program.op(program.output).elem;
    Ok(Transformer::new(&program.name, &sparse, elem))
}

#[cfg(test)]
mod tests;
