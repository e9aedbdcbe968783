//! `nnc build` and `nnc opt`: what is written, and what is not when something fails.

use super::{Folder, Ran};
use std::io::Write;
use std::process::Stdio;

#[test]
fn stages_are_text_on_standard_output() {
    let folder = Folder::digits();
    let emit = |stage: &str| folder.nnc(&["build", "model.nn", &format!("--emit={stage}")]).ok();
    for (stage, part) in [
        ("ast", "layer Digits"),
        ("hir", "hidden"),
        ("graph", "entry scores"),
        ("picture", "flowchart TD"),
        ("graph-opt", "entry scores"),
        ("plan", "body @scores"),
    ] {
        assert!(emit(stage).contains(part), "{stage} has no `{part}`:\n{}", emit(stage));
    }
    assert_eq!(folder.names(), ["images.npy", "model.nn", "weights.safetensors"]);
}

#[cfg(feature = "llvm")]
#[test]
fn stages_behind_the_plan_come_from_the_back_end() {
    let folder = Folder::digits();
    let emit = |stage: &str| folder.nnc(&["build", "model.nn", &format!("--emit={stage}")]).ok();
    assert!(emit("mlir").contains("func"), "mlir");
    assert!(emit("llvm-ir").contains("define "), "llvm-ir");
    assert!(emit("asm").contains(".globl") || emit("asm").contains(".text"), "asm");
}

#[test]
fn several_stages_go_into_a_folder() {
    let folder = Folder::digits();
    folder.nnc(&["build", "model.nn", "--emit=graph,plan", "-o", "made"]).ok();
    let mut names: Vec<String> = std::fs::read_dir(folder.path("made"))
        .unwrap()
        .map(|it| it.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[cfg(feature = "llvm")]
#[test]
fn a_library_and_its_header_are_made() {
    let folder = Folder::digits();
    folder.nnc(&["build", "model.nn", "-w", "weights.safetensors", "-o", "made"]).ok();
    assert_eq!(&folder.read("made/digits.so")[..4], b"\x7fELF");
    let header = String::from_utf8(folder.read("made/digits.h")).unwrap();
    assert!(header.contains("digits_scores") && header.contains("digits_label"), "{header}");
    assert!(folder.read("made/digits.weights").len() > 4810 * 4);
}

#[test]
fn nothing_is_left_where_a_build_fails() {
    let folder = Folder::digits();
    folder.write("bad.nn", "fn f( {");
    folder.write("old.so", "what was there");
    let before = folder.names();
    folder.nnc(&["build", "bad.nn", "-o", "old.so"]).fails(1);
    folder.nnc(&["build", "bad.nn", "--emit=graph", "-o", "new.graph"]).fails(1);
    folder.nnc(&["build", "model.nn", "--emit=graph", "-o", "model.nn/new.graph"]).fails(2);
    assert_eq!(folder.names(), before);
    assert_eq!(folder.read("old.so"), b"what was there");
}

#[test]
fn results_of_a_run_that_fails_are_not_written() {
    let folder = Folder::digits();
    folder.write("old.npy", "what was there");
    let before = folder.names();
    let run = ["run", "model.nn", "--entry=scores", "-w", "weights.safetensors"];
    folder.nnc(&[&run[..], &["-i", "image=[[1]]", "-o", "old.npy"]].concat()).fails(1);
    folder.nnc(&[&run[..], &["--random", "-o", "model.nn/new.npy"]].concat()).fails(2);
    assert_eq!(folder.names(), before);
    assert_eq!(folder.read("old.npy"), b"what was there");
}

#[test]
fn a_graph_in_text_goes_through_the_passes() {
    let folder = Folder::digits();
    folder.nnc(&["build", "model.nn", "--emit=graph", "-o", "x.graph"]).ok();
    let optimised = folder.nnc(&["opt", "x.graph"]).ok();
    // But for the numbers that tell axes of one name apart.
    let plain = |text: &str| text.replace("_2", "").replace("_3", "");
    let built = folder.nnc(&["build", "model.nn", "--emit=graph-opt"]).ok();
    assert_eq!(plain(&optimised), plain(&built));
    // From standard input, too.
    let mut command = folder.command(&["opt", "-"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(&folder.read("x.graph")).unwrap();
    assert_eq!(Ran::of(child.wait_with_output().unwrap()).ok(), optimised);
    // No passes, no change.
    let untouched = folder.nnc(&["opt", "x.graph", "--stop-after=0"]).ok();
    assert_eq!(untouched.as_bytes(), folder.read("x.graph"));
}

#[test]
fn passes_are_dumped_numbered() {
    let folder = Folder::digits();
    folder.nnc(&["build", "model.nn", "--emit=graph", "-o", "x.graph"]).ok();
    folder.nnc(&["opt", "x.graph", "--passes=fold-constants,drop-dead", "--dump-dir=steps"]).ok();
    let mut names: Vec<String> = std::fs::read_dir(folder.path("steps"))
        .unwrap()
        .map(|it| it.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert!(names.iter().any(|it| it.contains("fold-constants")), "{names:?}");
    assert!(names.iter().any(|it| it.contains("drop-dead")), "{names:?}");
}

#[test]
fn what_is_wrong_with_a_graph_is_told() {
    let folder = Folder::new();
    folder.write("bad.graph", "graph @main() {\n  %0 = frobnicate : f32[3]\n  return %0\n}\n");
    let message = folder.nnc(&["opt", "bad.graph"]).fails(1);
    assert!(message.contains("bad.graph: line 2") && message.contains("`frobnicate`"), "{message}");
    folder.write("ok.graph", "graph @main() {\n  %0 = input : f32[3]\n  return %0\n}\n");
    let message = folder.nnc(&["opt", "ok.graph", "--passes=fold-everything"]).fails(2);
    assert!(message.contains("fold-everything") && message.contains("fold-constants"), "{message}");
}
