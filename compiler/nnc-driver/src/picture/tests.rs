//! Pictures of small programs.

use crate::Session;
use insta::assert_snapshot;

fn picture(text: &str) -> String {
    let session = Session::from_text("model.nn", text);
    let model = session.model(None).unwrap();
    session.emit_picture(model, None).unwrap()
}

#[test]
fn layers_of_an_array_are_drawn_once_and_what_they_add_to_is_seen() {
    let text = "
        use std.nn.{Linear, relu}
        dims B: batch, D: feat, F: feat, L
        layer Block<D, F> {
            up:   Linear<D, F>
            down: Linear<F, D>
            fn (x: f32[B, D]) -> f32[B, D] = x + (x |> up |> relu |> down)
        }
        layer Net<D, F, L> {
            blocks: [Block<D, F>; L]
            head:   Linear<D, 3>
            fn (x: f32[B, D]) -> f32[B, 3] = head(fold(blocks, x / 2.0, |h, block| block(h)))
        }
        model net = Net<4, 5, 6> { entry run with { B <= 8 } }
    ";
    assert_snapshot!(picture(text), @r#"
    flowchart TD
        n0(["x [B, 4]"])
        n1("÷ [B, 4]")
        n6["head [B, 3]<br/>15 parameters"]
        n7(["output [B, 3]"])
        subgraph s0 ["blocks × 6"]
            n2(( ))
            n3["up [B, 5]<br/>25 parameters"]
            n4["down [B, 4]<br/>24 parameters"]
            n5("+ [B, 4]")
        end
        n0 --> n1
        n1 --> n2
        n2 --> n3
        n3 --> n4
        n2 --> n5
        n4 --> n5
        n5 --> n6
        n6 --> n7
    "#);
}

#[test]
fn an_entry_that_is_not_there_is_told() {
    let text = "
        dims B: batch
        layer One { fn (x: f32[B]) -> f32[B] = x + 1.0 }
        model one = One { entry run with { B <= 8 } }
    ";
    let session = Session::from_text("model.nn", text);
    let error = session.emit_picture(session.model(None).unwrap(), Some("rin")).unwrap_err();
    assert_eq!(error.to_string(), "the model has no entry `rin`");
}
