//! `nnc type` and `nnc equiv`.

use super::Context;
use crate::args::{Equiv, Type};
use nnc_base::Name;
use nnc_driver::questions::{self, Comparison, LayerType};
use nnc_driver::render::Format;
use nnc_driver::{Answer, Error, Instance};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The same under a condition, or with another domain or other elements.
const TYPE: u8 = 3;
/// The same at some sizes.
const INSTANT: u8 = 4;
const DIFFERENT: u8 = 5;

pub(super) fn layer_type(context: &mut Context<'_>, args: Type) -> Result<u8, Error> {
    let (program, layers) = parted::<1>(&args.layer)?;
    let session = context.questioned(program)?;
    let layer = questions::layer_type(&session, &mut context.sources, layers[0])?;
    let text = match format(context, args.json) {
        Format::Json => format!("{:#}\n", described(&layer)),
        Format::Short => format!("{}\n", one_line(&layer)),
        Format::Human => {
            let mut text = format!("{}\n  {}\n", layer.map.text, layer.arrow);
            if !layer.domain.is_empty() {
                let _ = writeln!(text, "  where {}", layer.domain.join(", "));
            }
            text
        }
    };
    context.terminal.result(&text)?;
    Ok(0)
}

pub(super) fn run(context: &mut Context<'_>, args: Equiv) -> Result<u8, Error> {
    let (program, layers) = parted::<2>(&args.layers)?;
    let session = context.questioned(program)?;
    let found = questions::compare(&session, &mut context.sources, layers, &args.at)?;
    let at = args.at.as_slice();
    let text = match format(context, args.json) {
        Format::Json => format!("{:#}\n", answer_json(&found, !at.is_empty())),
        Format::Short => format!("{}\n", headline(&found, at)),
        Format::Human => answer(&found, at),
    };
    context.terminal.result(&text)?;
    Ok(match found.equivalence.answer {
        Answer::Complete => 0,
        Answer::Type => TYPE,
        Answer::Instant if !at.is_empty() => 0,
        Answer::Instant => INSTANT,
        Answer::Different => DIFFERENT,
    })
}

fn format(context: &Context<'_>, json: bool) -> Format {
    if json { Format::Json } else { context.terminal.format() }
}

/// The program, if one stands in front of the layers.
fn parted<const N: usize>(words: &[String]) -> Result<(Option<&str>, [&str; N]), Error> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (front, layers) = words.split_at(words.len().saturating_sub(N));
    let layers = <[&str; N]>::try_from(layers)
        .map_err(|_| Error::usage(format!("{N} layers are wanted, found {}", layers.len())))?;
    Ok((front.first().copied(), layers))
}

fn one_line(layer: &LayerType) -> String {
    match layer.domain.as_slice() {
        [] => layer.arrow.clone(),
        domain => format!("{} where {}", layer.arrow, domain.join(", ")),
    }
}

/// The answer in one line.
fn headline(found: &Comparison, at: &[(String, i64)]) -> String {
    let equivalence = &found.equivalence;
    let given: Vec<String> = at.iter().map(|(name, size)| format!("{name} = {size}")).collect();
    let given = given.join(", ");
    match equivalence.answer {
        Answer::Complete => "completely equivalent".to_owned(),
        Answer::Type => {
            let mut text = "type-equivalent".to_owned();
            if !equivalence.guards.is_empty() {
                let _ = write!(text, " where {}", equivalence.guards.join(", "));
                if equivalence.exactly {
                    text.push_str(", and only there");
                }
            } else {
                text.push_str(": the same sizes for all inputs that both take");
            }
            text
        }
        Answer::Instant if !at.is_empty() => format!("instant-equivalent at {given}"),
        Answer::Instant if equivalence.guards.is_empty() => {
            "instant-equivalent, at some sizes".to_owned()
        }
        Answer::Instant => {
            let mut text = format!("instant-equivalent where {}", equivalence.guards.join(", "));
            if equivalence.exactly {
                text.push_str(", and only there");
            }
            text
        }
        Answer::Different if !at.is_empty() => format!("not equivalent at {given}"),
        Answer::Different if equivalence.exactly => "not equivalent".to_owned(),
        Answer::Different => "not equivalent at any sizes that were tried".to_owned(),
    }
}

fn answer(found: &Comparison, at: &[(String, i64)]) -> String {
    let mut text = format!("{}\n", headline(found, at));
    let equivalence = &found.equivalence;
    for (name, layer) in [("first", &found.first), ("second", &found.second)] {
        let _ = writeln!(text, "  {name:<6}  {}\n          {}", layer.map.text, layer.arrow);
        if !layer.domain.is_empty() {
            let _ = writeln!(text, "          where {}", layer.domain.join(", "));
        }
    }
    for (name, asks) in [("first", &equivalence.first_asks), ("second", &equivalence.second_asks)] {
        if !asks.is_empty() {
            let _ = writeln!(text, "  only the {name} asks for {}", asks.join(", "));
        }
    }
    for difference in &equivalence.differences {
        let _ = writeln!(text, "  {difference}");
    }
    if let Some(instance) = &equivalence.same_at {
        let _ = writeln!(text, "  equal:     {}", told(instance));
    }
    if let Some(instance) = &equivalence.different_at {
        let _ = writeln!(text, "  different: {}", told(instance));
    }
    text
}

fn sizes(sizes: &[(Name, i64)]) -> String {
    sizes.iter().map(|(name, size)| format!("{name} = {size}")).collect::<Vec<_>>().join(", ")
}

fn told(instance: &Instance) -> String {
    let result = |result: &Result<String, String>| match result {
        Ok(ty) => ty.clone(),
        Err(condition) => format!("nothing, as {condition} does not hold"),
    };
    let (first, second) = (result(&instance.first), result(&instance.second));
    let at = sizes(&instance.sizes);
    if first == second {
        format!("{at} gives {first}")
    } else {
        format!("{at} gives {first} and {second}")
    }
}

fn described(layer: &LayerType) -> Value {
    let sizes: Vec<Value> = (layer.map.sizes.iter())
        .map(|it| json!({ "name": it.name.as_str(), "least": it.least, "of_input": it.of_input }))
        .collect();
    json!({
        "layer": layer.map.text,
        "type": layer.arrow,
        "where": layer.domain,
        "sizes": sizes,
    })
}

fn answer_json(found: &Comparison, at: bool) -> Value {
    let equivalence = &found.equivalence;
    let instance = |it: &Option<Instance>| {
        it.as_ref().map(|it| {
            let sizes: serde_json::Map<String, Value> =
                it.sizes.iter().map(|(name, size)| (name.to_string(), json!(size))).collect();
            let result = |result: &Result<String, String>| match result {
                Ok(ty) => json!({ "type": ty }),
                Err(condition) => json!({ "outside": condition }),
            };
            json!({
                "sizes": sizes,
                "first": result(&it.first),
                "second": result(&it.second),
            })
        })
    };
    json!({
        "answer": match equivalence.answer {
            Answer::Complete => "complete",
            Answer::Type => "type",
            Answer::Instant => "instant",
            Answer::Different => "different",
        },
        "at_given_sizes": at,
        "where": equivalence.guards,
        "nowhere_else": equivalence.exactly,
        "first": described(&found.first),
        "second": described(&found.second),
        "only_first_asks": equivalence.first_asks,
        "only_second_asks": equivalence.second_asks,
        "differences": equivalence.differences,
        "same_at": instance(&equivalence.same_at),
        "different_at": instance(&equivalence.different_at),
    })
}
