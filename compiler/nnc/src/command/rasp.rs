//! `nnc rasp`.

use super::Context;
use crate::args::Rasp;
use crate::outcome::MISTAKES;
use crate::terminal::Terminal;
use nnc_base::{FileId, Sources, Span};
use nnc_driver::{Error, write_file};
use nnc_rasp::{Event, Loader, Machine, Run, draw, parse, told};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{Config, Editor, Helper};
use std::cell::RefCell;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

pub(super) fn run(context: &mut Context<'_>, args: Rasp) -> Result<u8, Error> {
    let sources = RefCell::new(Sources::new());
    let folders = args.files.iter().filter_map(|it| it.parent()).map(Path::to_owned);
    let files = Files { sources: &sources, folders: folders.collect() };
    let mut console = Console {
        terminal: context.terminal,
        sources: &sources,
        machine: Machine::new(files),
        svg: args.svg.unwrap_or_default(),
        mistakes: false,
    };
    let talks = std::io::stdin().is_terminal() && !args.files.iter().any(|it| is_stdin(it));
    for path in &args.files {
        console.file(path)?;
    }
    if talks {
        console.talk()?;
        return Ok(0);
    }
    if args.files.is_empty() {
        console.file(Path::new("-"))?;
    }
    Ok(if console.mistakes { MISTAKES } else { 0 })
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Where `load "name"` finds `name.rasp`: in the current folder, or beside the files that
/// were named.
pub(super) struct Files<'s> {
    pub(super) sources: &'s RefCell<Sources>,
    pub(super) folders: Vec<PathBuf>,
}

impl Loader for Files<'_> {
    fn load(&mut self, path: &str) -> Result<(FileId, String), String> {
        let name = format!("{path}.rasp");
        let here = PathBuf::from(&name);
        let beside = self.folders.iter().map(|folder| folder.join(&name));
        let found = std::iter::once(here.clone()).chain(beside).find(|it| it.is_file());
        let found = found.unwrap_or(here);
        let text = std::fs::read_to_string(&found)
            .map_err(|error| Error::reading(&found, &error).to_string())?;
        Ok((self.sources.borrow_mut().add(found.display().to_string(), text.clone()), text))
    }
}

/// A machine with what it needs of the world.
struct Console<'a> {
    terminal: &'a Terminal,
    sources: &'a RefCell<Sources>,
    machine: Machine<'a>,
    /// The folder for pictures.
    svg: PathBuf,
    mistakes: bool,
}

