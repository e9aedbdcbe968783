//! `nnc fill`.

use super::Context;
use crate::args::Fill;
use nnc_base::Name;
use nnc_driver::render::Format;
use nnc_driver::{Bounds, Error, Family, Filling, Fitting, Session, Verdict, questions};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Nothing fits into some hole.
const UNFILLED: u8 = 3;
/// How many of what nearly fits are told where nothing does.
const NEAR: usize = 3;

pub(super) fn run(context: &mut Context<'_>, args: Fill) -> Result<u8, Error> {
    let session = Session::open(&args.program.path)?;
    context.sources = session.sources().clone();
    let named = args.config.iter().map(|(name, most)| (Name::new(name), *most)).collect();
    let bounds = Bounds { most: args.up_to, named };
    let fillings = questions::fill(&session, &mut context.sources, args.hole.as_deref(), &bounds)?;
    let text = match if args.json { Format::Json } else { context.terminal.format() } {
        Format::Json => format!("{:#}\n", Value::from_iter(fillings.iter().map(filling_json))),
        Format::Short | Format::Human => {
            fillings.iter().map(|it| told(it, &args)).collect::<Vec<_>>().join("\n")
        }
    };
    context.terminal.result(&text)?;
    let filled = fillings.iter().all(|it| it.fittings.iter().any(fits));
    Ok(if filled { 0 } else { UNFILLED })
}

fn fits(fitting: &Fitting) -> bool {
    !matches!(fitting.verdict, Verdict::Refuted { .. })
}

fn told(filling: &Filling, args: &Fill) -> String {
    let mut text = format!("{}: {}\n", filling.hole, filling.arrow);
    let of = |wanted: fn(&Verdict) -> bool| -> Vec<&Fitting> {
        filling.fittings.iter().filter(|it| wanted(&it.verdict)).collect()
    };
    let equal = of(|it| matches!(it, Verdict::Equal));
    let guarded = of(|it| matches!(it, Verdict::Guarded(_)));
    let refuted = of(|it| matches!(it, Verdict::Refuted { .. }));
    let nothing = equal.is_empty() && guarded.is_empty();
    list(&mut text, "fits", &equal, args.top);
    list(&mut text, "fits under a guard", &guarded, args.top);
    if !filling.families.is_empty() {
        text.push_str("  families, all of which fit:\n");
    }
    for family in filling.families.iter().take(args.top) {
        let _ = writeln!(text, "    {}", in_words(family));
    }
    if filling.families.len() > args.top {
        let more = filling.families.len() - args.top;
        let _ = writeln!(text, "    … and {more} more; see `--top`");
    }
    for (layer, count) in &filling.too_many {
        let _ = writeln!(
            text,
            "  not tried: {layer}, which has {count} settings; see `--up-to` and `--config`"
        );
    }
    if nothing {
        text.push_str("  nothing fits\n");
        list(&mut text, "comes near", &refuted, NEAR);
    } else if args.all {
        list(&mut text, "does not fit", &refuted, args.top);
    }
    text
}

/// The simplest setting of each layer, and how many more there are.
fn list(text: &mut String, what: &str, fittings: &[&Fitting], most: usize) {
    if fittings.is_empty() {
        return;
    }
    let mut layers: Vec<(&str, &Fitting, usize)> = Vec::new();
    for &fitting in fittings {
        let layer = fitting.text.split(['<', '(']).next().unwrap_or_default();
        match layers.iter_mut().find(|it| it.0 == layer) {
            Some((_, _, count)) => *count += 1,
            None => layers.push((layer, fitting, 1)),
        }
    }
    let _ = writeln!(text, "  {what}:");
    for (_, fitting, count) in layers.iter().take(most) {
        let more = match count - 1 {
            0 => String::new(),
            more => format!("   ({more} more of its settings)"),
        };
        let _ = match &fitting.verdict {
            Verdict::Equal => writeln!(text, "    {}{more}", fitting.text),
            Verdict::Guarded(guards) => {
                writeln!(text, "    {}  where {}{more}", fitting.text, guards.join(", "))
            }
            Verdict::Refuted { why, .. } => writeln!(text, "    {}: {why}{more}", fitting.text),
        };
    }
    if layers.len() > most {
        let _ = writeln!(text, "    … and {} more; see `--top`", layers.len() - most);
    }
}

/// `Conv2d(s=1) with 2*p - d*(k - 1) = 0: 12 of them`
fn in_words(family: &Family) -> String {
    let fixed: Vec<String> =
        family.fixed.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let fixed = if fixed.is_empty() { String::new() } else { format!("({})", fixed.join(", ")) };
    let values: Vec<String> = family.values.iter().map(i64::to_string).collect();
    format!(
        "{}{fixed} with {} = {}: {} of them",
        family.layer,
        family.formula,
        values.join(" or "),
        family.members
    )
}

fn filling_json(filling: &Filling) -> Value {
    let fittings: Vec<Value> = (filling.fittings.iter())
        .map(|it| {
            let configs: serde_json::Map<String, Value> =
                it.settings.iter().map(|(name, value)| (name.to_string(), json!(value))).collect();
            let (verdict, guards, why) = match &it.verdict {
                Verdict::Equal => ("equal", &[][..], None),
                Verdict::Guarded(guards) => ("guarded", guards.as_slice(), None),
                Verdict::Refuted { why, .. } => ("refuted", &[][..], Some(why)),
            };
            json!({
                "candidate": it.text,
                "module": it.module.as_str(),
                "configs": configs,
                "verdict": verdict,
                "where": guards,
                "why": why,
            })
        })
        .collect();
    let not_tried: Vec<&str> = filling.too_many.iter().map(|it| it.0.as_str()).collect();
    json!({
        "hole": filling.hole.as_str(),
        "type": filling.arrow,
        "candidates": fittings,
        "not_tried": not_tried,
    })
}
