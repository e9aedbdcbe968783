//! `nnc params`.

use super::Context;
use crate::args::Params;
use crate::table::{Side, table};
use nnc_base::Name;
use nnc_driver::Error;
use nnc_driver::cost::ParamCount;
use nnc_driver::numbers::{bytes, count};
use nnc_lower::{Made, ParamInfo};
use serde_json::json;

pub(super) fn run(context: &mut Context<'_>, args: Params) -> Result<u8, Error> {
    let mut session = context.session(&args.program)?;
    let model = context.model(&mut session, &args.model)?;
    let params = &session.lowered(model)?.params;
    context.warnings(&session);
    let total = ParamCount::of(params);
    let text = if args.json {
        let list: Vec<_> = params.iter().map(described).collect();
        let value = json!({
            "model": session.declaration(model).name.as_str(),
            "params": list,
            "parameters": total.trained,
            "statistics": total.statistics,
            "formula": total.formula.to_string(),
            "bytes": total.bytes,
        });
        format!("{value:#}\n")
    } else {
        let mut rows = vec![
            ["parameter", "type", "elements", "formula", "starts as"].map(str::to_owned).to_vec(),
        ];
        rows.extend(params.iter().map(row));
        let sides = [Side::Left, Side::Left, Side::Right, Side::Left, Side::Left];
        let formula = formula_of(&total, &session.layer_sizes(model));
        format!("{}\n{}{formula}\n", table(&sides, &rows), summary(&total))
    };
    context.terminal.result(&text)?;
    Ok(0)
}

/// `25,557,032 parameters and 53,120 running statistics, 97.7 MiB`.
pub(super) fn summary(total: &ParamCount) -> String {
    let statistics = match total.statistics {
        0 => String::new(),
        statistics => format!(" and {} running statistics", count(statistics)),
    };
    format!("{} parameters{statistics}, {}", count(total.trained), bytes(total.bytes as f64))
}

/// ` = D*V + D, with V = 8, D = 4`; nothing if the count does not depend on sizes.
pub(super) fn formula_of(total: &ParamCount, sizes: &[(Name, i64)]) -> String {
    if total.formula.as_constant().is_some() {
        return String::new();
    }
    let used = total.formula.vars();
    let values: Vec<String> = (sizes.iter().filter(|(name, _)| used.contains(name)))
        .map(|(name, size)| format!("{name} = {size}"))
        .collect();
    format!("\nparameters = {}, with {}", total.formula, values.join(", "))
}

fn row(param: &ParamInfo) -> Vec<String> {
    let shape: Vec<String> = param.shape.iter().map(i64::to_string).collect();
    vec![
        param.name.clone(),
        format!("{}[{}]", param.elem, shape.join(", ")),
        count(param.size().unsigned_abs()),
        formula(param),
        starts_as(param),
    ]
}

/// The shape in terms of the sizes of the model's layer.
fn formula(param: &ParamInfo) -> String {
    let sizes: Vec<String> = param.formulas.iter().map(ToString::to_string).collect();
    format!("[{}]", sizes.join(", "))
}

/// How it starts, or what of the network as it is written it is made of.
fn starts_as(param: &ParamInfo) -> String {
    match &param.made {
        None => {}
        Some(Made::Factor { of, .. }) => return format!("factor of {of}"),
        Some(Made::Numbers(values)) => {
            let values: Vec<String> = values.iter().map(f64::to_string).collect();
            return format!("[{}]", values.join(", "));
        }
        Some(Made::Heads { segments, .. }) => {
            let Some(segment) = segments.first() else { return String::new() };
            return match &segment.kept {
                Some(kept) => format!("{} of {} heads", kept.len(), segment.count),
                None => format!("mean of {} heads", segment.count),
            };
        }
    }
    let args: Vec<String> = param.init.args.iter().map(f64::to_string).collect();
    match args.as_slice() {
        [] => param.init.name.to_string(),
        [value] if param.init.name.as_str() == "constant" => value.clone(),
        args => format!("{}({})", param.init.name, args.join(", ")),
    }
}

fn described(param: &ParamInfo) -> serde_json::Value {
    json!({
        "name": param.name,
        "elem": param.elem.name(),
        "shape": param.shape,
        "formula": param.formulas.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "elements": param.size(),
        "bytes": param.size() * param.elem.bytes() as i64,
        "init": starts_as(param),
    })
}
