//! Examples in doc comments: the statements of a test each.
//!
//! ```text
//! ## `y = max(x, 0)`.
//! ##
//! ## ```nn
//! ## assert relu([-1.0, 2.0]) == [0.0, 2.0];
//! ## ```
//! pub fn relu(x: float[..]) -> float[..] = max(x, 0.0)
//! ```
//!
//! is a test "example of `relu`". An example is read in its place: from a text of the
//! same length in which all else is blank and its fences are the brackets of a test.

use crate::ast::{Item, ItemKind, Member, MemberKind, Module};
use nnc_base::FileId;

const OPENS: &str = "```nn";
const CLOSES: &str = "```";

/// What takes the place of a fence; none is longer than `##` and its fence.
const TEST: &[u8] = b"test\"\"{";
const END: &[u8] = b"}";

/// The file with its examples alone, each as a test without a name; `None` if it has none.
pub(crate) fn only_examples(text: &str) -> Option<String> {
    if !text.contains(OPENS) {
        return None;
    }
    let mut blank: Vec<u8> =
        text.bytes().map(|byte| if byte == b'\n' { byte } else { b' ' }).collect();
    let mut start = 0;
    let mut any = false;
    // Where the example starts that is open, and where its content has been copied to.
    let mut open: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        let doc = line.trim_start().strip_prefix("##");
        match doc.map(str::trim) {
            Some(OPENS) if open.is_none() => open = Some(start + indent),
            Some(CLOSES) => {
                if let Some(from) = open.take() {
                    any = true;
                    put(&mut blank, from, TEST);
                    put(&mut blank, start + indent, END);
                    // What stands between the fences, without its `##`.
                    let content = text.get(from..start).unwrap_or_default();
                    let mut at = from;
                    for (row, line) in content.split_inclusive('\n').enumerate() {
                        let indent = line.len() - line.trim_start().len();
                        if row > 0 && line.trim_start().starts_with("##") {
                            put(&mut blank, at + indent + 2, &line.as_bytes()[indent + 2..]);
                        }
                        at += line.len();
                    }
                }
            }
            Some(_) => {}
            // A fence that is not closed in its comment is prose.
            None => open = None,
        }
        start += line.len();
    }
    let text = any.then(|| String::from_utf8(blank).ok()).flatten();
    text.filter(|it| it.len() == start)
}

fn put(blank: &mut [u8], at: usize, bytes: &[u8]) {
    for (place, byte) in blank.iter_mut().skip(at).zip(bytes) {
        *place = *byte;
    }
}

/// Adds the tests of a file's examples to it, named after what they are examples of.
pub(crate) fn add_examples(module: &mut Module, examples: Module, file: FileId) {
    let mut named: Vec<(u32, String)> = Vec::new();
    for item in &module.items {
        let name = item_name(&item.kind);
        named.extend(name.map(|name| (item.span.start, name.to_owned())));
        let members: &[Member] = match &item.kind {
            ItemKind::Layer(layer) => &layer.members,
            ItemKind::Space(space) => &space.members,
            _ => &[],
        };
        for member in members {
            let own = match &member.kind {
                MemberKind::Fn(function) => function.name.map(|name| name.as_str()),
                MemberKind::Field(field) => field.names.first().map(|name| name.as_str()),
                _ => None,
            };
            let text = match (name, own) {
                (Some(owner), Some(own)) => format!("{owner}.{own}"),
                (Some(owner), None) => owner.to_owned(),
                (None, _) => continue,
            };
            named.push((member.span.start, text));
        }
    }
    named.sort();
    let mut names: Vec<String> = Vec::new();
    for mut item in examples.items {
        let ItemKind::Test(test) = &mut item.kind else { continue };
        if item.span.file != file {
            continue;
        }
        let of = named.iter().find(|(start, _)| *start >= item.span.end);
        let name = match of {
            Some((_, name)) => format!("example of `{name}`"),
            None => "example".to_owned(),
        };
        let before = names.iter().filter(|it| **it == name).count();
        names.push(name.clone());
        test.name.value = match before {
            0 => name,
            before => format!("{name}, {}", before + 1),
        };
        module.items.push(Item { docs: None, public: false, ..item });
    }
}

fn item_name(kind: &ItemKind) -> Option<&'static str> {
    match kind {
        ItemKind::Elem(it) => Some(it.name.as_str()),
        ItemKind::Type(it) => Some(it.name.as_str()),
        ItemKind::Const(it) => Some(it.name.as_str()),
        ItemKind::Fn(it) => it.name.map(|name| name.as_str()),
        ItemKind::Struct(it) => Some(it.name.as_str()),
        ItemKind::Layer(it) => Some(it.name.as_str()),
        ItemKind::Space(it) => Some(it.name.as_str()),
        ItemKind::Checkpoint(it) => Some(it.name.as_str()),
        ItemKind::Model(it) => Some(it.name.as_str()),
        ItemKind::Use(_)
        | ItemKind::Dims(_)
        | ItemKind::Kinds(_)
        | ItemKind::Export(_)
        | ItemKind::Test(_)
        | ItemKind::Error => None,
    }
}

#[cfg(test)]
mod tests {
    use super::only_examples;
    use crate::ast::ItemKind;
    use crate::parse;
    use nnc_base::FileId;

    const FILE: FileId = FileId::from_raw(0);

    #[test]
    fn an_example_stays_in_its_place() {
        let text = "## Äh.\n## ```nn\n## assert f() == 1.0;\n## ```\nfn f() -> f32[] = 1.0\n";
        let only = only_examples(text).unwrap();
        assert_eq!(only.len(), text.len());
        assert_eq!(only.find("assert"), text.find("assert"));
        assert_eq!(
            only.split_whitespace().collect::<Vec<_>>().join(" "),
            "test\"\"{ assert f() == 1.0; }"
        );
    }

    #[test]
    fn examples_are_tests_named_after_what_they_are_of() {
        let text = "
## ```nn
## assert true;
## ```
##
## And:
##
## ```nn
## assert true;
## ```
fn f() -> f32[] = 1.0

layer L {
    ## ```nn
    ## assert true;
    ## ```
    fn g() -> f32[] = 1.0
}

## ```nn
## Prose that is not closed.
fn h() -> f32[] = 1.0
";
        let parsed = parse(FILE, text);
        assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
        let tests = parsed.module.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Test(test) => Some(test.name.value.as_str()),
            _ => None,
        });
        let tests: Vec<&str> = tests.collect();
        assert_eq!(tests, ["example of `f`", "example of `f`, 2", "example of `L.g`"]);
    }

    #[test]
    fn mistakes_in_an_example_are_told_where_they_are() {
        let text = "## ```nn\n## assert 1 ==;\n## ```\nfn f() -> f32[] = 1.0\n";
        let parsed = parse(FILE, text);
        assert_eq!(parsed.diagnostics.len(), 1);
        assert_eq!(parsed.diagnostics[0].span().start as usize, text.find(';').unwrap());
    }
}
