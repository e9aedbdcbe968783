//! Expressions of a nest as expressions over operations.

use super::{Extracting, Extractor, Form};
use crate::program::{
    Aggregate, Gather, KEY, OpId, OpKind, QUERY, Selector, moved, read, reads, replace_reads, terms,
};
use nnc_base::Diagnostic;
use nnc_graph::{Affine, Binary, Compare, Elem, Index, Literal, Node, Scalar, Var};

/// Tables of numbers in a program may have so many entries.
const MOST_ENTRIES: usize = 256;

/// The position, [`QUERY`] or [`KEY`], that an index variable is.
pub(super) type Sides<'a> = dyn Fn(Var) -> Option<Var> + 'a;

impl Extractor<'_> {
    /// A scalar of a node over operations at the positions that its variables are.
    pub(super) fn scalar(
        &mut self,
        node: &Node,
        scalar: &Scalar,
        sides: &Sides<'_>,
    ) -> Extracting<Scalar> {
        Ok(match scalar {
            Scalar::Read { operand, at } => {
                let value = node.operands.get(*operand as usize).copied();
                let value = value.ok_or_else(|| self.refuse("a read of nothing"))?;
                self.element(node, self.form(value)?, at, sides)?
            }
            Scalar::Index { elem, value } => cast_from_int(*elem, self.affine(value, sides)?),
            Scalar::Acc | Scalar::Float { .. } | Scalar::Int { .. } | Scalar::Bool(_) => {
                scalar.clone()
            }
            Scalar::Unary(op, value) => Scalar::unary(*op, self.scalar(node, value, sides)?),
            Scalar::Cast { to, value } => Scalar::cast(*to, self.scalar(node, value, sides)?),
            Scalar::Binary(op, left, right) => {
                let left = self.scalar(node, left, sides)?;
                Scalar::binary(*op, left, self.scalar(node, right, sides)?)
            }
            Scalar::Compare(op, left, right) => {
                let left = self.scalar(node, left, sides)?;
                Scalar::compare(*op, left, self.scalar(node, right, sides)?)
            }
            Scalar::Select { condition, then, otherwise } => {
                let condition = self.scalar(node, condition, sides)?;
                let then = self.scalar(node, then, sides)?;
                Scalar::select(condition, then, self.scalar(node, otherwise, sides)?)
            }
        })
    }

    /// The element of an operand.
    fn element(
        &mut self,
        node: &Node,
        form: Form,
        at: &[Index],
        sides: &Sides<'_>,
    ) -> Extracting<Scalar> {
        match form {
            Form::Single(op) => Ok(read(op, QUERY)),
            Form::Sequence(op) => {
                let [index] = at else { return Err(self.refuse("a sequence of several axes")) };
                let plain = index.as_affine().and_then(Affine::as_var).and_then(sides);
                match plain {
                    Some(side) => Ok(read(op, side)),
                    None => self.elsewhere(node, op, index, sides),
                }
            }
            Form::Pair(value) => {
                let mut places = Vec::new();
                for index in at {
                    let side = index.as_affine().and_then(Affine::as_var).and_then(sides);
                    places.push(side.ok_or_else(|| {
                        self.unseparated("it reads a selector at computed positions")
                    })?);
                }
                Ok(replace_reads(&value, &mut |op, side| {
                    read(op, places.get(side.0 as usize).copied().unwrap_or(side))
                }))
            }
            Form::Literal(elem, shape, literal) => {
                let number = |at: usize| match &literal {
                    Literal::Floats(items) => {
                        items.get(at).map(|value| Scalar::Float { elem, value: *value })
                    }
                    Literal::Ints(items) => {
                        items.get(at).map(|value| Scalar::Int { elem, value: *value })
                    }
                    Literal::Bools(items) => items.get(at).map(|value| Scalar::Bool(*value)),
                };
                let entries = literal.len();
                match (shape.len(), at) {
                    (0, _) => number(0).ok_or_else(|| self.refuse("an empty table")),
                    (1, [index]) if entries <= MOST_ENTRIES => {
                        let index = self.index(node, index, sides)?;
                        let mut value = number(0).ok_or_else(|| self.refuse("an empty table"))?;
                        for entry in 1..entries {
                            let here = Scalar::compare(
                                Compare::Eq,
                                index.clone(),
                                Scalar::int(entry as i64),
                            );
                            value =
                                Scalar::select(here, number(entry).unwrap_or(value.clone()), value);
                        }
                        Ok(value)
                    }
                    (1, _) => Err(self.refuse(format!("a table of {entries} numbers"))),
                    (axes, _) => Err(self.refuse(format!("a table of {axes} axes"))),
                }
            }
        }
    }

    /// A place along an axis as an i32.
    fn index(&mut self, node: &Node, index: &Index, sides: &Sides<'_>) -> Extracting<Scalar> {
        match index {
            Index::Affine(affine) => self.affine(affine, sides),
            Index::Data(value) => self.scalar(node, value, sides),
        }
    }

    /// A sequence read at a computed position: what `pick[k | k == index] x[k]` gives.
    fn elsewhere(
        &mut self,
        node: &Node,
        op: OpId,
        index: &Index,
        sides: &Sides<'_>,
    ) -> Extracting<Scalar> {
        let place = self.index(node, index, sides)?;
        let positions: Vec<Var> = reads(&place).into_iter().map(|it| it.1).collect();
        let side = if positions.contains(&KEY) { KEY } else { QUERY };
        // Sizes are the same at every position, so that they are on either side.
        let foreign =
            reads(&place).into_iter().any(|(read, at)| at != side && !self.known_everywhere(read));
        if foreign {
            return Err(self.unseparated("it reads a position that depends on query and key"));
        }
        let here = Scalar::compare(Compare::Eq, read(1, KEY), moved(&place, QUERY));
        let elem = self.program.op(op).elem;
        let gather = Gather::Choose { order: None, value: read(op, KEY), otherwise: zero(elem) };
        let selector = Selector { conditions: vec![here] };
        let kind = OpKind::Aggregate(Aggregate { selector, gather });
        let found = self.program.intern(kind, elem, self.span);
        Ok(read(found, side))
    }

    /// An index expression over positions and the length.
    fn affine(&mut self, affine: &Affine, sides: &Sides<'_>) -> Extracting<Scalar> {
        let terms = terms(affine).ok_or_else(|| self.refuse("a position times a size"))?;
        let (per_length, constant) = affine
            .offset
            .affine_in(self.length)
            .and_then(|(factor, rest)| Some((factor.as_constant()?, rest.as_constant()?)))
            .ok_or_else(|| self.refuse(format!("the size {}", affine.offset)))?;
        let mut sum: Option<Scalar> = None;
        let mut add = |term: Scalar| {
            sum = Some(match sum.take() {
                Some(sum) => Scalar::binary(Binary::Add, sum, term),
                None => term,
            });
        };
        for (var, factor) in terms {
            let side = sides(var).ok_or_else(|| self.refuse("an index that is not bound"))?;
            add(times(factor, read(1, side)));
        }
        if per_length != 0 {
            let length = self.length_op();
            add(times(per_length, read(length, QUERY)));
        }
        if constant != 0 || sum.is_none() {
            let constant = Scalar::int(constant);
            sum = Some(match sum.take() {
                Some(sum) => Scalar::binary(Binary::Add, sum, constant),
                None => constant,
            });
        }
        sum.ok_or_else(|| self.refuse("an empty index"))
    }

    /// The sequence's length: how many positions all of them select.
    fn length_op(&mut self) -> OpId {
        let aggregate = Aggregate { selector: Selector::default(), gather: Gather::Count };
        self.program.intern(OpKind::Aggregate(aggregate), Elem::I32, self.span)
    }

    /// Whether an operation is the same at all positions for what it is made of.
    pub(super) fn known_everywhere(&self, op: OpId) -> bool {
        match &self.program.op(op).kind {
            OpKind::Tokens | OpKind::Position => false,
            OpKind::Map(value) => reads(value).into_iter().all(|(op, _)| self.known_everywhere(op)),
            OpKind::Aggregate(aggregate) => aggregate
                .scalars()
                .into_iter()
                .flat_map(reads)
                .all(|(op, side)| side == KEY || self.known_everywhere(op)),
        }
    }

    pub(super) fn unseparated(&self, what: &str) -> Box<Diagnostic> {
        Box::new(crate::errors::no_aggregate(
            self.span,
            what,
            "a selector compares what stands at the query with what stands at the key; what is \
             aggregated stands at the key alone",
            "move what concerns both into the guard, or combine the aggregate with the query's \
             value afterwards",
        ))
    }
}

fn times(factor: i64, value: Scalar) -> Scalar {
    if factor == 1 { value } else { Scalar::binary(Binary::Mul, Scalar::int(factor), value) }
}

fn cast_from_int(elem: Elem, value: Scalar) -> Scalar {
    if elem == Elem::I32 { value } else { Scalar::cast(elem, value) }
}

/// What an empty `pick` gives.
pub(super) fn zero(elem: Elem) -> Scalar {
    match elem {
        Elem::Bool => Scalar::Bool(false),
        elem if elem.is_float() => Scalar::Float { elem, value: 0.0 },
        elem => Scalar::Int { elem, value: 0 },
    }
}
