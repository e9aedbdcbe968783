//! Tensors of which several rows of a block tell some rows each: `"qkv.weight"[0..D] = q.weight`.
//!
//! The pieces are put in order when all are known. They have one shape but for their rows, no row
//! is in two of them, and none is in no piece: what nothing reads is said to be ignored.

use std::collections::HashMap;

use nnc_base::{Name, Span};
use nnc_shape::Dim;

use super::FileTensor;
use super::axes::Places;
use super::instantiate::{Builder, Built};
use super::pattern::Pattern;
use crate::errors;

/// A tensor with the pieces that are known of it.
pub(super) struct Sliced {
    name: String,
    pieces: Vec<Piece>,
}

/// Rows of a tensor, with the parameters in them: none where they are ignored.
struct Piece {
    from: i64,
    to: i64,
    span: Span,
    filled: Option<(FileTensor, Places, Vec<usize>)>,
}

impl Builder {
    /// Notes parameters that are some rows of a tensor.
    pub(super) fn slice(
        &mut self,
        tensor: FileTensor,
        places: Places,
        params: &[usize],
        (from, to): &(Dim, Dim),
        value: &dyn Fn(Name) -> Option<i64>,
    ) -> Built<()> {
        let span = tensor.span;
        let (from, to) = numbers(span, &tensor.name, from.eval(value), to.eval(value))?;
        let found = places.shape.first().copied();
        if found != Some(to - from) {
            let param = &self.map.params[params[0]];
            return Err(Box::new(errors::rows(span, &tensor.name, (from, to), found, param)));
        }
        let name = tensor.name.clone();
        let piece = Piece { from, to, span, filled: Some((tensor, places, params.to_vec())) };
        self.piece(name, piece);
        Ok(())
    }

    /// Notes rows that nothing reads, of each tensor that has such a name and of which other
    /// rows are read.
    pub(super) fn leave_out(
        &mut self,
        span: Span,
        pattern: &Pattern,
        (from, to): &(Dim, Dim),
        env: &HashMap<Name, i64>,
    ) {
        let value = |name: Name| env.get(&name).copied();
        let names: Vec<String> = self.sliced.iter().map(|it| it.name.clone()).collect();
        let mut some = false;
        for name in names.into_iter().filter(|name| pattern.matches(name)) {
            some = true;
            match numbers(span, &name, from.eval(&value), to.eval(&value)) {
                Ok((from, to)) => self.piece(name, Piece { from, to, span, filled: None }),
                Err(diagnostic) => self.diagnostics.push(*diagnostic),
            }
        }
        if !some && self.diagnostics.is_empty() {
            self.diagnostics.push(errors::no_other_rows(span, &pattern.to_string()));
        }
    }

    fn piece(&mut self, name: String, piece: Piece) {
        match self.sliced.iter_mut().find(|it| it.name == name) {
            Some(sliced) => sliced.pieces.push(piece),
            None => self.sliced.push(Sliced { name, pieces: vec![piece] }),
        }
    }

    /// Makes one tensor of the pieces of each.
    pub(super) fn join_rows(&mut self) {
        for sliced in std::mem::take(&mut self.sliced) {
            if let Err(diagnostic) = self.joined(sliced) {
                self.diagnostics.push(*diagnostic);
            }
        }
    }

    fn joined(&mut self, sliced: Sliced) -> Built<()> {
        let Sliced { name, mut pieces } = sliced;
        pieces.sort_by_key(|piece| (piece.from, piece.to));
        let mut end = 0;
        let mut before: Option<Span> = None;
        for piece in &pieces {
            if piece.from < end {
                let rows = (piece.from, end.min(piece.to));
                let first = before.unwrap_or(piece.span);
                return Err(Box::new(errors::rows_twice(piece.span, &name, rows, first)));
            }
            if piece.from > end {
                return Err(Box::new(errors::rows_missing(piece.span, &name, (end, piece.from))));
            }
            (end, before) = (piece.to, Some(piece.span));
        }
        let mut whole: Option<(FileTensor, Vec<usize>, Places)> = None;
        let mut left_out = Vec::new();
        for piece in pieces {
            let Some((tensor, places, params)) = piece.filled else {
                left_out.push((piece.from, piece.to));
                continue;
            };
            let row: i64 = places.shape[1..].iter().product();
            let moved = places.views.into_iter().map(|mut view| {
                view.base += (piece.from * row) as u64;
                view
            });
            match &mut whole {
                None => {
                    let mut shape = places.shape;
                    shape[0] = end;
                    whole = Some((tensor, params, Places { shape, views: moved.collect() }));
                }
                Some((first, all, joined)) => {
                    if joined.shape[1..] != places.shape[1..] || first.elem != tensor.elem {
                        let shown = |shape: &[i64], tensor: &FileTensor| {
                            let row: Vec<String> = shape[1..].iter().map(i64::to_string).collect();
                            format!("{}[{}]", tensor.elem, row.join(", "))
                        };
                        let found = shown(&places.shape, &tensor);
                        let wanted = (first.span, shown(&joined.shape, first));
                        return Err(Box::new(errors::other_rows(
                            piece.span, &name, &found, &wanted,
                        )));
                    }
                    first.converts &= tensor.converts;
                    all.extend(params);
                    joined.views.extend(moved);
                }
            }
        }
        let Some((tensor, params, places)) = whole else { return Ok(()) };
        self.add(FileTensor { left_out, axes: None, ..tensor }, places, &params)
    }
}

/// The numbers of rows that a block says.
fn numbers(span: Span, name: &str, from: Option<i64>, to: Option<i64>) -> Built<(i64, i64)> {
    match (from, to) {
        (Some(from), Some(to)) if from >= 0 && from < to => Ok((from, to)),
        (Some(from), Some(to)) => Err(Box::new(errors::no_rows(span, name, from, to))),
        _ => Err(Box::new(errors::open_rows(span, name))),
    }
}
