//! The valid programs of the repository, each with the modules that it is checked with.

use super::canonical::{canonical, without_idle_sizes};
use crate::support::{files, read, root, shown};
use nnc_base::{Diagnostic, FileId, Name};
use nnc_hir::Program;
use nnc_sema::{ModuleInput, analyze};
use nnc_syntax::ast;
use std::collections::BTreeMap;
use std::path::Path;

/// A module, read.
#[derive(Clone)]
pub(super) struct Source {
    /// As in `use`.
    pub(super) path: String,
    pub(super) text: String,
    file: FileId,
    pub(super) ast: ast::Module,
}

/// A module that is to be changed, and those that it is checked with.
pub(super) struct Subject {
    /// As a report names it.
    pub(super) name: String,
    pub(super) module: Source,
    pub(super) others: Vec<Source>,
    /// So many of these, the first ones, are what the module needs; the rest needs it.
    pub(super) needed: usize,
    /// What the checker says of it as it is: warnings, or holes that are to be filled.
    pub(super) said: BTreeMap<String, usize>,
    /// The typed program, as [`values`] writes it.
    pub(super) program: String,
    /// The same without the facts that layers and functions ask for.
    pub(super) without_facts: String,
}

impl Source {
    /// Reads a text; `None` if it does not parse.
    pub(super) fn new(path: &str, text: &str, file: u32) -> Option<Source> {
        let file = FileId::from_raw(file);
        let parsed = nnc_syntax::parse(file, text);
        parsed.diagnostics.is_empty().then(|| Source {
            path: path.to_owned(),
            text: text.to_owned(),
            file,
            ast: parsed.module,
        })
    }
}

impl Source {
    /// The same module with another text; `None` if it does not parse.
    pub(super) fn changed(&self, text: &str) -> Option<Source> {
        Source::new(&self.path, text, self.file.raw())
    }
}

/// Checks modules together.
pub(super) fn check(modules: &[&Source]) -> (Program, Vec<Diagnostic>) {
    let inputs: Vec<ModuleInput<'_>> = (modules.iter())
        .map(|it| ModuleInput { path: &it.path, ast: &it.ast, file: it.file })
        .collect();
    let analysis = analyze(&inputs);
    (analysis.program, analysis.diagnostics)
}

/// How often each message is given, wherever it stands.
pub(super) fn said(diagnostics: &[Diagnostic]) -> BTreeMap<String, usize> {
    let mut said = BTreeMap::new();
    for it in diagnostics {
        *said.entry(it.code.0.to_owned()).or_default() += 1;
    }
    said
}

/// What a typed program computes, for all sizes: its text in one form, see [`canonical`], in
/// which meanings have the names of the numbers that they are stored as, with what layers and
/// functions ask for or without that: facts, and the sizes that are in meanings alone. Two
/// programs of one such text give the same values for the same inputs.
pub(super) fn values(program: &Program, facts: bool) -> String {
    let mut program = program.clone();
    canonical(&mut program);
    for id in program.meanings.ids().collect::<Vec<_>>() {
        let meaning = &mut program.meanings[id];
        meaning.name = Name::new(&meaning.base.base.to_string());
        meaning.params.clear();
    }
    if !facts {
        for id in program.functions.ids().collect::<Vec<_>>() {
            program.functions[id].facts.clear();
        }
        for id in program.layers.ids().collect::<Vec<_>>() {
            // Those of a space say which members it has.
            if !program.layers[id].space {
                program.layers[id].facts.clear();
            }
        }
        without_idle_sizes(&mut program);
    }
    program.to_string()
}

impl Subject {
    fn new(name: String, module: Source, others: Vec<Source>) -> Subject {
        let mut modules = vec![&module];
        modules.extend(&others);
        let (program, diagnostics) = check(&modules);
        let said = said(&diagnostics);
        let (program, without_facts) = (values(&program, true), values(&program, false));
        let needed = others.len();
        Subject { name, module, others, needed, said, program, without_facts }
    }

