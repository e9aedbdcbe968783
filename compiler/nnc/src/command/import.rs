//! `nnc import`.

use super::Context;
use super::rasp::Files;
use crate::args::Import;
use crate::outcome::MISTAKES;
use nnc_base::{Diagnostic, Sources};
use nnc_driver::{Error, Failure, render, write_file};
use nnc_rasp::{Event, Machine, parse};
use std::cell::RefCell;
use std::path::Path;

pub(super) fn run(context: &mut Context<'_>, args: Import) -> Result<u8, Error> {
    let extension = args.file.extension().and_then(|it| it.to_str()).unwrap_or_default();
    if !extension.eq_ignore_ascii_case("rasp") {
        return Err(unreadable(&args.file));
    }
    if let Some(path) = args.output.as_deref().filter(|it| it.exists() && !args.force) {
        return Err(Error::Usage(
            Failure::new(format!("{} exists", path.display()))
                .help("name another file, or write over it: `--force`"),
        ));
    }
    rasp(context, &args)
}

fn unreadable(path: &Path) -> Error {
    Error::Usage(
        Failure::new(format!("it cannot be seen how {} is to be read", path.display()))
            .note("files are read by how their names end: `.rasp` is a RASP program")
            .help("give the file the name that fits, such as `program.rasp`"),
    )
}

fn rasp(context: &Context<'_>, args: &Import) -> Result<u8, Error> {
    let path = &args.file;
    let text = std::fs::read_to_string(path).map_err(|error| Error::reading(path, &error))?;
    let sources = RefCell::new(Sources::new());
    let file = sources.borrow_mut().add(path.display().to_string(), text.clone());
    let parsed = parse(file, &text);
    let folders = path.parent().map(Path::to_owned).into_iter().collect();
    let mut machine = Machine::for_program(Files { sources: &sources, folders }, &parsed);
    let mut mistakes = parsed.diagnostics.clone();
    for event in machine.run(&parsed) {
        if let Event::Mistake(mistake) = event {
            mistakes.push(*mistake);
        }
    }
    let told = |mistakes: &[Diagnostic]| {
        context.terminal.diagnostics(&sources.borrow(), mistakes);
        if let Some(summary) = render::summary(mistakes) {
            context.terminal.note(&summary);
        }
    };
    if !mistakes.is_empty() {
        told(&mistakes);
        return Ok(MISTAKES);
    }
    let title = path.file_name().map_or_else(String::new, |it| it.to_string_lossy().into_owned());
    let imported = match nnc_rasp::import(&machine, &title, &text, &parsed) {
        Ok(imported) => imported,
        Err(mistake) => {
            told(&[mistake]);
            return Ok(MISTAKES);
        }
    };
    told(&imported.left_out);
    if !imported.left_out.is_empty() && (!args.partial || imported.functions.is_empty()) {
        if !imported.functions.is_empty() {
            let count = imported.functions.len();
            context
                .terminal
                .note(&format!("`--partial` writes the other s-ops, which are {count}"));
        }
        return Ok(MISTAKES);
    }
    match &args.output {
        Some(path) => {
            write_file(path, imported.text.as_bytes())?;
            let count = match imported.functions.len() {
                1 => "1 function".to_owned(),
                count => format!("{count} functions"),
            };
            context.terminal.note(&format!("{count} in {}", path.display()));
        }
        None => context.terminal.result(&imported.text)?,
    }
    Ok(0)
}
