//! The command line as a person or a script meets it: exit codes, what goes to which
//! stream, and what is left on disk.
//!
//! These tests are here and not in `tests/it`, since cargo tells the path of a compiled
//! program to the tests of its own package alone. They run it and link nothing of it.

#![expect(clippy::unwrap_used, reason = "all of this is tests")]

#[path = "cli/artifacts.rs"]
mod artifacts;
#[path = "cli/import.rs"]
mod import;
#[path = "cli/messages.rs"]
mod messages;
#[path = "cli/questions.rs"]
mod questions;
#[path = "cli/rasp.rs"]
mod rasp;
#[path = "cli/running.rs"]
mod running;
#[path = "cli/search.rs"]
mod search;
#[path = "cli/tests.rs"]
mod tests;
#[path = "cli/transformers.rs"]
mod transformers;
#[path = "cli/usage.rs"]
mod usage;
#[path = "cli/weights.rs"]
mod weights;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use tempfile::TempDir;

/// A folder in which `nnc` is run, gone with this.
struct Folder(TempDir);

/// What a run left.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Folder {
    fn new() -> Folder {
        Folder(tempfile::tempdir().unwrap())
    }

    /// A folder with the digits classifier, its weights and images.
    fn digits() -> Folder {
        let folder = Folder::new();
        for name in ["model.nn", "weights.safetensors", "images.npy"] {
            std::fs::copy(example("digits").join(name), folder.path(name)).unwrap();
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), content).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// All that is in the folder, sorted; hidden files are left out.
    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|it| it.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.retain(|it| !it.starts_with('.'));
        names.sort();
        names
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nnc"));
        command.args(arguments).current_dir(self.0.path());
        for variable in ["NO_COLOR", "CLICOLOR_FORCE", "NNC_CACHE", "RUST_BACKTRACE"] {
            command.env_remove(variable);
        }
        command.env("XDG_CACHE_HOME", self.path(".cache"));
        command.stdin(Stdio::null());
        command
    }

    fn nnc(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }
}

impl Ran {
    fn of(output: Output) -> Ran {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// The results of a run without mistakes.
    fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}", self.err);
        self.out
    }

    /// The messages of a run that failed with this code, and gave no results.
    fn fails(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.err);
        assert_eq!(self.out, "", "results of a run that failed");
        self.err
    }
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}
