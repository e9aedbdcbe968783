//! What leads back to itself.

use super::Step;

/// For each node a number that it shares with those that it leads to and that lead to it,
/// directly or through others. Tarjan, 1972, with a stack of its own, because chains of
/// calls are long.
pub(crate) fn circles(count: usize, steps: &[Step]) -> Vec<usize> {
    const NEW: usize = usize::MAX;
    let mut callees: Vec<Vec<usize>> = vec![Vec::new(); count];
    for step in steps {
        callees[step.from].push(step.to);
    }
    let (mut order, mut lowest, mut circle) =
        (vec![NEW; count], vec![NEW; count], vec![NEW; count]);
    let (mut visited, mut found) = (0, 0);
    let mut open: Vec<usize> = Vec::new();
    for start in 0..count {
        // Nodes on the way down, each with its next step.
        let mut way = if order[start] == NEW { vec![(start, 0)] } else { Vec::new() };
        while let Some((at, next)) = way.pop() {
            if next == 0 {
                (order[at], lowest[at]) = (visited, visited);
                visited += 1;
                open.push(at);
            } else {
                let done = callees[at][next - 1];
                if circle[done] == NEW {
                    lowest[at] = lowest[at].min(lowest[done]);
                }
            }
            if let Some(&callee) = callees[at].get(next) {
                way.push((at, next + 1));
                if order[callee] == NEW {
                    way.push((callee, 0));
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
