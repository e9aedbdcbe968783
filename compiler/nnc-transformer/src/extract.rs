//! From a graph to the select-aggregate program that it is.
//!
//! A nest over one axis of the sequence is an operation; one over two, a bool for each
//! query and key, is a selector with a name and is put in where it is read; a reduction
//! over the sequence is an aggregate. Whatever else a graph does is refused.

mod reduction;
mod scalar;

use crate::errors;
use crate::program::{OpId, OpKind, Program, QUERY};
use nnc_base::{Diagnostic, Name, Span};
use nnc_graph::{
    Axis, Elem, Entry, Graph, Literal, Module, Nest, NestKind, Node, NodeId, Op, Scalar, Value,
};
use nnc_shape::Dim;
use std::collections::BTreeMap;

pub(crate) type Extracting<T> = Result<T, Box<Diagnostic>>;

/// What a value of the graph is to the program.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// A value for each position.
    Sequence(OpId),
    /// One value for all positions, which each of them knows.
    Single(OpId),
    /// A value for each pair of positions, along axes that are read at [`QUERY`] and
    /// [`crate::program::KEY`].
    Pair(Scalar),
    /// Numbers of the program.
    Literal(Elem, Vec<Dim>, Literal),
}

pub(crate) struct Extractor<'a> {
    pub graph: &'a Graph,
    pub program: Program,
    /// The size of the sequence.
    pub length: Name,
    forms: BTreeMap<Value, Form>,
    /// Where the node that is being read stands.
    pub span: Span,
}

/// The entry of a module as operations on a sequence.
///
/// Its only input are the tokens, with a constant number of different ones; its only size
/// that is known when it runs is their number, which has a greatest value.
pub fn extract(module: &Module, entry: &Entry) -> Result<Program, Box<Diagnostic>> {
    let graph = &module.graphs[entry.graph];
    let result = graph.outputs.first().map(|it| graph.node(it.node).span);
    let at = result.unwrap_or(Span::NONE);
    let tokens = tokens(graph, entry, at)?;
    let program = Program {
        name: entry.name.to_string(),
        vocab: tokens.vocab,
        length: tokens.most,
        input: entry.inputs.first().map_or_else(String::new, |it| it.name.to_string()),
        output: 0,
        output_name: entry.outputs.first().map_or_else(String::new, |it| it.name.to_string()),
        ops: Vec::new(),
    };
    let mut extractor = Extractor {
        graph,
        program,
        length: tokens.length,
        forms: BTreeMap::new(),
        span: Span::NONE,
    };
    extractor.program.intern(OpKind::Tokens, Elem::I32, Span::NONE);
    extractor.program.intern(OpKind::Position, Elem::I32, Span::NONE);
    let &[output] = graph.outputs.as_slice() else {
        return Err(Box::new(errors::no_function(
            at,
            format!("it gives {} sequences", graph.outputs.len()),
            "a transformer made of a program gives one value for each position",
            "write a function for each result",
        )));
    };
    let live = live(graph, output);
    for (id, node) in graph.nodes().filter(|(id, _)| live.contains(id)) {
        extractor.span = node.span;
        let form = extractor.node(id, node)?;
        extractor.forms.insert(Value::of(id), form);
    }
    extractor.span = at;
    match extractor.form(output)? {
        Form::Sequence(op) => extractor.program.output = op,
        Form::Single(_) | Form::Pair(_) | Form::Literal(..) => {
            return Err(Box::new(errors::no_function(
                at,
                format!("its result is {}", graph.ty(output)),
                "a transformer gives one value for each position of its input",
                "give the value at every position: `let y[q: T] = …`",
            )));
        }
    }
    Ok(extractor.program)
}

struct Tokens {
    vocab: i64,
    length: Name,
    most: i64,
}

/// That the entry takes nothing but tokens.
fn tokens(graph: &Graph, entry: &Entry, at: Span) -> Extracting<Tokens> {
    let refuse = |what: String| {
        Err(Box::new(errors::no_function(
            at,
            what,
            "it maps one sequence of tokens to a sequence, `(tok: Token<V>[T]) -> …[T]`, with a \
             number for V and a greatest T",
            "wrap it in a function of the tokens alone: `fn f(tok: Token<4>[T]) -> int[T] = g(tok, 1)`",
        )))
    };
    let ([input], [ty]) = (entry.inputs.as_slice(), graph.inputs.as_slice()) else {
        return refuse(format!("it has {} inputs", entry.inputs.len()));
    };
    let bound = input.index_bound.as_ref().and_then(Dim::as_constant);
    let (Some(vocab), [axis]) = (bound, ty.shape.as_slice()) else {
        return refuse(format!("`{}` is {ty}", input.name));
    };
    let Some(length) = axis.as_var() else {
        return refuse(format!("`{}` is {ty}, of one length", input.name));
    };
    let most = graph.dims.iter().find(|it| it.name == length).and_then(|it| it.max);
    match (most, graph.dims.as_slice()) {
        (Some(most), [_]) => Ok(Tokens { vocab, length, most }),
        (None, _) => refuse(format!("`{length}` has no greatest value")),
        (_, dims) => {
            let names: Vec<&str> = dims.iter().map(|it| it.name.as_str()).collect();
            refuse(format!("it has the sizes {}", names.join(", ")))
        }
    }
}

