//! Finds the files of a program and reads them.
//!
//! A program is a root file with what it uses, or a folder with all files in it. The
//! folder of the root file is the package: `use a.b.{x}` names `a/b.nn` there. Digits
//! and a `_` before a file's name are for people, `1_mlp.nn` is the module `mlp`. Names
//! that begin with `std.` are the library's, which is embedded.

use crate::Error;
use nnc_base::{Diagnostic, FileId, Sources};
use nnc_syntax::ast;
use std::collections::{BTreeMap, VecDeque};
use std::io::Read;
use std::path::{Path, PathBuf};

/// No program that a person writes is longer.
const MOST_BYTES: u64 = 16 << 20;

/// Folders in folders are searched this deep.
const MOST_NESTING: usize = 16;

/// A file of the program, read.
#[derive(Clone, Debug)]
pub(crate) struct Module {
    /// As in `use`.
    pub path: String,
    pub file: FileId,
    pub ast: ast::Module,
    /// Whether the person named the file, and did not only use it.
    pub root: bool,
}

/// All files of a program; those of the root come first.
#[derive(Clone, Default, Debug)]
pub(crate) struct Loaded {
    pub sources: Sources,
    pub modules: Vec<Module>,
    /// Of parsing.
    pub diagnostics: Vec<Diagnostic>,
}

/// Loads a file with what it uses, or all files of a folder.
pub(crate) fn load(root: &Path) -> Result<Loaded, Error> {
    let mut loaded = Loaded::default();
    let (package, roots) = if root.is_dir() {
        let mut found = BTreeMap::new();
        files_of(root, &mut Vec::new(), &mut found)?;
        if found.is_empty() {
            return Err(Error::input(format!("there is no .nn file in {}", root.display())));
        }
        (root.to_path_buf(), found.into_iter().collect())
    } else {
        let package = root.parent().map_or_else(PathBuf::new, Path::to_path_buf);
        (package, vec![(module_name(root), root.to_path_buf())])
    };
    for (name, file) in roots {
        loaded.add_file(name, &file, true)?;
    }
    loaded.add_used(Some(&package))?;
    Ok(loaded)
}

/// A program that is one text; it can use the library alone.
pub(crate) fn load_text(name: &str, text: &str) -> Loaded {
    let mut loaded = Loaded::default();
    loaded.add(module_name(Path::new(name)), name, text, true);
    // Without a package nothing is read that could fail.
    let _ = loaded.add_used(None);
    loaded
}

impl Loaded {
    fn add(&mut self, path: String, name: &str, text: &str, root: bool) {
        let file = self.sources.add(name, text);
        let parsed = nnc_syntax::parse(file, text);
        self.diagnostics.extend(parsed.diagnostics);
        self.modules.push(Module { path, file, ast: parsed.module, root });
    }

    fn add_file(&mut self, path: String, file: &Path, root: bool) -> Result<(), Error> {
        let text = read_text(file)?;
        self.add(path, &file.display().to_string(), &text, root);
        Ok(())
    }

    fn has(&self, path: &str) -> bool {
        self.modules.iter().any(|module| module.path == path)
    }

    /// Loads what the modules use and what that uses in turn.
    fn add_used(&mut self, package: Option<&Path>) -> Result<(), Error> {
        let mut library = Vec::new();
        let mut waiting: VecDeque<usize> = (0..self.modules.len()).collect();
        while let Some(at) = waiting.pop_front() {
            for path in used_modules(&self.modules[at].ast) {
                let name = path.join(".");
                if path.first().is_some_and(|it| it == "std") {
                    library.push(name.clone());
                }
                let Some(package) = package.filter(|_| !library_has(&name) && !self.has(&name))
                else {
                    continue;
                };
                if let Some(file) = find_module(package, &path)? {
                    self.add_file(name, &file, false)?;
                    waiting.push_back(self.modules.len() - 1);
                }
            }
        }
        for (path, text) in nnc_stdlib::needed(library.iter().map(String::as_str)) {
            self.add(path.to_owned(), path, text, false);
        }
        Ok(())
    }
}

fn library_has(name: &str) -> bool {
    nnc_stdlib::modules().iter().any(|(path, _)| *path == name)
}

/// What may be the modules that a module uses: without braces, the last name is that of a
/// module or of something in one.
fn used_modules(module: &ast::Module) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for item in &module.items {
        let ast::ItemKind::Use(import) = &item.kind else { continue };
        let path: Vec<String> = import.path.iter().map(|it| it.as_str().to_owned()).collect();
        if import.names.is_none() && path.len() > 1 {
            paths.push(path[..path.len() - 1].to_vec());
        }
        paths.push(path);
    }
    paths
}

/// The module that a file is.
fn module_name(file: &Path) -> String {
    let stem = file.file_stem().map_or_else(String::new, |it| it.to_string_lossy().into_owned());
    let rest = stem.trim_start_matches(|it: char| it.is_ascii_digit());
    match rest.strip_prefix('_') {
        Some(rest) if rest.len() + 1 < stem.len() && !rest.is_empty() => rest.to_owned(),
        _ => stem,
    }
}

fn is_program(file: &Path) -> bool {
    file.extension().is_some_and(|it| it == "nn")
}

/// The file of a module of a package, if there is one.
fn find_module(package: &Path, path: &[String]) -> Result<Option<PathBuf>, Error> {
    let Some((name, folders)) = path.split_last() else { return Ok(None) };
    let folder = folders.iter().fold(package.to_path_buf(), |folder, name| folder.join(name));
    let mut found: Option<PathBuf> = None;
    for file in entries_of(&folder).unwrap_or_default() {
        if !is_program(&file) || module_name(&file) != *name || !file.is_file() {
            continue;
        }
        match &found {
            Some(other) => return Err(ambiguous(&path.join("."), other, &file)),
            None => found = Some(file),
        }
    }
    Ok(found)
}

