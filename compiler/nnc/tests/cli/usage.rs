//! What is asked for: options, names, codes, and where answers go.

use super::Folder;
use insta::assert_snapshot;
use std::io::Read;
use std::process::Stdio;

#[test]
fn a_program_without_mistakes_is_passed_in_silence() {
    let folder = Folder::digits();
    let ran = folder.nnc(&["check", "model.nn"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), "", ""));
}

#[test]
fn what_does_not_exist_ends_with_two_and_what_there_is() {
    let folder = Folder::digits();
    let run = |arguments: &[&str]| {
        let mut all = vec!["run", "model.nn", "-w", "weights.safetensors", "--random"];
        all.extend(arguments);
        folder.nnc(&all).fails(2)
    };
    assert_snapshot!(run(&[]), @"
    error: the model has 2 entries
      help: choose one with `--entry`: scores, label
    ");
    assert_snapshot!(run(&["--entry", "lable"]), @"
    error: the model has no entry `lable`
      help: did you mean `label`?
    ");
    assert_snapshot!(run(&["--entry", "label", "--target", "gpu"]), @"
    error: there is no target `gpu`
      help: did you mean `cpu`?
    ");
    assert_snapshot!(run(&["--entry", "label", "--cpu", "z80"]), @"error: there is no cpu `z80`; there are: host, avx512, avx2, baseline");
    assert_snapshot!(run(&["--model", "letters"]), @"
    error: there is no model `letters`
      help: the models are digits
    ");
    assert_snapshot!(folder.nnc(&["explain", "E9999"]).fails(2), @"
    error: there is no message with the code `E9999`
      help: `nnc explain` without a code lists all of them
    ");
}

#[test]
fn words_that_clap_does_not_know_end_with_two() {
    let folder = Folder::new();
    for arguments in
        [&["--foo"][..], &["run"], &["fly"], &["check", "a", "b"], &["build", "a", "--emit=x"]]
    {
        let ran = folder.nnc(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.err);
        assert!(ran.err.starts_with("error: "), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn help_and_version_are_results() {
    let folder = Folder::new();
    let version = folder.nnc(&["--version"]).ok();
    assert_eq!(version, format!("nnc {}\n", env!("CARGO_PKG_VERSION")));
    let help = folder.nnc(&["--help"]).ok();
    for command in ["check", "build", "run", "generate", "params", "cost", "explain", "opt"] {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is not in\n{help}");
        assert!(folder.nnc(&[command, "--help"]).ok().contains("Usage: "), "{command}");
    }
}

#[test]
fn a_code_is_explained_with_an_example_and_its_repair() {
    let folder = Folder::new();
    let page = folder.nnc(&["explain", "E0201"]).ok();
    assert!(page.matches("```nn").count() >= 2, "{page}");
    assert_eq!(folder.nnc(&["explain", "e0201"]).ok(), page);
    let codes = folder.nnc(&["explain"]).ok();
    assert!(codes.lines().count() > 60, "{codes}");
    for code in codes.lines() {
        let code = code.split_whitespace().next().unwrap();
        assert!(!folder.nnc(&["explain", code]).ok().trim().is_empty(), "{code}");
    }
}

#[test]
fn completions_are_made_for_shells() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = folder.nnc(&["completions", shell]).ok();
        assert!(script.contains("generate") && script.contains("nnc"), "{shell}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_mistake_of_the_compiler() {
    let folder = Folder::digits();
    let mut command = folder.command(&["build", "model.nn", "--emit=ast,hir,graph,graph-opt,plan"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut messages = String::new();
    child.stderr.take().unwrap().read_to_string(&mut messages).unwrap();
    let code = child.wait().unwrap().code();
    assert_ne!(code, Some(101), "{messages}");
    assert!(!messages.contains("internal error") && !messages.contains("panic"), "{messages}");
}

#[test]
fn parameters_and_costs_are_also_data() {
    let folder = Folder::digits();
    let json = |arguments: &[&str]| -> serde_json::Value {
        serde_json::from_str(&folder.nnc(arguments).ok()).unwrap()
    };
    let params = json(&["params", "model.nn", "--json"]);
    let text = params.to_string();
    for name in ["hidden.weight", "hidden.bias", "head.weight", "head.bias"] {
        assert!(text.contains(name), "{name} is not in {text}");
    }
    let shown = folder.nnc(&["params", "model.nn"]).ok();
    // 64*64 + 64 + 10*64 + 10
    assert!(shown.replace([',', '_', ' '], "").contains("4810"), "{shown}");
    let cost = json(&["cost", "model.nn", "--entry", "scores", "--size", "B=3", "--json"]);
    assert!(cost.is_object() || cost.is_array(), "{cost}");
    let message = folder.nnc(&["cost", "model.nn", "--size", "Q=3"]).fails(2);
    assert!(message.contains("`Q`"), "{message}");
}

#[test]
fn an_architecture_of_the_zoo_is_a_program_to_start_from() {
    let folder = Folder::new();
    let list = folder.nnc(&["zoo"]).ok();
    let line = list.lines().find(|it| it.starts_with("mlp_mixer ")).unwrap();
    assert!(line.contains("59,880,472") && line.contains("MLP-Mixer: "), "{line}");
    folder.nnc(&["zoo", "mlp_mixer", "-o", "mixer"]).ok();
    assert_eq!(folder.nnc(&["check", "mixer/model.nn"]).ok(), "");
    assert_eq!(folder.nnc(&["check", "mixer/check.nn"]).ok(), "");
    // Written once more it is the same, and what a person has changed stays.
    folder.nnc(&["zoo", "mlp_mixer", "-o", "mixer"]).ok();
    folder.write("mixer/model.nn", "mine");
    assert_snapshot!(folder.nnc(&["zoo", "mlp_mixer", "-o", "mixer"]).fails(2), @"
    error: mixer/model.nn is there already and is another file
      help: name a folder that is new or empty
    ");
    assert_eq!(folder.read("mixer/model.nn"), b"mine");
    let listed: serde_json::Value =
        serde_json::from_str(&folder.nnc(&["zoo", "--json"]).ok()).unwrap();
    let mixer = listed.as_array().unwrap().iter().find(|it| it["name"] == "mlp_mixer").unwrap();
    assert_eq!(mixer["parameters"], 59_880_472);
    assert!(mixer["flops"].as_i64().unwrap() > 25_000_000_000);
    let message = folder.nnc(&["zoo", "mlp_mixr"]).fails(2);
    assert!(message.contains("did you mean `mlp_mixer`?"), "{message}");
}

#[test]
fn pages_of_the_zoo_say_what_the_list_says() {
    let folder = Folder::new();
    let list = folder.nnc(&["zoo"]).ok();
    let lines: Vec<&str> = list.lines().skip(1).take_while(|it| !it.is_empty()).collect();
    assert!(lines.len() >= 3, "{list}");
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let page = folder.nnc(&["zoo", words[0]]).ok();
        let row = format!("| {} | {} {} |", words[1], words[2], words[3]);
        assert!(page.contains(&row), "{}: the page has no `{row}`", words[0]);
    }
}
