//! The general template: any nest as loops, one of them in lanes.
//!
//! An item is a run of iterations of the shared loop; each iteration runs the stages
//! in order. Loops over the lanes' loop go in whole vectors, and a masked one at the
//! end.

mod map;
mod reduce;
mod running;
mod scatter;
mod softmax;
mod tile;

use crate::context::KernelContext;
use crate::lanes::{Counters, Place};
use nnc_graph::{ReduceOp, Scalar};
use nnc_mlir::{Active, Counter, Hoisted, Typed, Value};
use nnc_plan::{Stage, StageKind, Stages};
use nnc_shape::Dim;

/// How many items there are.
pub(crate) fn items(stages: &Stages) -> Dim {
    (&stages.parallel + &stages.grain - 1).floor_div(&stages.grain)
}

/// What this template does not do, in words that follow "not yet on this target: ".
pub(crate) fn unsupported(stages: &Stages) -> Option<String> {
    stages.stages.iter().find_map(|stage| {
        let lanes = stage.vector.map(|at| (at, stage.loops.get(at)));
        let reduced = matches!(lanes, Some((_, Some(it))) if it.role == nnc_plan::LoopRole::Inner);
        let scatters = matches!(stage.kind, StageKind::Scatter { .. });
        if !stage.out.data.is_empty() && !scatters {
            return Some("writing to positions that come from data".to_owned());
        }
        if matches!(lanes, Some((0, _) | (_, None))) {
            return Some("lanes along the loop that threads share".to_owned());
        }
        match &stage.kind {
            StageKind::Reduce {
                op: op @ (ReduceOp::First | ReduceOp::ArgMax | ReduceOp::ArgMin),
                ..
            } if reduced => Some(format!("`{}` along lanes", op.name())),
            StageKind::Scatter { op, .. } if reduced => {
                Some(format!("`{}` along lanes", op.name()))
            }
            StageKind::Softmax { .. }
            | StageKind::Map { .. }
            | StageKind::Reduce { .. }
            | StageKind::Running { .. }
            | StageKind::Scatter { .. } => None,
        }
    })
}

/// Emits the body of one item.
pub(crate) fn emit(context: &KernelContext<'_>, stages: &Stages) {
    let builder = context.builder;
    let grain = context.dim(&stages.grain);
    let parallel = context.dim(&stages.parallel);
    let first = builder.mul(context.item, grain);
    let end = builder.min_int(builder.add(first, grain), parallel);
    emit_rows(context, stages, None, first, end);
}

/// Emits iterations `from..to` of the shared loop; `image` says where another loop stands, if
/// it is not to be run.
pub(crate) fn emit_rows(
    context: &KernelContext<'_>,
    stages: &Stages,
    image: Option<(usize, Value)>,
    from: Value,
    to: Value,
) {
    context.builder.each(from, to, 1, |part| {
        for stage in &stages.stages {
            let mut counters: Counters = vec![None; stage.loops.len()];
            counters[0] = Some(Counter::fixed(part));
            if let Some((at, image)) = image {
                counters[at] = Some(Counter::fixed(image));
            }
            let loops = Loops { context, stage, counters };
            match &stage.kind {
                StageKind::Map { value } => map::emit(&loops, value),
                StageKind::Reduce { op, guard, value, accumulator, finish } => {
                    let reduction = reduce::Reduction {
                        op: *op,
                        guard: guard.as_ref(),
                        value,
                        accumulator: *accumulator,
                        finish,
                    };
                    reduce::emit(&loops, &reduction);
                }
                StageKind::Softmax { guard, value } => {
                    softmax::emit(&loops, guard.as_ref(), value);
                }
                StageKind::Running { op, backwards, exclusive, value } => {
                    let running = running::Running {
                        reduction: reduce::Reduction::plain(*op, value, stage.elem),
                        backwards: *backwards,
                        exclusive: *exclusive,
                    };
                    running::emit(&loops, &running);
                }
                StageKind::Scatter { op, value, places } => {
                    let reduction = reduce::Reduction::plain(*op, value, stage.elem);
                    scatter::emit(&loops, &reduction, places);
                }
            }
        }
    });
}

/// A stage's loops, some of which have been entered.
#[derive(Clone)]
struct Loops<'a> {
    context: &'a KernelContext<'a>,
    stage: &'a Stage,
    counters: Counters,
}

/// Computes some runs: from the values handed on to those handed further.
type RunBody<'b> = dyn Fn(&[Run], &[Value]) -> Vec<Value> + 'b;

/// A run of lanes: where it starts and which of them count.
#[derive(Clone, Copy)]
struct Run {
    start: Value,
    active: Active,
}

impl<'a> Loops<'a> {
    /// Lanes along the vectorised loop; 1 without one.
    fn lanes(&self) -> u32 {
        if self.stage.vector.is_some() { self.context.lanes() } else { 1 }
    }

