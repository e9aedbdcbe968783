//! `nnc cost` on everything that is there: the library's programs, the zoo and the examples.

use crate::support::{files, root, shown};
use nnc_base::Name;
use nnc_driver::cost::{ParamCount, value};
use nnc_driver::{Error, Session};
use std::path::Path;

/// What is wrong with the costs of the models of a program.
fn wrong(path: &Path) -> Result<usize, String> {
    let session = Session::open(path).map_err(|error| error.to_string())?;
    let told = |failure: Error| failure.to_string();
    let program = session.program().map_err(told)?;
    if program.models.is_empty() || program.layers.iter().any(|(_, it)| it.space) {
        return Ok(0);
    }
    let mut entries = 0;
    for model in session.models().map_err(told)? {
        let params = &session.lowered(model).map_err(told)?.params;
        let count = ParamCount::of(params);
        let all: i64 = params.iter().map(|it| it.size()).sum();
        let formula = value(&count.formula, &session.layer_sizes(model));
        if count.trained + count.statistics != all.unsigned_abs() {
            return Err(format!("{} and {} of {all}", count.trained, count.statistics));
        }
        if formula.is_some_and(|it| it.unsigned_abs() != count.trained) {
            return Err(format!("the formula gives {formula:?} of {}", count.trained));
        }
        for cost in session.costs(model).map_err(told)? {
            entries += 1;
            let most: Vec<(Name, i64)> =
                cost.dims.iter().map(|it| (it.name, it.max.unwrap_or(it.min))).collect();
            let at =
                |dim: &_| value(dim, &most).ok_or_else(|| format!("`{}` has no value", cost.name));
            let total = at(&cost.total.flops())?;
            let mut rows = 0;
            for row in &cost.rows {
                rows += at(&row.count.flops())?;
            }
            if total < 0 || total != rows {
                return Err(format!("`{}`: {total} FLOPs in all, {rows} in rows", cost.name));
            }
            at(&cost.input_bytes)?;
            at(&cost.output_bytes)?;
        }
    }
    Ok(entries)
}

#[test]
fn every_model_has_a_cost_that_is_the_sum_of_its_rows() {
    let programs = ["tests/run", "examples"].map(|it| files(&root().join(it), &["nn"]));
    let mut failures = Vec::new();
    let mut entries = 0;
    for path in programs.iter().flatten() {
        match wrong(path) {
            Ok(count) => entries += count,
            Err(wrong) => failures.push(format!("{}: {wrong}", shown(path))),
        }
    }
    assert!(failures.is_empty(), "{} failed\n{}", failures.len(), failures.join("\n"));
    assert!(entries > 300, "only {entries} entries were found");
}