impl Console<'_> {
    /// Runs the statements of a file.
    fn file(&mut self, path: &Path) -> Result<(), Error> {
        if !is_stdin(path) {
            let text =
                std::fs::read_to_string(path).map_err(|error| Error::reading(path, &error))?;
            return self.text(&path.display().to_string(), &text).map(drop);
        }
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .map_err(|error| Error::reading(Path::new("standard input"), &error))?;
        self.text("<stdin>", until_quit(&text)).map(drop)
    }

    /// Runs statements, and says whether to go on after them.
    fn text(&mut self, name: &str, text: &str) -> Result<bool, Error> {
        let file = self.sources.borrow_mut().add(name, text);
        for part in parse(file, text).apart() {
            self.mistaken(&part.diagnostics);
            for event in self.machine.run(&part) {
                self.happened(&event)?;
                if matches!(event, Event::Exit) {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn mistaken(&mut self, mistakes: &[nnc_base::Diagnostic]) {
        self.mistakes |= !mistakes.is_empty();
        self.terminal.diagnostics(&self.sources.borrow(), mistakes);
    }

    fn happened(&mut self, event: &Event) -> Result<(), Error> {
        let told = told(&mut self.machine, event);
        self.terminal.result(&told.text)?;
        self.mistaken(&told.mistakes);
        if let Event::Drawn { node, input, .. } = event {
            let graph = self.machine.graph();
            match draw(graph, *node, &mut Run::new((**input).clone())) {
                Ok(picture) => {
                    let path = self.svg.join(file_name(&graph[*node].name));
                    write_file(&path, picture.as_bytes())?;
                    self.terminal.result(&format!("    drawn in {}\n", path.display()))?;
                }
                Err(mistake) => self.mistaken(&[*mistake]),
            }
        }
        Ok(())
    }

    /// Reads statements from a person until there are no more.
    fn talk(&mut self) -> Result<(), Error> {
        let failure = |error: ReadlineError| {
            Error::environment(format!("cannot read from the terminal: {error}"))
        };
        let mut editor: Editor<Names, MemHistory> =
            Editor::with_history(Config::default(), MemHistory::new()).map_err(failure)?;
        self.terminal.note(&format!(
            "RASP; the running example is {}; `exit` or Ctrl-D ends",
            self.machine.example(false).written()
        ));
        let mut text = String::new();
        loop {
            let known = self.machine.names().iter().map(ToString::to_string).collect();
            editor.set_helper(Some(Names(known)));
            let prompt = if text.is_empty() { ">> " } else { ".. " };
            match editor.readline(prompt) {
                Ok(line) => {
                    if text.is_empty() && is_quit(&line) {
                        return Ok(());
                    }
                    text.push_str(&line);
                    text.push('\n');
                }
                Err(ReadlineError::Interrupted) => {
                    text.clear();
                    continue;
                }
                Err(ReadlineError::Eof) => return Ok(()),
                Err(error) => return Err(failure(error)),
            }
            if parse(Span::NONE.file, &text).unfinished {
                continue;
            }
            // A history that is full forgets its oldest line by itself.
            let _ = editor.add_history_entry(text.trim_end());
            let goes_on = self.text("<console>", text.trim_end());
            text.clear();
            match goes_on {
                Ok(true) => {}
                Ok(false) => return Ok(()),
                Err(error) => self.terminal.error(&self.sources.borrow(), &error),
            }
        }
    }
}

/// The word that ends a console, as the language's `exit` does.
fn is_quit(line: &str) -> bool {
    matches!(line.trim(), "quit" | "quit;" | "exit;")
}

/// What stands before a line that ends the console.
fn until_quit(text: &str) -> &str {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        if is_quit(line) {
            break;
        }
        end += line.len();
    }
    &text[..end]
}

/// The file for a picture of an s-op, whose name may be an expression.
fn file_name(name: &str) -> String {
    let letter = |it: char| if it.is_alphanumeric() || it == '-' { it } else { '_' };
    let name: String = name.chars().map(letter).collect();
    let name = name.trim_matches('_');
    format!("{}.svg", if name.is_empty() { "s-op" } else { name })
}

/// The names that Tab completes.
struct Names(Vec<String>);

impl Completer for Names {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &rustyline::Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let before = line.get(..at).unwrap_or(line);
        let begun = |it: char| it.is_alphanumeric() || it == '_';
        let start = before.trim_end_matches(begun).len();
        let word = &before[start..];
        let fits = |it: &&String| !word.is_empty() && it.starts_with(word);
        Ok((start, self.0.iter().filter(fits).cloned().collect()))
    }
}

impl Helper for Names {}
impl Highlighter for Names {}
impl Validator for Names {}

impl Hinter for Names {
    type Hint = String;
}

#[cfg(test)]
mod tests {
    use super::{file_name, until_quit};

    #[test]
    fn pictures_are_called_as_s_ops_are() {
        assert_eq!(file_name("dyck1"), "dyck1.svg");
        assert_eq!(file_name("sort(tokens, ../x)"), "sort_tokens_____x.svg");
        assert_eq!(file_name("(/)"), "s-op.svg");
    }

    #[test]
    fn nothing_is_read_behind_quit() {
        assert_eq!(until_quit("a;\n quit \nb;"), "a;\n");
        assert_eq!(until_quit("quit;"), "");
        assert_eq!(until_quit("a = quit;\nb"), "a = quit;\nb");
    }
}