/// All programs in a folder, by the names of their modules.
fn files_of(
    folder: &Path,
    names: &mut Vec<String>,
    found: &mut BTreeMap<String, PathBuf>,
) -> Result<(), Error> {
    for file in entries_of(folder).map_err(|error| Error::reading(folder, &error))? {
        let hidden = file.file_name().is_some_and(|it| it.to_string_lossy().starts_with('.'));
        let is_folder = std::fs::symlink_metadata(&file).is_ok_and(|it| it.is_dir());
        if is_folder && !hidden && names.len() < MOST_NESTING {
            names.push(file.file_name().map_or_else(String::new, |it| it.to_string_lossy().into()));
            files_of(&file, names, found)?;
            names.pop();
        } else if is_program(&file) && !hidden && file.is_file() {
            let parts: Vec<String> = names.iter().cloned().chain([module_name(&file)]).collect();
            let name = parts.join(".");
            if let Some(other) = found.insert(name.clone(), file.clone()) {
                return Err(ambiguous(&name, &other, &file));
            }
        }
    }
    Ok(())
}

fn ambiguous(module: &str, first: &Path, second: &Path) -> Error {
    Error::input(format!("{} and {} are both module `{module}`", first.display(), second.display()))
        .help("rename one of them; digits and `_` at the start of a file's name do not count")
}

/// What is in a folder, by name.
fn entries_of(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    // A relative path without a folder is of the current one.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        entries.push(path.strip_prefix("./").map_or(path.clone(), Path::to_path_buf));
    }
    entries.sort();
    Ok(entries)
}

fn read_text(file: &Path) -> Result<String, Error> {
    let mut bytes = Vec::new();
    std::fs::File::open(file)
        .and_then(|it| it.take(MOST_BYTES + 1).read_to_end(&mut bytes))
        .map_err(|error| Error::reading(file, &error))?;
    if bytes.len() as u64 > MOST_BYTES {
        let most = MOST_BYTES >> 20;
        return Err(Error::input(format!("{} is longer than {most} MiB", file.display()))
            .help("a program is text; weights are given with `--weights`"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at].iter().filter(|it| **it == b'\n').count() + 1;
        Error::input(format!("{} is not UTF-8 text: see line {line}, byte {at}", file.display()))
            .help("a program is text in UTF-8; weights are given with `--weights`")
    })?;
    Ok(match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    })
}

#[cfg(test)]
mod tests {
    use super::{load, load_text, module_name};
    use std::fs;
    use std::path::Path;

    fn paths(root: &Path) -> Vec<String> {
        load(root).unwrap().modules.into_iter().map(|it| it.path).collect()
    }

    #[test]
    fn digits_before_a_name_do_not_count() {
        let names = ["1_mlp.nn", "mlp.nn", "_x.nn", "12.nn", "3_.nn", "2d.nn"];
        let modules = names.map(|it| module_name(Path::new(it)));
        assert_eq!(modules, ["mlp", "mlp", "_x", "12", "3_", "2d"]);
    }

    #[test]
    fn a_file_brings_what_it_uses_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        fs::create_dir(folder.path().join("parts")).unwrap();
        write("model.nn", "use mlp.Mlp\nuse parts.deep.{f}\nuse gone.{g}\n");
        write("1_mlp.nn", "use model.{h}\n");
        write("parts/deep.nn", "use mlp.{Mlp}\n");
        write("other.nn", "use std.nn.{relu}\n");
        assert_eq!(paths(&folder.path().join("model.nn")), ["model", "mlp", "parts.deep"]);
        let all = paths(folder.path());
        assert_eq!(all, ["mlp", "model", "other", "parts.deep", "std.nn"]);
    }

    #[test]
    fn two_files_for_one_module_are_told() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.nn"), "use b.{f}").unwrap();
        fs::write(folder.path().join("b.nn"), "").unwrap();
        fs::write(folder.path().join("1_b.nn"), "").unwrap();
        let error = load(&folder.path().join("a.nn")).unwrap_err().to_string();
        assert!(error.ends_with("are both module `b`"), "{error}");
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.nn");
        let message = |path: &Path| {
            let text = load(path).unwrap_err().to_string();
            text.replace(&folder.path().display().to_string(), "DIR")
        };
        insta::assert_snapshot!(message(&path), @"cannot read DIR/a.nn: no such file or directory");
        fs::write(&path, b"dims\n\xff").unwrap();
        insta::assert_snapshot!(message(&path), @"DIR/a.nn is not UTF-8 text: see line 2, byte 5");
        fs::write(&path, vec![b' '; (16 << 20) + 1]).unwrap();
        insta::assert_snapshot!(message(&path), @"DIR/a.nn is longer than 16 MiB");
        fs::remove_file(&path).unwrap();
        insta::assert_snapshot!(message(folder.path()), @"there is no .nn file in DIR");
    }

    #[test]
    fn the_library_is_there_without_files() {
        let names = |text| {
            let loaded = load_text("a.nn", text);
            loaded.modules.iter().map(|it| it.path.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names("use std.nn.{relu}"), ["a", "std.nn"]);
        assert_eq!(names("use std.audio.stft"), ["a", "std.nn", "std.audio"]);
        // What is meant is to be found among all of it.
        assert_eq!(names("use std.nm.{relu}").len(), 1 + nnc_stdlib::modules().len());
    }
}
