//! Values on the way to a result, which a run may read or replace.
//!
//! Each `let` of a function and each result of a call is a *trace point*. Its name says
//! where it is: `blocks.3.attn.p` is the `let p` in the function without a name of
//! `blocks[3].attn`, `blocks.3.attn` what that function gives, and `blocks.3.attn.softcap.y`
//! a `let y` in the function `softcap` that it calls. A function of a layer with a name
//! brings it, `blocks.3.step.h`. What would be the second of one name has `#2` behind it.
//! In a `scan` the values of all steps are told, stacked along a new first axis.
//!
//! A program that nobody traces is lowered as if there were no such points.

use std::collections::{BTreeMap, HashSet};

use nnc_base::Name;
use nnc_graph::{EntryInput, TensorType};
use nnc_hir::{LocalId, Type};
use nnc_shape::Dim;

use crate::building::Home;
use crate::frame::Frame;
use crate::lowerer::{Lowerer, Lowering};
use crate::value::Val;

/// What is asked of the trace points of a model's entries: patterns, in which `*` stands for
/// any text.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Traces {
    /// These are further outputs.
    pub read: Vec<String>,
    /// These are further inputs, which take the place of what is computed.
    pub replaced: Vec<String>,
}

/// A trace point of an entry.
#[derive(Clone, PartialEq, Debug)]
pub struct TracePoint {
    pub entry: Name,
    pub name: String,
    pub ty: TensorType,
    /// Whether it is in the body of a scan, where it can only be read.
    pub in_scan: bool,
}

/// The points that have been met in the entry that is being lowered.
#[derive(Default)]
pub(crate) struct Tracing {
    pub asked: Traces,
    pub points: Vec<TracePoint>,
    /// How often each name has been met.
    met: BTreeMap<String, usize>,
    /// What is read: its name, the graph that has it, and its source there.
    pub read: Vec<(String, Home, u32)>,
    /// What is replaced, as inputs of the entry.
    pub replaced: Vec<EntryInput>,
}

impl TracePoint {
    /// Whether it is one of those that a pattern stands for.
    pub fn is(&self, pattern: &str) -> bool {
        Traces::matches(pattern, &self.name)
    }
}

impl Traces {
    /// Whether a name is one of those that a pattern stands for.
    pub fn matches(pattern: &str, name: &str) -> bool {
        let mut pieces = pattern.split('*');
        let Some(mut rest) = pieces.next().and_then(|first| name.strip_prefix(first)) else {
            return false;
        };
        let mut pieces: Vec<&str> = pieces.collect();
        let Some(last) = pieces.pop() else { return rest.is_empty() };
        for piece in pieces {
            // The leftmost place leaves most to the pieces behind it.
            let Some(at) = rest.find(piece) else { return false };
            rest = &rest[at + piece.len()..];
        }
        rest.ends_with(last)
    }

    pub fn is_empty(&self) -> bool {
        self.read.is_empty() && self.replaced.is_empty()
    }
}

impl Tracing {
    /// Begins with an entry, whose inputs and outputs keep their names.
    pub(crate) fn begin(&mut self, taken: impl IntoIterator<Item = String>) {
        self.met = taken.into_iter().map(|name| (name, 1)).collect();
        self.read.clear();
        self.replaced.clear();
    }

    pub(crate) fn is_on(&self) -> bool {
        !self.asked.is_empty()
    }

    fn name(&mut self, scope: &str, last: &str) -> String {
        let plain = match (scope, last) {
            (scope, "") => scope.to_owned(),
            ("", last) => last.to_owned(),
            (scope, last) => format!("{scope}.{last}"),
        };
        let count = self.met.entry(plain.clone()).or_default();
        *count += 1;
        if *count == 1 { plain } else { format!("{plain}#{count}") }
    }
}

