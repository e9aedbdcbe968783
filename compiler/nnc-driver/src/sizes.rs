//! The sizes of one call: from the shapes of its tensors, from what was kept, or chosen.

use crate::tensor::describe;
use crate::{Error, Failure};
use nnc_backend::{Interface, RunError};
use nnc_base::Name;
use nnc_graph::TensorType;
use nnc_shape::Dim;
use std::collections::BTreeMap;

/// How many values of a size are tried where facts rule some out.
const MOST_TRIES: i64 = 4096;

/// What is known of the sizes before a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known<'a> {
    /// The shape of each input; `None` for state and for inputs that are still to be made.
    pub shapes: &'a [Option<Vec<usize>>],
    /// What the caller says.
    pub given: &'a [(Name, i64)],
    /// What earlier calls left, such as a cache's length.
    pub kept: &'a BTreeMap<Name, i64>,
}

/// The sizes of a call, in the order of the interface.
///
/// A plain variable in a shape is bound by its axis, the other axes are checked. A size
/// that no shape gives is what the caller says, else what was kept; else a room, a size
/// of state alone, is the greatest allowed, and any other is the least that the facts
/// allow.
pub(crate) fn bind(interface: &Interface, known: &Known<'_>) -> Result<Vec<i64>, Error> {
    let mut bound: BTreeMap<Name, (i64, String)> = BTreeMap::new();
    for &(name, value) in known.given {
        if !interface.dims.iter().any(|dim| dim.name == name) {
            return Err(unknown_size(interface, name));
        }
        bound.insert(name, (value, "as given".to_owned()));
    }
    for (at, shape) in known.shapes.iter().enumerate() {
        let Some(shape) = shape else { continue };
        bind_shape(interface, at, shape, &mut bound)?;
    }
    let mut sizes: Vec<Option<i64>> = Vec::new();
    for dim in &interface.dims {
        let before = bound.get(&dim.name).map(|it| it.0);
        let kept = known.kept.get(&dim.name).copied();
        let room = dim.max.filter(|_| is_room(interface, dim.name));
        sizes.push(before.or(kept).or(room));
    }
    let sizes = choose(interface, &sizes);
    interface.check_dims(&sizes).map_err(|error| {
        let origins: Vec<String> = (interface.dims.iter().zip(&sizes))
            .map(|(dim, size)| match bound.get(&dim.name) {
                Some((_, origin)) => format!("{} = {size} {origin}", dim.name),
                None => format!("{} = {size}", dim.name),
            })
            .collect();
        let entry = interface.entry.name;
        let failure = Failure::new(format!("{entry}: {error}")).note(origins.join(", "));
        Error::Input(match error {
            RunError::Dim { name, .. } => failure.help(format!(
                "give another size, or change what `{entry}` says of {name} in the model"
            )),
            RunError::Fact { .. } => failure.help(format!(
                "give sizes that go together, or change the facts of `{entry}` in the model"
            )),
            _ => failure,
        })
    })?;
    for (at, shape) in known.shapes.iter().enumerate() {
        if let Some(shape) = shape {
            check_shape(interface, at, shape, &sizes)?;
        }
    }
    Ok(sizes)
}

/// A tensor type with its sizes; `None` if one is no size of a tensor.
pub(crate) fn shape_of(
    interface: &Interface,
    ty: &TensorType,
    sizes: &[i64],
) -> Option<Vec<usize>> {
    ty.shape.iter().map(|dim| usize::try_from(interface.eval(dim, sizes)?).ok()).collect()
}

