//! Rows in order.

use super::Planner;
use crate::{Address, KernelKind, Loop, LoopRole, Sort};
use nnc_graph::{
    Affine, Axis, Binary, Compare, Elem, Index, Nest, NestKind, NodeId, ReduceOp, Scalar, Value,
    Var,
};
use nnc_shape::Dim;

/// So many searches take less time than a sort.
const MOST_SEARCHES: i64 = 8;

impl Planner<'_> {
    /// A few of the greatest are found by searching for each; else rows are sorted.
    pub(super) fn sort(&mut self, id: NodeId, descending: bool, k: &Dim) {
        let extent = self.buffers[self.operand(id, 0)].shape.last().cloned();
        let Some(extent) = extent else { return };
        match k.as_constant() {
            Some(k) if descending && k <= MOST_SEARCHES => self.search(id, k),
            _ => self.sorted(id, descending, k, extent),
        }
    }

    fn sorted(&mut self, id: NodeId, descending: bool, k: &Dim, extent: Dim) {
        let source = self.operand(id, 0);
        let values = self.result(Value::of(id));
        let positions = self.result(Value { node: id, result: 1 });
        let shape = &self.buffers[source].shape;
        let loops = shape.iter().take(shape.len() - 1).enumerate().map(|(at, extent)| Loop {
            name: format!("i{at}"),
            extent: extent.clone(),
            role: LoopRole::Batch,
        });
        let sort = Sort {
            loops: loops.collect(),
            extent,
            descending,
            count: k.clone(),
            source: self.whole(source),
            values: self.whole(values),
            positions: self.whole(positions),
        };
        self.launch("sort".to_owned(), KernelKind::Sort(sort), id);
    }

    /// The k greatest by k searches, each past what the ones before have found.
    fn search(&mut self, id: NodeId, k: i64) {
        let source = self.operand(id, 0);
        let values = self.result(Value::of(id));
        let positions = self.result(Value { node: id, result: 1 });
        let shape = self.buffers[source].shape.clone();
        let elem = self.buffers[source].elem;
        let Some((last, leading)) = shape.split_last() else { return };
        let axes: Vec<Axis> = leading
            .iter()
            .enumerate()
            .map(|(at, extent)| Axis {
                name: format!("i{at}").as_str().into(),
                extent: extent.clone(),
            })
            .collect();
        let plain: Vec<Index> = (0..axes.len()).map(|at| Index::var(Var(at as u32))).collect();
        let at_position = |index: Index| [plain.clone(), vec![index]].concat();
        let operand = |it: u32| if it == 0 { source } else { positions };
        for step in 0..k {
            let candidate = Var(axes.len() as u32);
            let guard = (0..step)
                .map(|earlier| {
                    let found = Scalar::read(1, at_position(Affine::constant(earlier).into()));
                    let here = Scalar::Index { elem: Elem::I32, value: Affine::var(candidate) };
                    Scalar::compare(Compare::Ne, here, found)
                })
                .reduce(|left, right| Scalar::binary(Binary::And, left, right));
            let search = Nest {
                axes: axes.clone(),
                groups: vec![1; axes.len()],
                elem: Elem::I32,
                kind: NestKind::Reduce(nnc_graph::Reduction {
                    op: ReduceOp::ArgMax,
                    axes: vec![Axis { name: "candidate".into(), extent: last.clone() }],
                    guard,
                    value: Scalar::read(0, at_position(Index::var(candidate))),
                    accumulator: elem,
                    finish: Scalar::Acc,
                }),
            };
            let fetch = Nest {
                axes: axes.clone(),
                groups: vec![1; axes.len()],
                elem,
                kind: NestKind::Map {
                    value: Scalar::read(
                        0,
                        at_position(Index::Data(Box::new(Scalar::read(
                            1,
                            at_position(Affine::constant(step).into()),
                        )))),
                    ),
                },
            };
            for (nest, into) in [(&search, positions), (&fetch, values)] {
                let buffer = &self.buffers[into];
                let (stride, leading) = match buffer.strides.split_last() {
                    Some((stride, leading)) => (stride.clone(), leading.to_vec()),
                    None => continue,
                };
                let out = Address {
                    buffer: into,
                    offset: &buffer.origin + &(stride * step),
                    strides: leading,
                    data: Vec::new(),
                };
                self.nest_stage("search".to_owned(), nest, &operand, out, false, id);
            }
        }
    }
}
