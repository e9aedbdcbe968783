//! `nnc zoo`.

use super::Context;
use crate::args::Zoo;
use crate::table::{Side, table};
use nnc_base::Name;
use nnc_driver::cost::{self, ParamCount};
use nnc_driver::numbers::{amount, count};
use nnc_driver::{Error, Failure, Session, write_file};
use nnc_zoo::Member;
use serde_json::json;
use std::fmt::Write;
use std::path::Path;

/// The size that counts inputs, in all members.
const BATCH: &str = "B";

pub(super) fn run(context: &mut Context<'_>, args: Zoo) -> Result<u8, Error> {
    let text = match (args.name, args.output) {
        (None, _) if args.json => {
            let members: Vec<_> = listed(context)?.iter().map(Listed::json).collect();
            format!("{:#}\n", json!(members))
        }
        (None, _) => list(&listed(context)?),
        (Some(name), None) => {
            let member = member(&name)?;
            let page = member.file("README.md").unwrap_or_default();
            format!("{}\n\n{}", page.trim_end(), member.model())
        }
        (Some(name), Some(folder)) => written(member(&name)?, &folder)?,
    };
    context.terminal.result(&text)?;
    Ok(0)
}

fn member(name: &str) -> Result<&'static Member, Error> {
    let members = nnc_zoo::members();
    members.iter().find(|it| it.name == name).ok_or_else(|| {
        let names: Vec<&str> = members.iter().map(|it| it.name).collect();
        let failure = Failure::new(format!("the zoo has no `{name}`"));
        Error::Usage(failure.names(name, "the architectures", &names))
    })
}

/// Writes the files of a member, unless there are other ones of their names.
fn written(member: &Member, folder: &Path) -> Result<String, Error> {
    for (name, text) in member.files {
        let path = folder.join(name);
        if std::fs::read(&path).is_ok_and(|there| there != text.as_bytes()) {
            let message = format!("{} is there already and is another file", path.display());
            return Err(Error::usage(message).help("name a folder that is new or empty"));
        }
    }
    let mut text = String::new();
    for (name, content) in member.files {
        let path = folder.join(name);
        write_file(&path, content.as_bytes())?;
        let _ = writeln!(text, "{}", path.display());
    }
    Ok(text)
}

/// A line of the list.
struct Listed {
    member: &'static Member,
    parameters: ParamCount,
    /// Of the first entry of the first model, for one input of the greatest sizes.
    flops: i64,
    sizes: Vec<(Name, i64)>,
}

fn listed(context: &mut Context<'_>) -> Result<Vec<Listed>, Error> {
    let mut list = Vec::new();
    for member in nnc_zoo::members() {
        let session = Session::from_text("model.nn", member.model());
        context.sources = session.sources().clone();
        let id = session.models()?.into_iter().next();
        let id = id.ok_or_else(|| Error::internal(format!("{} has no model", member.name)))?;
        let parameters = ParamCount::of(&session.lowered(id)?.params);
        let (mut flops, mut sizes) = (0, Vec::new());
        if let Some(entry) = session.costs(id)?.first() {
            for dim in &entry.dims {
                let most = dim.max.unwrap_or(dim.min);
                sizes.push((dim.name, if dim.name.as_str() == BATCH { dim.min } else { most }));
            }
            flops = cost::value(&entry.total.flops(), &sizes).unwrap_or(i64::MAX);
        }
        list.push(Listed { member, parameters, flops, sizes });
    }
    Ok(list)
}

fn list(members: &[Listed]) -> String {
    let mut rows = vec![["name", "parameters", "FLOPs", "what it is"].map(str::to_owned).to_vec()];
    for listed in members {
        let (title, about) = listed.member.about();
        rows.push(vec![
            listed.member.name.to_owned(),
            count(listed.parameters.trained),
            amount(listed.flops as f64),
            format!("{title}: {about}"),
        ]);
    }
    let mut text = table(&[Side::Left, Side::Right, Side::Right, Side::Left], &rows);
    let _ = writeln!(
        text,
        "\n{} architectures; FLOPs of one input of the greatest sizes, a multiply-add as 2\n\
         `nnc zoo NAME` shows one, `nnc zoo NAME -o FOLDER` writes it to start from",
        members.len()
    );
    text
}

impl Listed {
    fn json(&self) -> serde_json::Value {
        let (title, about) = self.member.about();
        let sizes = self.sizes.iter().map(|(name, size)| (name.to_string(), json!(size)));
        json!({
            "name": self.member.name,
            "title": title,
            "about": about,
            "parameters": self.parameters.trained,
            "statistics": self.parameters.statistics,
            "flops": self.flops,
            "sizes": serde_json::Map::from_iter(sizes),
        })
    }
}
