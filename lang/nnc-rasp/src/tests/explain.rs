//! The pages of messages, whose programs give what they explain.

use super::support::{Files, root};
use crate::{Event, Machine, codes, explain, import, parse};
use nnc_base::Sources;

#[test]
fn the_program_of_a_page_gives_its_message() {
    // Calls are nested to their limit in one of them, as on the command line's stack.
    let work = std::thread::Builder::new().stack_size(256 << 20).spawn(run_pages).unwrap();
    work.join().unwrap();
}

fn run_pages() {
    for code in codes() {
        let page = explain(code).unwrap();
        assert!(page.starts_with(&format!("# {code}: ")), "{code}: {page}");
        let program = page.split_once("```rasp\n").unwrap().1.split_once("```").unwrap().0;
        let mut machine = Machine::new(Files::new(&root().join("tests/rasp")));
        let parsed = parse(Sources::new().add("page.rasp", program), program);
        let mut told: Vec<String> =
            parsed.diagnostics.iter().map(|it| it.code.to_string()).collect();
        for event in machine.run(&parsed) {
            if let Event::Mistake(mistake) = event {
                told.push(mistake.code.to_string());
            }
        }
        if told.is_empty() {
            told = match import(&machine, "page.rasp", program, &parsed) {
                Ok(imported) => imported.left_out.iter().map(|it| it.code.to_string()).collect(),
                Err(mistake) => vec![mistake.code.to_string()],
            };
        }
        assert_eq!(told.first().map(String::as_str), Some(code), "{told:?} of:\n{program}");
    }
}

#[test]
fn every_code_has_a_page() {
    let source = include_str!("../errors.rs");
    let used = source.split("Code(\"").skip(1).filter_map(|it| it.get(..5));
    let used: Vec<&str> = used.collect();
    assert_eq!(used, codes().collect::<Vec<_>>());
}
