//! Programs of other languages as files of this one.

use crate::Folder;

const SORTED: &str =
    "# A text in order.\n\n# Smallest letters first.\nsorted = sort(tokens, tokens);\n";

#[test]
fn a_program_is_written_and_is_one_that_can_be_checked() {
    let folder = Folder::new();
    folder.write("sorted.rasp", SORTED);
    let text = folder.nnc(&["import", "sorted.rasp"]).ok();
    assert_eq!(
        text,
        "# Imported from sorted.rasp.\n\
         #\n\
         # A text in order.\n\
         \n\
         dims T: time, V: vocab\n\
         \n\
         ## Smallest letters first.\n\
         pub fn sorted(tok: Token<V>[T]) -> Token<V>[T] {\n    \
             let target[q] = count[k | tok[k] < tok[q] || (tok[k] == tok[q] && k < q)] 1;\n    \
             let sorted[q: T] = pick[k | target[k] == q] tok[k];\n    \
             sorted\n\
         }\n"
    );
    let ran = folder.nnc(&["import", "sorted.rasp", "-o", "out.nn"]);
    assert_eq!(ran.err, "1 function in out.nn\n");
    assert_eq!(folder.read("out.nn"), text.as_bytes());
    folder.nnc(&["check", "out.nn"]).ok();
    let cost = folder.nnc(&["cost", "out.nn", "--entry", "sorted", "--size=V=4", "--size=T=6"]);
    assert!(cost.ok().contains("layers"));
}

#[test]
fn a_file_that_exists_is_kept() {
    let folder = Folder::new();
    folder.write("sorted.rasp", SORTED);
    folder.write("out.nn", "mine");
    let told = folder.nnc(&["import", "sorted.rasp", "-o", "out.nn"]).fails(2);
    assert!(told.contains("out.nn exists") && told.contains("--force"), "{told}");
    assert_eq!(folder.read("out.nn"), b"mine");
    folder.nnc(&["import", "sorted.rasp", "-o", "out.nn", "--force"]).ok();
    assert_ne!(folder.read("out.nn"), b"mine");
}

#[test]
fn what_cannot_be_read_is_told_and_nothing_is_written() {
    let folder = Folder::new();
    let told = folder.nnc(&["import", "model.tflite"]).fails(2);
    assert!(told.contains("`.rasp` is a RASP program"), "{told}");
    let told = folder.nnc(&["import", "none.rasp"]).fails(1);
    assert!(told.contains("cannot read none.rasp"), "{told}");
    folder.write("wrong.rasp", "a = indices +;\nb = undefined_name;\n");
    let told = folder.nnc(&["import", "wrong.rasp", "-o", "out.nn"]).fails(1);
    assert!(told.contains("E0760") && told.contains("E0762"), "{told}");
    assert_eq!(folder.names(), ["wrong.rasp"]);
}

#[test]
fn all_that_has_no_place_is_told_with_what_needs_it() {
    let folder = Folder::new();
    folder.write(
        "odd.rasp",
        "n = indices + 1;\nm = n * 5000000000;\nc = tokens if n < 3 else (tokens + \"!\");\nd = c == \"a\";\n",
    );
    let told = folder.nnc(&["import", "odd.rasp", "-o", "odd.nn"]).fails(1);
    for words in ["E0775", "5000000000", "E0774", "`c`, `d`", "`--partial` writes the other"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert_eq!(folder.names(), ["odd.rasp"]);
    folder.nnc(&["import", "odd.rasp", "-o", "odd.nn", "--partial"]).ok();
    let text = String::from_utf8(folder.read("odd.nn")).unwrap();
    assert!(text.contains("pub fn n(") && !text.contains("pub fn m("), "{text}");
}
