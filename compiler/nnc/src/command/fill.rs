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
    if let Some(wanted) = &args.apply {
        return apply(context, &session, &fillings, wanted);
    }
    let text = match if args.json { Format::Json } else { context.terminal.format() } {
        Format::Json => format!(
            "{:#}\n",
            Value::from_iter(fillings.iter().map(|it| filling_json(&session, it)))
        ),
        Format::Short | Format::Human => {
            fillings.iter().map(|it| told(it, &args)).collect::<Vec<_>>().join("\n")
        }
    };
    context.terminal.result(&text)?;
    let filled = fillings.iter().all(|it| it.fittings.iter().any(fits));
    Ok(if filled { 0 } else { UNFILLED })
}

/// The simplest setting of each layer that fits, in the order of the list.
fn listed(filling: &Filling) -> Vec<&Fitting> {
    let equal = filling.fittings.iter().filter(|it| matches!(it.verdict, Verdict::Equal));
    let guarded = filling.fittings.iter().filter(|it| matches!(it.verdict, Verdict::Guarded(_)));
    let (equal, guarded): (Vec<_>, Vec<_>) = (equal.collect(), guarded.collect());
    let first = |all: Vec<_>| layers(&all).into_iter().map(|it| it.1).collect::<Vec<_>>();
    [first(equal), first(guarded)].concat()
}

/// The layers of some fittings, each with its simplest setting and how many settings it has.
fn layers<'f>(fittings: &[&'f Fitting]) -> Vec<(&'f str, &'f Fitting, usize)> {
    let mut layers: Vec<(&str, &Fitting, usize)> = Vec::new();
    for &fitting in fittings {
        let layer = fitting.text.split(['<', '(']).next().unwrap_or_default();
        match layers.iter_mut().find(|it| it.0 == layer) {
            Some((_, _, count)) => *count += 1,
            None => layers.push((layer, fitting, 1)),
        }
    }
    layers
}

fn apply(
    context: &mut Context<'_>,
    session: &Session,
    fillings: &[Filling],
    wanted: &str,
) -> Result<u8, Error> {
    let [filling] = fillings else {
        let names: Vec<String> = fillings.iter().map(|it| format!("`{}`", it.hole)).collect();
        return Err(Error::usage(format!(
            "the program has {} holes: say which one with `--hole`: {}",
            fillings.len(),
            names.join(", ")
        )));
    };
    let listed = listed(filling);
    let number: Option<usize> = wanted.parse().ok();
    let found = match number {
        Some(number) => number.checked_sub(1).and_then(|it| listed.get(it)).copied(),
        None => filling.fittings.iter().find(|it| it.text == wanted && fits(it)),
    };
    let Some(fitting) = found else {
        let hole = filling.hole;
        return Err(Error::usage(match (number, listed.len()) {
            (_, 0) => format!("nothing fits into hole `{hole}`"),
            (Some(number), most) => {
                format!("hole `{hole}` has the candidates 1 to {most}, not {number}")
            }
            (None, _) => format!("`{wanted}` is not among what fits into hole `{hole}`"),
        }));
    };
    let edits = questions::edits(session, filling, fitting)?;
    let file = questions::write(session, filling.at.file, &edits)?;
    let mut text = format!("{file}: `{}` is {}\n", filling.hole, fitting.text);
    if let Verdict::Guarded(guards) = &fitting.verdict {
        let _ = writeln!(text, "  it fits where {}: say so to its callers", guards.join(", "));
    }
    context.terminal.result(&text)?;
    Ok(0)
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
    let mut number = 1..;
    list(&mut text, "fits", &equal, args.top, Some(&mut number));
    list(&mut text, "fits under a guard", &guarded, args.top, Some(&mut number));
    let families = together(&filling.families);
    if !families.is_empty() {
        text.push_str("  families, all of which fit:\n");
    }
    for family in families.iter().take(args.top) {
        let _ = writeln!(text, "    {family}");
    }
    if families.len() > args.top {
        let _ = writeln!(text, "    … and {} more; see `--top`", families.len() - args.top);
    }
    for (layer, count) in &filling.too_many {
        let _ = writeln!(
            text,
            "  not tried: {layer}, which has {count} settings; see `--up-to` and `--config`"
        );
    }
    if args.all {
        for (layer, param) in &filling.unread {
            let _ = writeln!(text, "  not tried: {layer}, whose `{param}` is no axis of the hole");
        }
    }
    if nothing {
        text.push_str("  nothing fits\n");
        list(&mut text, "comes near", &refuted, NEAR, None);
    } else if args.all {
        list(&mut text, "does not fit", &refuted, args.top, None);
    }
    text
}

