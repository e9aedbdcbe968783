//! The order of axes: where the elements of parameters lie in a tensor of a file.

use nnc_base::Name;
use nnc_hir::AxisMap;

use super::Param;
use crate::gather::View;

/// Where parameters lie in a tensor of this shape.
#[derive(PartialEq, Debug)]
pub(crate) struct Places {
    pub(crate) shape: Vec<i64>,
    /// For each parameter.
    pub(crate) views: Vec<View>,
}

/// A parameter that is the tensor.
pub(super) fn same(param: &Param) -> Places {
    let mut stride = 1;
    let mut axes: Vec<(u64, u64)> = Vec::new();
    for size in param.shape.iter().rev() {
        axes.push((*size as u64, stride));
        stride *= *size as u64;
    }
    axes.reverse();
    Places { shape: param.shape.clone(), views: vec![View { base: 0, axes }] }
}

/// What an axis map says; `size` gives the sizes that are written in it.
///
/// With several parameters the first of our axes counts them. They may differ in size:
/// then they lie one after the other, which needs the counting axis to be the first in
/// its group, and the differing sizes in the same group.
pub(crate) fn places(
    map: &AxisMap,
    params: &[&Param],
    size: &dyn Fn(Name) -> Option<i64>,
) -> Result<Places, String> {
    let (count, ours) = match params.len() {
        1 => (None, map.ours.as_slice()),
        _ => match map.ours.split_first() {
            Some((count, ours)) => match count.as_slice() {
                [count] => (Some(*count), ours),
                _ => return Err("the axis that counts the parameters is merged".to_owned()),
            },
            None => return Err("no axis counts the parameters".to_owned()),
        },
    };
    let mut solved = Vec::new();
    for param in params {
        let mut sizes = solve(ours, param, size)?;
        if let Some(count) = count {
            if let Some(said) = size(count).filter(|said| *said != params.len() as i64) {
                let found = params.len();
                return Err(format!(
                    "`{count}` is said to be {said}, and there are {found} parameters"
                ));
            }
            sizes.push((count, params.len() as i64));
        }
        solved.push(sizes);
    }
    let group = |names: &[Name], sizes: &[(Name, i64)]| -> i64 {
        names.iter().map(|name| of(sizes, *name)).product()
    };
    // The group of the counting axis is as long as all parameters together.
    let mut shape: Vec<i64> = map.file.iter().map(|names| group(names, &solved[0])).collect();
    let differing: Vec<Name> = solved[0]
        .iter()
        .filter(|(name, size)| solved.iter().any(|sizes| of(sizes, *name) != *size))
        .map(|(name, _)| *name)
        .collect();
    let mut first = vec![0; params.len()];
    if let Some(&name) = differing.first() {
        let at = map.file.iter().position(|names| names.first() == count.as_ref());
        let group_of = at.map(|at| map.file[at].as_slice()).unwrap_or_default();
        if let Some(outside) = differing.iter().find(|name| !group_of.contains(name)) {
            let listed: Vec<String> =
                solved.iter().map(|sizes| of(sizes, *outside).to_string()).collect();
            return Err(format!(
                "`{outside}` is {}; parameters of several sizes lie one after the other, as in \
                 `[({} {name})]`",
                listed.join(" and "),
                count.map(|it| it.to_string()).unwrap_or_default(),
            ));
        }
        let at = at.unwrap_or_default();
        let mut total = 0;
        for (first, sizes) in first.iter_mut().zip(&solved) {
            *first = total;
            total += group(&map.file[at][1..], sizes);
        }
        shape[at] = total;
    }
    let mut views = Vec::new();
    for (number, sizes) in solved.iter().enumerate() {
        let mut strides: Vec<(Name, u64)> = Vec::new();
        let mut stride = 1u64;
        let mut base = 0;
        for (names, length) in map.file.iter().zip(&shape).rev() {
            let mut inner = stride;
            for name in names.iter().rev() {
                strides.push((*name, inner));
                if Some(*name) == count {
                    base = if differing.is_empty() {
                        inner * number as u64
                    } else {
                        stride * first[number] as u64
                    };
                }
                inner = inner.saturating_mul(of(sizes, *name) as u64);
            }
            stride = stride.saturating_mul(*length as u64);
        }
        let axes = ours.iter().flatten().map(|name| {
            let stride = strides.iter().find(|(it, _)| it == name).map_or(0, |(_, stride)| *stride);
            (of(sizes, *name) as u64, stride)
        });
        views.push(View { base, axes: axes.collect() });
    }
    Ok(Places { shape, views })
}

fn of(sizes: &[(Name, i64)], name: Name) -> i64 {
    sizes.iter().find(|(it, _)| *it == name).map_or(1, |(_, size)| *size)
}

/// The size of each named axis, from the parameter's and those that are written down.
fn solve(
    ours: &[Vec<Name>],
    param: &Param,
    size: &dyn Fn(Name) -> Option<i64>,
) -> Result<Vec<(Name, i64)>, String> {
    if ours.len() != param.shape.len() {
        return Err(format!(
            "the right side has {} axes for `{}`, which has {}",
            ours.len(),
            param.name,
            param.shape.len()
        ));
    }
    let mut sizes = Vec::new();
    for ((names, length), formula) in ours.iter().zip(&param.shape).zip(&param.formulas) {
        let length_text = match formula.as_constant() {
            Some(_) => length.to_string(),
            None => format!("{formula} = {length}"),
        };
        let known: Vec<(Name, i64)> =
            names.iter().filter_map(|name| Some((*name, size(*name)?))).collect();
        if let Some((name, bad)) = known.iter().find(|(_, size)| *size < 1) {
            return Err(format!("`{name}` is said to be {bad}"));
        }
        let product = known.iter().try_fold(1i64, |product, (_, size)| product.checked_mul(*size));
        let said: Vec<String> = known.iter().map(|(name, size)| format!("{name}:{size}")).collect();
        let wrong =
            || format!("`({})` does not make {length_text} of `{}`", said.join(" "), param.name);
        let Some(product) = product else { return Err(wrong()) };
        let unknown: Vec<Name> =
            names.iter().copied().filter(|name| size(*name).is_none()).collect();
        match unknown.as_slice() {
            [] if product == *length => {}
            [] => return Err(wrong()),
            [one] if length % product == 0 => sizes.push((*one, length / product)),
            [one] => {
                let why =
                    format!("`{one}` would be {length_text} by {product}, which is not whole");
                return Err(why);
            }
            [first, second, ..] => {
                return Err(format!(
                    "the sizes of `{first}` and `{second}`, which make {length_text} of `{}`, are \
                     not known; give one, as in `({first}:2 {second})`",
                    param.name
                ));
            }
        }
        sizes.extend(known);
    }
    Ok(sizes)
}
