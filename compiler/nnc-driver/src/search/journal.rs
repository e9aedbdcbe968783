//! The log of a search on disk.

use super::members::Members;
use super::settings::{changed, metric_names};
use crate::{Error, Failure};
use nnc_search::{Header, Log, Member, Worth};
use serde_json::Value;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A file that lines are added to, each at once and on disk before the next member.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    /// `None` until the first line is written.
    file: Option<File>,
    log: Log,
}

impl Journal {
    /// A log that is begun when the search is; there must be none.
    pub fn create(path: &Path) -> Result<Journal, Error> {
        if path.exists() {
            let shown = path.display();
            return Err(Error::usage(format!("{shown} is there already"))
                .help(format!("go on with it, `--resume {shown}`, or name another `--log`")));
        }
        let log = Log { header: None, records: Vec::new(), bytes: 0 };
        Ok(Journal { path: path.to_path_buf(), file: None, log })
    }

    /// A log that a search goes on from. A last line that was cut off is taken away.
    pub fn resume(path: &Path) -> Result<Journal, Error> {
        let failure = |error: std::io::Error| Error::reading(path, &error);
        let mut file = File::options().read(true).write(true).open(path).map_err(failure)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::environment(format!(
                    "{} is being written by another search",
                    path.display()
                ))
                .help("wait for it, or end it"));
            }
            // Some file systems have no locks.
            Err(TryLockError::Error(_)) => {}
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(failure)?;
        // What is cut off may end within a letter.
        let whole = bytes.iter().rposition(|it| *it == b'\n').map_or(0, |at| at + 1);
        let wrong =
            |what: &str| {
                Error::Input(Failure::new(format!("{}: {what}", path.display())).help(
                    "give a log that `nnc search` has written, or begin another with `--log`",
                ))
            };
        let text = std::str::from_utf8(&bytes[..whole]).map_err(|_| wrong("this is no text"))?;
        let log = nnc_search::read(text, metric_names).map_err(|it| wrong(&it.to_string()))?;
        if log.header.is_none() {
            return Err(wrong("its first line is not there").help("begin another search"));
        }
        file.set_len(log.bytes as u64).map_err(failure)?;
        file.seek(SeekFrom::End(0)).map_err(failure)?;
        Ok(Journal { path: path.to_path_buf(), file: Some(file), log })
    }

    /// What the log was asked.
    pub fn header(&self) -> Option<&Header> {
        self.log.header.as_ref()
    }

    /// The member that the log's others were timed beside, with its time, once all else of
    /// the first line is known to be as it is now.
    pub(super) fn reference(
        &self,
        now: &Header,
        members: &Members,
    ) -> Result<Option<(Member, f64)>, Error> {
        let Some(header) = &self.log.header else { return Ok(None) };
        let mut settings = header.settings().clone();
        let reference = settings.remove("reference");
        let nominal = settings.remove("reference_ms");
        for name in now.settings().keys().chain(settings.keys()) {
            let (before, after) = (settings.get(name), now.settings().get(name));
            if before == after || name == "program" {
                continue;
            }
            return Err(match name.as_str() {
                "text" => Error::usage(format!(
                    "the program has changed since {} was begun",
                    self.path.display()
                ))
                .help("begin another log: members of another program cannot be compared"),
                "holes" => Error::usage("the holes of the model are others than those of the log")
                    .help("begin another log"),
                name => changed(name, before, after),
            });
        }
        let choices = reference.as_ref().and_then(Value::as_array).map(|items| {
            let choices = items.iter().filter_map(Value::as_u64);
            choices.filter_map(|it| u32::try_from(it).ok()).collect::<Vec<u32>>()
        });
        let member = choices.and_then(|it| members.space().member(&it));
        Ok(member.zip(nominal.as_ref().and_then(Value::as_f64)))
    }

    /// What the log has, in order; it is handed over once.
    pub(super) fn records(&mut self) -> Vec<(Vec<u32>, Worth)> {
        std::mem::take(&mut self.log.records)
    }

    /// A log whose members come in another order.
    pub(super) fn another(&self, at: usize) -> Error {
        Error::input(format!(
            "{}: line {}: this search would look at another member here",
            self.path.display(),
            at + 2
        ))
        .note("members and their order follow from the first line and what was found")
        .help("the log was changed, or is of another version of nnc; begin another")
    }

    /// Writes the first line, unless it is there.
    pub(super) fn begin(&mut self, header: &Header) -> Result<(), Error> {
        if self.file.is_some() {
            return Ok(());
        }
        let failure = |error: std::io::Error| Error::writing(&self.path, &error);
        if let Some(folder) = self.path.parent().filter(|it| !it.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(failure)?;
        }
        let file =
            File::options().write(true).create_new(true).open(&self.path).map_err(failure)?;
        // Where there are no locks, there are none.
        let _ = file.try_lock();
        self.file = Some(file);
        self.append(&header.to_line())
    }

    pub(super) fn append(&mut self, line: &str) -> Result<(), Error> {
        let Some(file) = &mut self.file else {
            return Err(Error::internal("a log is written to before it is begun"));
        };
        let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_data());
        written.map_err(|error| Error::writing(&self.path, &error))
    }
}