fn bind_shape(
    interface: &Interface,
    at: usize,
    shape: &[usize],
    bound: &mut BTreeMap<Name, (i64, String)>,
) -> Result<(), Error> {
    let (ty, input) = (&interface.inputs[at], interface.entry.inputs[at].name);
    if shape.len() != ty.rank() {
        return Err(Error::input(format!(
            "`{input}` has {} axes, {} has {}",
            shape.len(),
            declared(ty),
            ty.rank()
        )));
    }
    for (axis, (dim, &size)) in ty.shape.iter().zip(shape).enumerate() {
        let Some(name) = dim.as_var() else { continue };
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let origin = format!("by axis {axis} of `{input}`");
        match bound.get(&name) {
            Some((before, first)) if *before != size => {
                let failure =
                    Failure::new(format!("{name} is {before} {first} and {size} {origin}"));
                return Err(Error::Input(failure.note(format!("`{input}` is {}", declared(ty)))));
            }
            Some(_) => {}
            None => {
                bound.insert(name, (size, origin));
            }
        }
    }
    // An axis such as `2*T` gives T if nothing else does.
    for (axis, (dim, &size)) in ty.shape.iter().zip(shape).enumerate() {
        let vars = dim.vars();
        let Some(&name) = vars.first().filter(|_| vars.len() == 1) else { continue };
        if bound.contains_key(&name) {
            continue;
        }
        let solution = dim.affine_in(name).and_then(|(factor, rest)| {
            let (factor, rest) = (factor.as_constant()?, rest.as_constant()?);
            let multiple = i64::try_from(size).ok()?.checked_sub(rest)?;
            (factor != 0 && multiple % factor == 0).then(|| multiple / factor)
        });
        if let Some(value) = solution {
            bound.insert(name, (value, format!("by axis {axis} of `{input}`")));
        }
    }
    Ok(())
}

fn check_shape(
    interface: &Interface,
    at: usize,
    shape: &[usize],
    sizes: &[i64],
) -> Result<(), Error> {
    let ty = &interface.inputs[at];
    let expected = shape_of(interface, ty, sizes).unwrap_or_default();
    if expected == shape {
        return Ok(());
    }
    let input = interface.entry.inputs[at].name;
    let failure = Failure::new(format!(
        "`{input}` is {}, expected {}",
        describe(ty.elem, shape),
        describe(ty.elem, &expected)
    ));
    let values: Vec<String> = (interface.dims.iter().zip(sizes))
        .map(|(dim, size)| format!("{} = {size}", dim.name))
        .collect();
    Err(Error::Input(if values.is_empty() {
        failure
    } else {
        failure.note(format!("`{input}` is {}, with {}", declared(ty), values.join(", ")))
    }))
}

fn declared(ty: &TensorType) -> String {
    let sizes: Vec<String> = ty.shape.iter().map(Dim::to_string).collect();
    format!("{}[{}]", ty.elem, sizes.join(", "))
}

/// Whether a size is one of state and of nothing else that a caller sees.
fn is_room(interface: &Interface, name: Name) -> bool {
    let mut of_state = false;
    for (input, ty) in interface.entry.inputs.iter().zip(&interface.inputs) {
        if ty.shape.iter().any(|dim| dim.vars().contains(&name)) {
            if input.state.is_none() {
                return false;
            }
            of_state = true;
        }
    }
    of_state && !interface.entry.updates.iter().any(|update| update.dim == name)
}

/// The least sizes in place of those that are open, such that the facts hold if possible.
fn choose(interface: &Interface, sizes: &[Option<i64>]) -> Vec<i64> {
    let least = |extra: &dyn Fn(usize) -> i64| -> Vec<i64> {
        let both = interface.dims.iter().zip(sizes).enumerate();
        both.map(|(at, (dim, size))| size.unwrap_or_else(|| dim.min + extra(at))).collect()
    };
    let first = least(&|_| 0);
    let holds = |sizes: &Vec<i64>| interface.check_dims(sizes).is_ok();
    if holds(&first) {
        return first;
    }
    for step in 1..MOST_TRIES {
        let open = (0..sizes.len()).filter(|at| sizes[*at].is_none());
        let one = open.map(|only| least(&|at| if at == only { step } else { 0 }));
        if let Some(found) = one.chain([least(&|_| step)]).find(|it| holds(it)) {
            return found;
        }
    }
    first
}