    fn extent(&self, at: usize) -> Value {
        self.context.dim(&self.stage.loops[at].extent)
    }

    /// Loops not entered yet, those that are reduced or those that are not, without
    /// the one in lanes.
    fn remaining(&self, reduced: bool) -> Vec<usize> {
        (1..self.stage.loops.len())
            .filter(|&at| {
                let is_reduced = self.stage.loops[at].role == nnc_plan::LoopRole::Inner;
                let is_open = self.counters[at].is_none() && self.stage.vector != Some(at);
                is_reduced == reduced && is_open
            })
            .collect()
    }

    fn at(&self, loop_at: usize, counter: Counter) -> Loops<'a> {
        let mut inside = self.clone();
        inside.counters[loop_at] = Some(counter);
        inside
    }

    /// Inside the loop in lanes.
    fn in_lanes(&self, run: Run) -> Loops<'a> {
        match self.stage.vector {
            Some(at) => self.at(at, Counter::moving(run.start)),
            None => self.clone(),
        }
    }

    fn place(&self, accumulator: Option<Typed>) -> Place<'_> {
        Place {
            context: self.context,
            reads: &self.stage.reads,
            counters: self.counters.clone(),
            accumulator,
            lanes: self.lanes(),
        }
    }

    /// Enters loops, outermost first.
    fn enter(&self, loops: &[usize], body: &dyn Fn(&Loops<'a>)) {
        match loops {
            [] => body(self),
            [first, rest @ ..] => {
                let builder = self.context.builder;
                builder.each(builder.int(0), self.extent(*first), 1, |at| {
                    self.at(*first, Counter::fixed(at)).enter(rest, body);
                });
            }
        }
    }

    /// Enters loops that hand values from one iteration to the next.
    fn fold(
        &self,
        loops: &[usize],
        carried: &[Value],
        body: &dyn Fn(&Loops<'a>, &[Value]) -> Vec<Value>,
    ) -> Vec<Value> {
        match loops {
            [] => body(self, carried),
            [first, rest @ ..] => {
                let builder = self.context.builder;
                let extent = self.extent(*first);
                builder.repeat(builder.int(0), extent, 1, carried, |at, carried| {
                    self.at(*first, Counter::fixed(at)).fold(rest, carried, body)
                })
            }
        }
    }

    /// Calls `body` for runs of lanes that cover the vectorised loop: as many at a time
    /// as it is given.
    fn runs(&self, together: u32, body: &dyn Fn(&[Run])) {
        self.fold_runs(together, &[], &|runs, _| {
            body(runs);
            Vec::new()
        });
    }

    /// [`Loops::runs`] that hands values on.
    fn fold_runs(&self, together: u32, carried: &[Value], body: &RunBody<'_>) -> Vec<Value> {
        let builder = self.context.builder;
        let Some(vector) = self.stage.vector else {
            return body(&[Run { start: builder.int(0), active: Active::ALL }], carried);
        };
        let lanes = self.lanes();
        let extent = self.extent(vector);
        let run = |start: Value| Run { start, active: Active::ALL };
        let whole = |step: i64| {
            let count = builder.div_floor(extent, builder.int(step));
            builder.mul(count, builder.int(step))
        };
        let mut from = builder.int(0);
        let mut carried = carried.to_vec();
        for count in if together > 1 { vec![together, 1] } else { vec![1] } {
            let step = i64::from(count * lanes);
            let end = whole(step);
            carried = builder.repeat(from, end, step, &carried, |at, carried| {
                let runs: Vec<Run> = (0..count)
                    .map(|it| run(builder.add(at, builder.int(i64::from(it * lanes)))))
                    .collect();
                body(&runs, carried)
            });
            from = end;
        }
        let rest = builder.sub(extent, from);
        let some = builder.compare(nnc_graph::Compare::Gt, rest, builder.int(0));
        builder.branch(
            some,
            || {
                let mask = Some(builder.first_lanes(rest, lanes));
                body(&[Run { start: from, active: Active { mask, some: true } }], &carried)
            },
            || carried.clone(),
        )
    }

    /// Emits what can be computed before the loops that are still to be entered.
    fn hoist(&self, scalars: &[(&Scalar, bool)], hoisted: &mut Hoisted) {
        let place = self.place(None);
        let emitter = place.emitter().with_hoisted(hoisted);
        for (scalar, certain) in scalars {
            emitter.hoist(scalar, *certain, hoisted);
        }
    }
}

/// How many nodes an expression has.
fn weight(scalar: &Scalar) -> usize {
    let mut weight = 0;
    scalar.visit(&mut |it| {
        weight += match it {
            // Elementary functions take some twenty instructions.
            Scalar::Unary(..) => 12,
            _ => 1,
        };
    });
    weight
}
