//! Which crate may name which: the property of a crate that is worth most is what it
//! does not depend on.

use crate::support::root;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

/// Each crate and the crates of ours that it is built on; what those are built on is
/// allowed, too. What only tests name does not count.
const ARROWS: &[(&str, &[&str])] = &[
    ("nnc-base", &[]),
    ("nnc-shape", &["nnc-base"]),
    ("nnc-syntax", &["nnc-base"]),
    ("nnc-hir", &["nnc-shape"]),
    ("nnc-sema", &["nnc-hir", "nnc-syntax"]),
    // A guest language: it knows nothing of the compiler that its programs are written for.
    ("nnc-rasp", &["nnc-base"]),
    ("nnc-fmt", &["nnc-syntax"]),
    ("nnc-ide", &["nnc-sema", "nnc-fmt", "nnc-stdlib"]),
    ("nnc-lsp", &["nnc-ide"]),
    ("nnc-stdlib", &[]),
    ("nnc-zoo", &[]),
    ("nnc-graph", &["nnc-shape"]),
    ("nnc-lower", &["nnc-hir", "nnc-graph"]),
    ("nnc-eval", &["nnc-graph"]),
    ("nnc-opt", &["nnc-eval"]),
    ("nnc-plan", &["nnc-graph"]),
    // Members are vectors of choices there.
    ("nnc-search", &[]),
    ("nnc-transformer", &["nnc-eval"]),
    // A checkpoint's rows are part of the typed program.
    ("nnc-weights", &["nnc-hir", "nnc-graph"]),
    ("nnc-runtime", &[]),
    ("nnc-backend", &["nnc-plan", "nnc-runtime"]),
    ("nnc-mlir", &["nnc-backend"]),
    ("nnc-cpu", &["nnc-mlir"]),
    ("nnc-cuda", &["nnc-mlir"]),
    ("nnc-hls", &["nnc-mlir"]),
    ("nnc-cranelift", &["nnc-backend"]),
    ("nnc-crate", &["nnc-backend"]),
    (
        "nnc-driver",
        &[
            "nnc-sema",
            "nnc-fmt",
            // For the pages of its messages.
            "nnc-rasp",
            "nnc-lower",
            "nnc-search",
            "nnc-opt",
            "nnc-transformer",
            "nnc-weights",
            "nnc-backend",
            "nnc-stdlib",
        ],
    ),
    (
        "nnc",
        &[
            "nnc-driver",
            "nnc-rasp",
            "nnc-zoo",
            "nnc-cpu",
            "nnc-cuda",
            "nnc-hls",
            "nnc-cranelift",
            "nnc-crate",
        ],
    ),
    ("nnc-tests", &["nnc"]),
];

/// Dependencies that are large or shape what builds, and who alone may name them.
const HEAVY: &[(&str, &[&str])] = &[
    ("melior", &["nnc-mlir"]),
    ("mlir-sys", &["nnc-mlir"]),
    ("inkwell", &["nnc-mlir", "nnc-cpu", "nnc-cuda"]),
    ("cranelift", &["nnc-cranelift"]),
    ("logos", &["nnc-syntax", "nnc-rasp"]),
    ("lalrpop", &["nnc-syntax", "nnc-rasp"]),
    ("lalrpop-util", &["nnc-syntax", "nnc-rasp"]),
    ("lsp-server", &["nnc-lsp"]),
    ("petgraph", &["nnc-graph"]),
    ("safetensors", &["nnc-weights"]),
    // The driver packs weights in a mapped file.
    ("memmap2", &["nnc-weights", "nnc-runtime", "nnc-driver"]),
    ("tokenizers", &["nnc-driver"]),
    ("miette", &["nnc-driver"]),
    ("clap", &["nnc"]),
    ("indicatif", &["nnc"]),
    ("rustyline", &["nnc"]),
];

/// A crate as cargo sees it.
pub(super) struct Package {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) license: Option<String>,
    pub(super) manifest: PathBuf,
    /// What it is built on; dependencies of tests are left out.
    dependencies: BTreeSet<String>,
}

/// All crates of the workspace.
pub(super) fn packages() -> Vec<Package> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let arguments = ["metadata", "--format-version=1", "--no-deps", "--offline"];
    let output = Command::new(cargo).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    (list(&metadata["packages"]).iter())
        .map(|package| Package {
            name: text(&package["name"]).unwrap_or_default(),
            description: text(&package["description"]),
            license: text(&package["license"]),
            manifest: text(&package["manifest_path"]).unwrap_or_default().into(),
            dependencies: (list(&package["dependencies"]).iter())
                .filter(|it| it["kind"].as_str() != Some("dev"))
                .filter_map(|it| text(&it["name"]))
                .collect(),
        })
        .collect()
}

/// A crate's arrows and those of what they lead to.
fn allowed(name: &str) -> BTreeSet<&'static str> {
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut reached = BTreeSet::new();
    let mut next: Vec<&'static str> = arrows.get(name).map_or(Vec::new(), |it| it.to_vec());
    while let Some(name) = next.pop() {
        if reached.insert(name) {
            next.extend(arrows.get(name).copied().unwrap_or_default());
        }
    }
    reached
}

#[test]
fn arrows_go_one_way() {
    for (name, _) in ARROWS {
        assert!(!allowed(name).contains(name), "{name} would reach itself");
    }
    let packages = packages();
    let mut found = Vec::new();
    for package in &packages {
        if !ARROWS.iter().any(|it| it.0 == package.name) {
            found.push(format!("{} has no line in ARROWS", package.name));
        }
        let allowed = allowed(&package.name);
        for name in &package.dependencies {
            let ours = packages.iter().any(|it| it.name == *name);
            if ours && !allowed.contains(name.as_str()) {
                found.push(format!("{} names {name}", package.name));
            }
        }
    }
    assert!(found.is_empty(), "these arrows are not in the table:\n  {}", found.join("\n  "));
}

#[test]
fn heavy_dependencies_are_named_in_one_place() {
    let mut found = Vec::new();
    for package in packages() {
        for (heavy, owners) in HEAVY {
            if package.dependencies.contains(*heavy) && !owners.contains(&package.name.as_str()) {
                found.push(format!("{} names {heavy}, which is for {owners:?}", package.name));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn nothing_of_the_language_reaches_llvm() {
    for (name, _) in ARROWS.iter().filter(|it| it.0 != "nnc" && it.0 != "nnc-tests") {
        let llvm = ["nnc-mlir", "nnc-cpu", "nnc-cuda", "nnc-hls"];
        if !llvm.contains(name) {
            let reached = allowed(name);
            assert!(llvm.iter().all(|it| !reached.contains(it)), "{name} would link LLVM");
        }
    }
}
