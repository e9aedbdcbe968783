//! Maps of the models of small programs.

use std::collections::HashMap;

use nnc_base::{Diagnostic, Sources, Span};
use nnc_graph::Elem;
use nnc_hir::Program;
use nnc_sema::{ModuleInput, analyze};

use crate::{Map, Param, Tensor, WeightFile, write_safetensors};

/// The program of one module with what it uses of the library; panics if it has mistakes.
pub(super) fn checked(text: &str) -> (Program, Sources) {
    let mut sources = Sources::new();
    let mut parsed = Vec::new();
    let library = nnc_stdlib::needed(nnc_stdlib::uses(text));
    for (path, text) in library.into_iter().chain([("main", text)]) {
        let file = sources.add(path, text);
        let tree = nnc_syntax::parse(file, text);
        assert!(tree.diagnostics.is_empty(), "{}", messages(&sources, &tree.diagnostics));
        parsed.push((path, file, tree.module));
    }
    let inputs: Vec<ModuleInput<'_>> =
        (parsed.iter()).map(|(path, file, ast)| ModuleInput { path, ast, file: *file }).collect();
    let analysis = analyze(&inputs);
    let errors: Vec<Diagnostic> =
        analysis.diagnostics.into_iter().filter(Diagnostic::is_error).collect();
    assert!(errors.is_empty(), "{}", messages(&sources, &errors));
    (analysis.program, sources)
}

pub(super) fn messages(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut lines = Vec::new();
    for diagnostic in diagnostics {
        let place = |span: Span| match sources.get(span.file) {
            Some(file) => format!("{}:{}", file.name, file.position(span.start).line),
            None => "?".to_owned(),
        };
        let kind = if diagnostic.is_error() { "" } else { " warning:" };
        let at = place(diagnostic.span());
        lines.push(format!("{} {at}{kind} {}", diagnostic.code, diagnostic.message));
        for label in diagnostic.labels.iter().filter(|label| !label.text.is_empty()) {
            lines.push(format!("  {}: {}", place(label.span), label.text));
        }
        lines.extend(diagnostic.notes.iter().map(|note| format!("  note: {note}")));
        lines.extend(diagnostic.helps.iter().map(|help| format!("  help: {help}")));
    }
    lines.join("\n")
}

/// The map of the program's one model, or the messages about it.
pub(super) fn map(text: &str) -> (Result<Map, String>, Sources) {
    let (program, sources) = checked(text);
    let model = &program.models[0];
    let lowered = nnc_lower::lower(&program, model)
        .unwrap_or_else(|diagnostics| panic!("{}", messages(&sources, &diagnostics)));
    let params = lowered.params.into_iter().map(|it| Param {
        name: it.name,
        elem: it.elem,
        shape: it.shape,
        formulas: it.formulas,
        span: it.span,
    });
    let map = Map::new(&program, model, params.collect())
        .map_err(|diagnostics| messages(&sources, &diagnostics));
    (map, sources)
}

/// Different numbers for every parameter.
pub(super) fn values(map: &Map) -> HashMap<String, Vec<u8>> {
    let mut next = 0u32;
    let mut value = |elem: Elem| {
        next += 1;
        match elem {
            Elem::F32 => (next as f32).to_le_bytes().to_vec(),
            Elem::I32 => next.to_le_bytes().to_vec(),
            // Every pattern of bits below infinity is a number.
            Elem::BF16 => ((next % 0x7f00) as u16).to_le_bytes().to_vec(),
            elem => panic!("{elem}"),
        }
    };
    map.params()
        .iter()
        .map(|param| {
            let count: i64 = param.shape.iter().product();
            (param.name.clone(), (0..count).flat_map(|_| value(param.elem)).collect())
        })
        .collect()
}

pub(super) fn exported(map: &Map, values: &HashMap<String, Vec<u8>>) -> Vec<Tensor> {
    map.export(&|name| values.get(name).map(|it| it.into())).unwrap()
}

/// A safetensors file of these tensors.
pub(super) fn stored(tensors: &[Tensor]) -> WeightFile {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    write_safetensors(&path, tensors, &[]).unwrap();
    WeightFile::from_bytes("w.safetensors", std::fs::read(&path).unwrap()).unwrap()
}

/// Exports numbers, reads them again, and gives the map's text.
pub(super) fn round_trip(text: &str) -> String {
    let (map, sources) = map(text);
    let map = map.unwrap();
    let values = values(&map);
    let file = stored(&exported(&map, &values));
    assert_eq!(messages(&sources, &map.check(&file)), "");
    for param in map.params() {
        assert_eq!(map.load(&file, &param.name).unwrap(), values[&param.name], "{}", param.name);
    }
    map.to_string()
}