fn unknown_size(interface: &Interface, name: Name) -> Error {
    let names: Vec<String> = interface.dims.iter().map(|dim| dim.name.to_string()).collect();
    let failure = Failure::new(format!("`{}` has no size `{name}`", interface.entry.name));
    Error::Usage(if names.is_empty() {
        failure.help("all of its sizes are fixed by the model")
    } else {
        failure.help(format!("its sizes are {}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::{Known, bind};
    use nnc_backend::Interface;
    use nnc_base::Name;
    use std::collections::BTreeMap;

    const GRAPH: &str = "graph @g(B in 1..=8, T in 1..=64, S in 1..=128, len in 0..=128) where { S >= T + len, T % 4 == 0 } {
  %0 = input : f32[B, T]
  %1 = input : f32[2*T]
  %2 = input : f32[B, S]
  return %0, %2
}
entry step = @g { input x input y input cache state 1 output out output cache update len = T + len }
";

    fn sizes(
        shapes: &[Option<&[usize]>],
        given: &[(&str, i64)],
        kept: &[(&str, i64)],
    ) -> Result<Vec<i64>, String> {
        let module = nnc_graph::parse(GRAPH).unwrap();
        let interface = Interface::of(&module).remove(0);
        let names = |pairs: &[(&str, i64)]| -> Vec<(Name, i64)> {
            pairs.iter().map(|(name, value)| (Name::new(name), *value)).collect()
        };
        let kept: BTreeMap<Name, i64> = names(kept).into_iter().collect();
        let shapes: Vec<Option<Vec<usize>>> =
            shapes.iter().map(|it| it.map(<[usize]>::to_vec)).collect();
        bind(&interface, &Known { shapes: &shapes, given: &names(given), kept: &kept }).map_err(
            |error| {
                crate::render::error(
                    &nnc_base::Sources::new(),
                    &error,
                    crate::render::Format::Human,
                    crate::render::Style::PLAIN,
                )
            },
        )
    }

    #[test]
    fn shapes_give_sizes_and_a_room_is_as_large_as_it_may_be() {
        let found = sizes(&[Some(&[2, 8]), Some(&[16]), None], &[], &[("len", 12)]);
        assert_eq!(found.unwrap(), [2, 8, 128, 12]);
        assert_eq!(sizes(&[None, Some(&[16]), None], &[], &[]).unwrap(), [1, 8, 128, 0]);
    }

    #[test]
    fn what_is_open_is_the_least_that_the_facts_allow() {
        assert_eq!(sizes(&[None, None, None], &[], &[]).unwrap(), [1, 4, 128, 0]);
        assert_eq!(sizes(&[None, None, None], &[("S", 32)], &[]).unwrap(), [1, 4, 32, 0]);
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_values() {
        let message = |shapes: &[Option<&[usize]>], given: &[(&str, i64)]| {
            sizes(shapes, given, &[]).unwrap_err()
        };
        insta::assert_snapshot!(message(&[Some(&[2, 8]), Some(&[20]), None], &[]), @r"
        error: `y` is f32[20], expected f32[16]
          note: `y` is f32[2*T], with B = 2, T = 8, S = 128, len = 0
        ");
        insta::assert_snapshot!(message(&[Some(&[2]), None, None], &[]), @"error: `x` has 1 axes, f32[B, T] has 2");
        insta::assert_snapshot!(message(&[Some(&[2, 8]), None, None], &[("B", 3)]), @r"
        error: B is 3 as given and 2 by axis 0 of `x`
          note: `x` is f32[B, T]
        ");
        insta::assert_snapshot!(message(&[Some(&[9, 8]), None, None], &[]), @r"
        error: step: B = 9; it must be at least 1 and at most 8
          note: B = 9 by axis 0 of `x`, T = 8 by axis 1 of `x`, S = 128, len = 0
          help: give another size, or change what `step` says of B in the model
        ");
        insta::assert_snapshot!(message(&[Some(&[2, 6]), None, None], &[]), @r"
        error: step: the sizes given do not satisfy T % 4 == 0
          note: B = 2 by axis 0 of `x`, T = 6 by axis 1 of `x`, S = 128, len = 0
          help: give sizes that go together, or change the facts of `step` in the model
        ");
        insta::assert_snapshot!(message(&[None, None, None], &[("Q", 3)]), @r"
        error: `step` has no size `Q`
          help: its sizes are B, T, S, len
        ");
    }
}