/// The nodes that a value depends on.
fn live(graph: &Graph, output: Value) -> Vec<NodeId> {
    let mut live = vec![output.node];
    let mut next = 0;
    while next < live.len() {
        for operand in &graph.node(live[next]).operands {
            if !live.contains(&operand.node) {
                live.push(operand.node);
            }
        }
        next += 1;
    }
    live
}

impl Extractor<'_> {
    pub(crate) fn form(&self, value: Value) -> Extracting<Form> {
        let form = self.forms.get(&value).cloned();
        form.ok_or_else(|| self.refuse("an operation with several results"))
    }

    pub(crate) fn refuse(&self, what: impl Into<String>) -> Box<Diagnostic> {
        Box::new(errors::no_sequence(
            self.span,
            what,
            "it consists of functions of single values, of selectors, and of `count`, `sum`, \
             `mean`, `any`, `all`, `pick`, `max` and `min` over selected positions",
            "write it with these in index notation",
        ))
    }

    fn node(&mut self, id: NodeId, node: &Node) -> Extracting<Form> {
        match &node.op {
            Op::Input(_) => Ok(Form::Sequence(0)),
            Op::Const(literal) => {
                let ty = self.graph.ty(Value::of(id));
                Ok(Form::Literal(ty.elem, ty.shape.clone(), literal.clone()))
            }
            Op::Nest(nest) => self.nest(node, nest),
            Op::Param(id) => {
                let name = &self.graph.params[*id].name;
                Err(self.refuse(format!("it reads the parameter `{name}`")))
            }
            Op::Write { .. } => Err(self.refuse("parts of a tensor are written one by one")),
            Op::Order { .. } => Err(self.refuse("an order of values")),
            Op::Running(_) => Err(self.refuse("a running result")),
            Op::Scatter { .. } => Err(self.refuse("a scatter")),
            Op::Reshape => Err(self.refuse("axes are merged or split")),
            Op::Scan(_) => Err(self.refuse("a `scan` goes through the positions one by one")),
            Op::Call(_) => Err(self.refuse("a `fold` over layers")),
        }
    }

    fn nest(&mut self, node: &Node, nest: &Nest) -> Extracting<Form> {
        if !nest.is_ungrouped() {
            return Err(self.refuse("axes are merged or split"));
        }
        self.along_the_sequence(&nest.axes)?;
        match &nest.kind {
            NestKind::Map { value } => {
                let sides: Vec<_> = (0..nest.axes.len() as u32).map(nnc_graph::Var).collect();
                if nest.axes.len() > 2 {
                    return Err(self.refuse(format!("a tensor of {} axes", nest.axes.len())));
                }
                let value = self.scalar(node, value, &|var| sides.contains(&var).then_some(var))?;
                if nest.axes.len() == 2 {
                    return Ok(Form::Pair(value));
                }
                let op = self.map(value, nest.elem);
                Ok(if nest.axes.is_empty() { Form::Single(op) } else { Form::Sequence(op) })
            }
            NestKind::Reduce(reduction) => {
                if nest.axes.len() > 1 {
                    return Err(self.refuse("a reduction for each pair of positions"));
                }
                self.along_the_sequence(&reduction.axes)?;
                if reduction.axes.len() != 1 {
                    return Err(self.refuse("a reduction over pairs of positions"));
                }
                let op = self.reduction(node, nest, reduction)?;
                Ok(if nest.axes.is_empty() { Form::Single(op) } else { Form::Sequence(op) })
            }
            NestKind::Softmax { .. } => Err(self.refuse("a softmax, which is no selector")),
        }
    }

    /// A function at each position, or the operation that it only repeats.
    pub(crate) fn map(&mut self, value: Scalar, elem: Elem) -> OpId {
        match crate::program::as_read(&value) {
            Some((op, QUERY)) => op,
            _ => self.program.intern(OpKind::Map(value), elem, self.span),
        }
    }

    fn along_the_sequence(&self, axes: &[Axis]) -> Extracting<()> {
        match axes.iter().find(|axis| axis.extent.as_var() != Some(self.length)) {
            None => Ok(()),
            Some(axis) => Err(self.refuse(format!(
                "the index `{}` ranges over {} and not over the sequence, {}",
                axis.name, axis.extent, self.length
            ))),
        }
    }
}