    /// Its name, and a number that tells whether its text is the one it was.
    pub(super) fn key(&self) -> String {
        // FNV-1a, of 64 bits, of which half are shown.
        let hash = self.module.text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("{} {:08x}", self.name, hash as u32)
    }
}

fn library() -> Vec<Source> {
    let modules = nnc_stdlib::modules().iter().enumerate();
    modules.filter_map(|(at, (path, text))| Source::new(path, text, 1000 + at as u32)).collect()
}

/// What a text uses of the library.
fn used(library: &[Source], text: &str) -> Vec<Source> {
    let needed = nnc_stdlib::needed(nnc_stdlib::uses(text));
    library.iter().filter(|it| needed.iter().any(|(path, _)| *path == it.path)).cloned().collect()
}

/// The name of a file's module: `1_mlp.nn` is `mlp`.
fn module_name(path: &Path) -> String {
    let stem = path.file_stem().map_or(String::new(), |it| it.to_string_lossy().into_owned());
    stem.trim_start_matches(|it: char| it.is_ascii_digit() || it == '_').to_owned()
}

/// The programs of the pages of the reference in which nothing is wrong.
fn reference() -> Vec<(String, String)> {
    let mut programs = Vec::new();
    for page in files(&root().join("lang/nnc-sema/spec"), &["md"]) {
        let text = read(&page).unwrap_or_default();
        let mut line = 0;
        for (at, part) in text.split("```").enumerate() {
            if let Some(program) = part.strip_prefix("nn\n").filter(|_| at % 2 == 1)
                && !program.contains("# error:")
            {
                let program = program.replace("reveal(", "# reveal(");
                programs.push((format!("{}:{}", shown(&page), line + 1), program));
            }
            line += part.matches('\n').count();
        }
    }
    programs
}

/// All programs that are changed.
pub(super) fn subjects() -> Vec<Subject> {
    let library = library();
    let mut subjects = Vec::new();
    for module in &library {
        // What it uses, and what uses it.
        let own = used(&library, &module.text);
        let needs = |it: &&Source| own.iter().any(|of| of.path == it.path);
        let needed_by =
            |it: &&Source| used(&library, &it.text).iter().any(|of| of.path == module.path);
        let rest = || library.iter().filter(|it| it.path != module.path);
        let mut others: Vec<Source> = rest().filter(needs).cloned().collect();
        let needed = others.len();
        others.extend(rest().filter(|it| !needs(it) && needed_by(it)).cloned());
        let subject = Subject::new(module.path.clone(), module.clone(), others);
        subjects.push(Subject { needed, ..subject });
    }
    let with_library = |text: &str| used(&library, text);
    for folder in ["examples", "tests/run"] {
        for path in files(&root().join(folder), &["nn"]) {
            // Those are of the same layers many times over.
            if shown(&path).starts_with("examples/zoo/") {
                continue;
            }
            let text = read(&path).unwrap_or_default();
            let Some(module) = Source::new(&module_name(&path), &text, 0) else { continue };
            let others = with_library(&text);
            subjects.push(Subject::new(shown(&path), module, others));
        }
    }
    // These use one another.
    let package: Vec<(String, Source)> = (files(&root().join("tests/language"), &["nn"]).iter())
        .enumerate()
        .filter_map(|(at, path)| {
            let text = read(path).unwrap_or_default();
            Some((shown(path), Source::new(&module_name(path), &text, at as u32)?))
        })
        .collect();
    for (name, module) in &package {
        let others = package.iter().filter(|it| it.0 != *name).map(|it| it.1.clone());
        let others = others.chain(library.iter().cloned()).collect();
        subjects.push(Subject::new(name.clone(), module.clone(), others));
    }
    for (name, text) in reference() {
        let Some(module) = Source::new("main", &text, 0) else { continue };
        let others = with_library(&text);
        subjects.push(Subject::new(name, module, others));
    }
    subjects
}
