//! No function may call itself, directly or through others.

use std::collections::{HashMap, HashSet};

use nnc_base::Span;
use nnc_hir::FunctionId;

use crate::cx::Cx;
use crate::errors::names::{Endless, recursion};

impl Cx<'_> {
    /// Reports each circle of calls once, at a call that is part of it.
    pub(crate) fn endless_calls(&mut self) {
        let mut callees: HashMap<FunctionId, Vec<(FunctionId, Span)>> = HashMap::new();
        for &(caller, callee, at) in &self.calls {
            callees.entry(caller).or_default().push((callee, at));
        }
        let mut reported: HashSet<FunctionId> = HashSet::new();
        for id in self.program.functions.ids().collect::<Vec<_>>() {
            let calls = callees.get(&id).map_or(&[][..], Vec::as_slice);
            for &(callee, at) in calls {
                let reached = reachable(callee, &callees);
                if !reached.contains(&id) {
                    continue;
                }
                if !reported.contains(&id) {
                    self.report(recursion(at, Endless::Function));
                }
                reported
                    .extend(reached.iter().filter(|it| reachable(**it, &callees).contains(&id)));
            }
        }
    }
}

/// A function and all that it calls.
fn reachable(
    from: FunctionId,
    callees: &HashMap<FunctionId, Vec<(FunctionId, Span)>>,
) -> HashSet<FunctionId> {
    let mut reached = HashSet::from([from]);
    let mut open = vec![from];
    while let Some(id) = open.pop() {
        for (callee, _) in callees.get(&id).map_or(&[][..], Vec::as_slice) {
            if reached.insert(*callee) {
                open.push(*callee);
            }
        }
    }
    reached
}
