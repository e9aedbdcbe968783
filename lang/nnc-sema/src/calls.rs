//! No function may call itself, directly or through others.

use std::collections::HashSet;

use nnc_base::Span;
use nnc_hir::FunctionId;

use crate::cx::Cx;
use crate::errors::names::{Endless, recursion};

impl Cx<'_> {
    /// Reports each circle of calls once, at a call that is part of it.
    pub(crate) fn endless_calls(&mut self) {
        let mut callees: Vec<Vec<(FunctionId, Span)>> =
            vec![Vec::new(); self.program.functions.len()];
        for &(caller, callee, at) in &self.calls {
            callees[caller.index()].push((callee, at));
        }
        let circles = circles(&callees);
        let mut reported: HashSet<usize> = HashSet::new();
        for (caller, calls) in callees.iter().enumerate() {
            let circle = circles[caller];
            let inside = calls.iter().find(|(callee, _)| circles[callee.index()] == circle);
            if let Some((_, at)) = inside
                && reported.insert(circle)
            {
                self.report(recursion(*at, Endless::Function));
            }
        }
    }
}

/// For each function a number that it shares with those that it calls and that call it,
/// directly or through others. Tarjan, 1972, with a stack of its own, because chains of
/// calls are long.
fn circles(callees: &[Vec<(FunctionId, Span)>]) -> Vec<usize> {
    const NEW: usize = usize::MAX;
    let count = callees.len();
    let (mut order, mut lowest, mut circle) =
        (vec![NEW; count], vec![NEW; count], vec![NEW; count]);
    let (mut visited, mut found) = (0, 0);
    let mut open: Vec<usize> = Vec::new();
    for start in 0..count {
        // Functions on the way down, each with its next call.
        let mut way = if order[start] == NEW { vec![(start, 0)] } else { Vec::new() };
        while let Some((at, next)) = way.pop() {
            if next == 0 {
                (order[at], lowest[at]) = (visited, visited);
                visited += 1;
                open.push(at);
            } else {
                let done = callees[at][next - 1].0.index();
                if circle[done] == NEW {
                    lowest[at] = lowest[at].min(lowest[done]);
                }
            }
            if let Some((callee, _)) = callees[at].get(next) {
                way.push((at, next + 1));
                if order[callee.index()] == NEW {
                    way.push((callee.index(), 0));
                }
                continue;
            }
            if lowest[at] == order[at] {
                while let Some(member) = open.pop() {
                    circle[member] = found;
                    if member == at {
                        break;
                    }
                }
                found += 1;
            }
        }
    }
    circle
}
