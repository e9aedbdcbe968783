//! Messages about programs, in the forms there are.

use super::Folder;
use insta::assert_snapshot;

const WRONG: &str = "use std.nn.{Linear}
dims B: batch, D: feat, F: feat
pub layer Net<D, F> {
    up:   Linear<D, F>
    down: Linear<D, F>
    fn (x: f32[B, D]) -> f32[B, F] = x |> up |> down
}
";

fn wrong() -> Folder {
    let folder = Folder::new();
    folder.write("net.nn", WRONG);
    folder
}

#[test]
fn a_mistake_ends_with_one_and_is_drawn() {
    let text = wrong().nnc(&["check", "net.nn"]).fails(1);
    assert!(text.contains("net.nn:6:") && text.contains("x |> up |> down"), "{text}");
    assert!(text.starts_with("error[E0201]: "), "{text}");
    assert!(text.trim_end().ends_with("1 error"), "{text}");
    assert!(!text.contains('\u{1b}'), "colours without a terminal:\n{text}");
}

#[test]
fn short_messages_are_one_line() {
    let text = wrong().nnc(&["check", "net.nn", "--message-format=short", "-q"]).fails(1);
    assert_snapshot!(text, @"net.nn:6:38: error[E0201]: layer `down` expects D features, the value has F");
}

#[test]
fn json_messages_are_an_object_a_line() {
    let text = wrong().nnc(&["check", "net.nn", "--message-format=json", "-q"]).fails(1);
    let messages: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(messages.len(), 1, "{text}");
    let text = messages[0].to_string();
    for part in ["E0201", "net.nn", "\"error\""] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[test]
fn colours_are_where_they_are_wanted() {
    let folder = wrong();
    let coloured = |arguments: &[&str], variable: Option<&str>| {
        let mut command = folder.command(&[&["check", "net.nn"], arguments].concat());
        command.envs(variable.map(|name| (name, "1")));
        String::from_utf8_lossy(&command.output().unwrap().stderr).contains('\u{1b}')
    };
    assert!(coloured(&["--color=always"], None));
    assert!(!coloured(&["--color=auto"], None));
    assert!(coloured(&[], Some("CLICOLOR_FORCE")));
    assert!(!coloured(&["--color=never"], Some("CLICOLOR_FORCE")));
    assert!(!coloured(&[], Some("NO_COLOR")));
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = Folder::new();
    assert_snapshot!(folder.nnc(&["check", "gone.nn"]).fails(1), @"error: cannot read gone.nn: no such file or directory");
    assert_snapshot!(folder.nnc(&["check", "."]).fails(1), @"error: there is no .nn file in .");
    folder.write("bytes.nn", b"dims B: batch\nfn \xff");
    assert_snapshot!(folder.nnc(&["check", "bytes.nn"]).fails(1), @"
    error: bytes.nn is not UTF-8 text: see line 2, byte 17
      help: a program is text in UTF-8; weights are given with `--weights`
    ");
    folder.write("empty.nn", "");
    folder.nnc(&["check", "empty.nn"]).ok();
    let text = folder.nnc(&["run", "empty.nn"]).fails(2);
    assert!(text.contains("model"), "{text}");
}

#[test]
fn a_mistake_in_a_module_that_is_used_names_its_file() {
    let folder = wrong();
    folder.write("main.nn", "use net.{Net}\n");
    let text = folder.nnc(&["check", "main.nn", "--message-format=short", "-q"]).fails(1);
    assert!(text.starts_with("net.nn:6:"), "{text}");
    folder.write("main.nn", "use nett.{Net}\n");
    let text = folder.nnc(&["check", "main.nn", "--message-format=short", "-q"]).fails(1);
    assert!(text.starts_with("main.nn:1:"), "{text}");
}

#[test]
fn programs_without_sense_or_end_are_refused_and_not_followed() {
    let folder = Folder::new();
    let depth = 100_000;
    folder.write("deep.nn", format!("fn f(x: f32[]) -> f32[] = {}x", "(".repeat(depth)));
    folder.write("long.nn", format!("fn f(x: f32[]) -> f32[] = x{}", " + x".repeat(depth)));
    folder.write("soup.nn", "layer } fn [ < model = 3 |> ".repeat(200));
    for name in ["deep.nn", "long.nn", "soup.nn"] {
        let text = folder.nnc(&["check", name, "--message-format=short"]).fails(1);
        assert!(text.contains("error[E0"), "{name}: {text}");
    }
}

#[test]
fn a_model_whose_numbers_do_not_go_is_told_before_anything_runs() {
    let folder = Folder::new();
    let text = "use std.nn.{Linear}
dims B: batch, D: feat
pub layer Net<D> where D % 4 == 0 {
    map: Linear<D, D>
    fn (x: f32[B, D]) -> f32[B, D] = map(x)
}
";
    folder.write("odd.nn", format!("{text}model m = Net<6> {{ entry main with {{ B <= 2 }} }}\n"));
    let message = folder.nnc(&["check", "odd.nn", "--message-format=short", "-q"]).fails(1);
    assert!(message.contains("D % 4 == 0"), "{message}");
    folder.write("open.nn", format!("{text}model m = Net<8> {{ entry main }}\n"));
    let message = folder.nnc(&["check", "open.nn", "--message-format=short", "-q"]).fails(1);
    assert!(message.contains("`B`"), "{message}");
}

#[test]
fn a_test_that_fails_ends_with_one() {
    let folder = Folder::new();
    let tests = |second: &str| {
        format!(
            "test \"first\" {{ assert 1 + 1 == 2; }}\ntest \"second\" {{ assert [1.0] == [{second}]; }}\n"
        )
    };
    folder.write("good.nn", tests("1.0"));
    folder.nnc(&["test", "good.nn"]).ok();
    folder.write("bad.nn", tests("2.0"));
    let ran = folder.nnc(&["test", "bad.nn"]);
    assert_eq!(ran.code, Some(1));
    let text = format!("{}{}", ran.out, ran.err);
    assert!(text.contains("second") && text.contains("bad.nn:2:"), "{text}");
}

#[test]
fn what_another_module_keeps_to_itself_is_named() {
    let folder = Folder::new();
    folder.write("parts.nn", "dims B: batch\nfn twice(x: f32[B]) -> f32[B] = 2.0 * x\n");
    folder.write(
        "net.nn",
        "use parts.{twice}
dims B: batch
pub fn four(x: f32[B]) -> f32[B] = twice(twice(x))
",
    );
    assert_snapshot!(folder.nnc(&["check", "net.nn"]).fails(1), @"
    error[E0107]: `twice` of module `parts` is not public
       ╭─[net.nn:1:12]
     1 │ use parts.{twice}
       ·            ─────
     2 │ dims B: batch
       ╰────
       ╭─[parts.nn:2:4]
     1 │ dims B: batch
     2 │ fn twice(x: f32[B]) -> f32[B] = 2.0 * x
       ·    ──┬──
       ·      ╰── declared here without `pub`
     3 │
       ╰────
      help: write `pub` in front of its declaration

    1 error
    ");
}
