mod rewrites;

use crate::{Error, Session};

const PROGRAM: &str = "
use std.nn.{Linear, relu}

dims B: batch, D: feat, K: class

pub layer Net<D, K> {
    head: Linear<D, K>

    fn (x: f32[B, D]) -> f32[B, K] = relu(head(x))
}

model small = Net<4, 3> { entry main with { B <= 8 } }
model large = Net<64, 10> { entry main with { B <= 8 } }
";

#[test]
fn a_model_is_chosen_by_name() {
    let session = Session::from_text("net.nn", PROGRAM);
    assert_eq!(session.check(), []);
    let small = session.model(Some("small")).unwrap();
    assert_eq!(session.declaration(small).name.as_str(), "small");
    insta::assert_snapshot!(session.model(None).unwrap_err(), @"the program has 2 models");
    insta::assert_snapshot!(session.model(Some("medium")).unwrap_err(), @"there is no model `medium`");
    let empty = Session::from_text("a.nn", "");
    insta::assert_snapshot!(empty.model(None).unwrap_err(), @"the program declares no model, so there is nothing to run");
}

#[test]
fn every_phase_runs_once() {
    let session = Session::from_text("net.nn", PROGRAM);
    let model = session.model(Some("small")).unwrap();
    let machine = nnc_plan::Machine::AVX2;
    for _ in 0..2 {
        session.plan(model, &machine).unwrap();
        session.optimised(model).unwrap();
    }
    let phases: Vec<&str> = session.times().into_iter().map(|(phase, _)| phase).collect();
    assert_eq!(phases, ["analyze", "lower", "optimise", "plan"]);
}

#[test]
fn every_stage_has_text() {
    let session = Session::from_text("net.nn", PROGRAM);
    let model = session.model(Some("small")).unwrap();
    assert!(session.emit_ast().starts_with("module\n"));
    assert!(session.emit_hir().unwrap().contains("Net"));
    let graph = session.emit_graph(model).unwrap();
    assert!(graph.contains("param 0 \"head.weight\" : f32[3, 4]"), "{graph}");
    assert_eq!(crate::parse_graph("x", &graph).unwrap().to_string(), graph);
    let optimised = session.emit_graph_opt(model).unwrap();
    assert!(optimised.contains("finish { max("), "{optimised}");
    let plan = session.emit_plan(model, &nnc_plan::Machine::AVX2).unwrap();
    assert!(plan.contains("entry main"), "{plan}");
}

#[test]
fn a_mistaken_program_goes_no_further() {
    let session = Session::from_text("net.nn", "layer A { fn (x: f32[B]) = y }");
    let Err(Error::Program(diagnostics)) = session.models() else { panic!("it has mistakes") };
    assert!(diagnostics.len() > 1);
    assert_eq!(diagnostics, session.check());
}

#[test]
fn numbers_that_do_not_fit_are_found_by_check() {
    let text = "
dims B: batch, D: feat, N: head
pub layer Heads<D, N> where D % N == 0 { fn (x: f32[B, D]) -> f32[B, D] = x }
model m = Heads<10, 3> { entry main with { B <= 8 } }
";
    let session = Session::from_text("heads.nn", text);
    let messages = session.check();
    assert_eq!(messages.len(), 1);
    assert!(messages[0].message.starts_with("`D % N == 0` fails"), "{}", messages[0].message);
}