impl<'a> Lowerer<'a> {
    /// Meets a trace point: what a `let` of this name is, or with an empty one the result of
    /// the function. Gives the value that computing goes on with.
    pub(crate) fn traced(
        &mut self,
        frame: &Frame<'a>,
        last: &str,
        ty: &Type,
        value: Val,
    ) -> Lowering<Val> {
        if !self.tracing.is_on() || frame.pointwise {
            return Ok(value);
        }
        match (value, ty) {
            (Val::Tensor(tensor), Type::Tensor(of)) => {
                let name = self.tracing.name(&frame.scope, last);
                let in_scan = self.stack.len() > 1;
                let ty = TensorType::new(tensor.elem, tensor.shape.clone());
                let point =
                    TracePoint { entry: self.entry, name: name.clone(), ty: ty.clone(), in_scan };
                self.tracing.points.push(point);
                let matches =
                    |patterns: &[String]| patterns.iter().any(|it| Traces::matches(it, &name));
                let (read, replaced) =
                    (matches(&self.tracing.asked.read), matches(&self.tracing.asked.replaced));
                let tensor = if replaced && !in_scan {
                    let index_bound = self.index_bound(frame, of);
                    let input = EntryInput { name: Name::new(&name), state: None, index_bound };
                    self.tracing.replaced.push(input);
                    let source = self.add_input(ty)?;
                    self.tensor_of(source)
                } else {
                    tensor
                };
                if read {
                    let source = self.stored(&tensor)?;
                    let home = self.building()?.home;
                    self.tracing.read.push((name, home, source));
                }
                Ok(Val::Tensor(tensor))
            }
            (Val::Tuple(parts), Type::Tuple(types)) if parts.len() == types.len() => {
                let parts = parts.into_iter().zip(types).enumerate().map(|(at, (part, ty))| {
                    let dot = if last.is_empty() { "" } else { "." };
                    self.traced(frame, &format!("{last}{dot}{at}"), ty, part)
                });
                Ok(Val::Tuple(parts.collect::<Lowering<_>>()?))
            }
            (value, _) => Ok(value),
        }
    }

    /// [`Lowerer::traced`] for a `let`.
    pub(crate) fn traced_local(
        &mut self,
        frame: &Frame<'a>,
        local: LocalId,
        value: Val,
    ) -> Lowering<Val> {
        let local = &frame.function.locals[local];
        self.traced(frame, local.name.as_str(), &local.ty, value)
    }

    /// The values to read that the innermost graph has, which is finished next: they are its
    /// outputs, behind those that it has.
    pub(crate) fn traced_in_body(&mut self) -> Lowering<Vec<(String, nnc_graph::Value)>> {
        let home = self.building()?.home;
        let (here, rest) =
            std::mem::take(&mut self.tracing.read).into_iter().partition(|it| it.1 == home);
        self.tracing.read = rest;
        let here: Vec<(String, Home, u32)> = here;
        here.into_iter().map(|(name, _, source)| Ok((name, self.resolve(source)?))).collect()
    }

    /// The same values after the loop whose body had them.
    pub(crate) fn traced_after_loop(
        &mut self,
        names: Vec<String>,
        sources: &[u32],
        steps: &Dim,
    ) -> Lowering<()> {
        let home = self.building()?.home;
        let met: HashSet<&String> = names.iter().collect();
        for point in self.tracing.points.iter_mut().rev() {
            if point.entry == self.entry && met.contains(&point.name) {
                point.ty.shape.insert(0, steps.clone());
            }
        }
        let stacked = names.into_iter().zip(sources).map(|(name, source)| (name, home, *source));
        self.tracing.read.extend(stacked);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Traces;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "blocks.0.p", true),
            ("blocks.*.p", "blocks.12.attn.p", true),
            ("blocks.*.p", "blocks.12.attn.pp", false),
            ("blocks.*.p*", "blocks.12.attn.pp", true),
            ("blocks.1", "blocks.12", false),
            ("*.p", "p", false),
            ("*ab*ab", "abab", true),
            ("*ab*ab", "ab", false),
            ("a*b*c", "a.b.b.c", true),
        ] {
            assert_eq!(Traces::matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
