//! Where text goes: results to standard output, messages to standard error.

use crate::args::{Color, Common, MessageFormat};
use nnc_base::{Diagnostic, Sources};
use nnc_driver::render::{self, Format, Style};
use nnc_driver::{Error, Failure};
use std::io::{IsTerminal, Write};

/// Nobody reads more messages at once.
const MOST_MESSAGES: usize = 40;

/// The two streams and how messages are told on them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    format: Format,
    style: Style,
    quiet: bool,
    verbose: bool,
    /// Whether a person looks at standard error.
    watched: bool,
}

impl Terminal {
    pub(crate) fn new(common: &Common) -> Terminal {
        let watched = std::io::stderr().is_terminal();
        let dumb = std::env::var_os("TERM").is_some_and(|it| it == "dumb");
        let set = |name: &str| std::env::var_os(name).is_some_and(|it| !it.is_empty());
        let color = match common.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto if set("NO_COLOR") => false,
            Color::Auto => {
                let forced = std::env::var_os("CLICOLOR_FORCE");
                forced.is_some_and(|it| !it.is_empty() && it != "0") || (watched && !dumb)
            }
        };
        let width = match terminal_size::terminal_size_of(std::io::stderr()) {
            Some((width, _)) => usize::from(width.0).max(40),
            None => Style::PLAIN.width,
        };
        let format = match common.message_format {
            MessageFormat::Human => Format::Human,
            MessageFormat::Short => Format::Short,
            MessageFormat::Json => Format::Json,
        };
        Terminal {
            format,
            style: Style { color, unicode: !dumb, width },
            quiet: common.quiet,
            verbose: common.verbose,
            watched: watched && format == Format::Human && !dumb && !common.quiet,
        }
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    pub(crate) fn verbose(&self) -> bool {
        self.verbose
    }

    /// Whether progress is worth showing.
    pub(crate) fn watched(&self) -> bool {
        self.watched
    }

    /// Messages about a program; a person sees the first ones.
    pub(crate) fn diagnostics(&self, sources: &Sources, diagnostics: &[Diagnostic]) {
        let wanted: Vec<&Diagnostic> =
            diagnostics.iter().filter(|it| !self.quiet || it.is_error()).collect();
        let all = self.verbose || self.format != Format::Human;
        let count = if all { wanted.len() } else { wanted.len().min(MOST_MESSAGES) };
        let told: String = (wanted[..count].iter())
            .map(|it| render::message(sources, it, self.format, self.style))
            .collect();
        self.say(&told);
        if count < wanted.len() {
            self.note(&format!("and {} more, see `--verbose`", wanted.len() - count));
        }
    }

    pub(crate) fn error(&self, sources: &Sources, error: &Error) {
        match error {
            Error::Program(diagnostics) => self.diagnostics(sources, diagnostics),
            _ => self.say(&render::error(sources, error, self.format, self.style)),
        }
    }

    /// Something worth knowing that is no mistake; not for tools.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet && self.format != Format::Json {
            self.say(&format!("{text}\n"));
        }
    }

    /// As [`Terminal::note`], for those who asked for more.
    pub(crate) fn detail(&self, text: &str) {
        if self.verbose {
            self.note(text);
        }
    }

    fn say(&self, text: &str) {
        // If nobody can be told, nobody can be told so.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// Writes a result to standard output at once.
    pub(crate) fn result(&self, text: &str) -> Result<(), Error> {
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                // Whoever read it has enough.
                std::process::exit(0)
            }
            Err(error) => Err(Error::Environment(Failure::new(format!(
                "cannot write to standard output: {error}"
            )))),
            Ok(()) => Ok(()),
        }
    }
}