/// The simplest setting of each layer, and how many more there are; with numbers for `--apply`.
fn list(
    text: &mut String,
    what: &str,
    fittings: &[&Fitting],
    most: usize,
    mut number: Option<&mut std::ops::RangeFrom<usize>>,
) {
    if fittings.is_empty() {
        return;
    }
    let layers = layers(fittings);
    let _ = writeln!(text, "  {what}:");
    for (at, (_, fitting, count)) in layers.iter().enumerate() {
        let number = number.as_mut().and_then(|it| it.next());
        if at >= most {
            continue;
        }
        let number = number.map_or_else(String::new, |it| format!("{it:>3}  "));
        let more = match count - 1 {
            0 => String::new(),
            more => format!("   ({more} more of its settings)"),
        };
        let _ = match &fitting.verdict {
            Verdict::Equal => writeln!(text, "    {number}{}{more}", fitting.text),
            Verdict::Guarded(guards) => {
                writeln!(text, "    {number}{}  where {}{more}", fitting.text, guards.join(", "))
            }
            Verdict::Refuted { why, .. } => {
                writeln!(text, "    {number}{}: {why}{more}", fitting.text)
            }
        };
    }
    if layers.len() > most {
        let _ = writeln!(text, "    … and {} more; see `--top`", layers.len() - most);
    }
}

/// The families, those of one layer with the same formula in one line:
/// `Conv2d(s=1) with 2*p - d*(k - 1) = 0: 12 of them`.
fn together(families: &[Family]) -> Vec<String> {
    let mut groups: Vec<Vec<&Family>> = Vec::new();
    for family in families {
        let same = |it: &&mut Vec<&Family>| {
            it.first().is_some_and(|it| {
                it.layer == family.layer
                    && it.formula == family.formula
                    && it.values == family.values
            })
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(family),
            None => groups.push(vec![family]),
        }
    }
    groups.iter().filter_map(|it| in_words(it)).collect()
}

fn in_words(group: &[&Family]) -> Option<String> {
    let first = group.first()?;
    let (same, varied): (Vec<_>, Vec<_>) =
        (first.fixed.iter()).partition(|it| group.iter().all(|family| family.fixed.contains(it)));
    let same: Vec<String> = same.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let same = if same.is_empty() { String::new() } else { format!("({})", same.join(", ")) };
    let values: Vec<String> = first.values.iter().map(i64::to_string).collect();
    let members: usize = group.iter().map(|it| it.members).sum();
    let varied: Vec<&str> = varied.iter().map(|(name, _)| name.as_str()).collect();
    let varied = match varied.as_slice() {
        [] => String::new(),
        names => format!(", with {} settings of {}", group.len(), names.join(", ")),
    };
    let (layer, formula) = (first.layer, &first.formula);
    Some(format!(
        "{layer}{same} with {formula} = {}: {members} of them{varied}",
        values.join(" or ")
    ))
}

fn filling_json(session: &Session, filling: &Filling) -> Value {
    let fittings: Vec<Value> = (filling.fittings.iter())
        .map(|it| {
            let configs: serde_json::Map<String, Value> =
                it.settings.iter().map(|(name, value)| (name.to_string(), json!(value))).collect();
            let (verdict, guards, why) = match &it.verdict {
                Verdict::Equal => ("equal", &[][..], None),
                Verdict::Guarded(guards) => ("guarded", guards.as_slice(), None),
                Verdict::Refuted { why, .. } => ("refuted", &[][..], Some(why)),
            };
            let edits = if fits(it) { questions::edits(session, filling, it).ok() } else { None };
            let edits: Vec<Value> = edits
                .into_iter()
                .flatten()
                .map(|it| json!({ "start": it.start, "end": it.end, "text": it.text }))
                .collect();
            json!({
                "candidate": it.text,
                "edits": edits,
                "module": it.module.as_str(),
                "configs": configs,
                "verdict": verdict,
                "where": guards,
                "why": why,
            })
        })
        .collect();
    let not_tried: Vec<&str> = filling.too_many.iter().map(|it| it.0.as_str()).collect();
    let unread: Vec<Value> = (filling.unread.iter())
        .map(|(layer, param)| json!({ "layer": layer.as_str(), "parameter": param.as_str() }))
        .collect();
    json!({
        "no_axis": unread,
        "hole": filling.hole.as_str(),
        "type": filling.arrow,
        "candidates": fittings,
        "not_tried": not_tried,
    })
}
