//! The acceptance programs and the library check without errors.

use super::{check, render};

fn errors(modules: &[(&str, &str)]) -> String {
    let (sources, analysis) = check(modules);
    analysis
        .diagnostics
        .iter()
        .filter(|it| it.is_error())
        .map(|it| render(&sources, it))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_library_checks() {
    assert_eq!(errors(&[("main", "use std.nn.{relu}\nuse std.audio.{stft}\n")]), "");
}

macro_rules! program {
    ($path:literal) => {
        include_str!(concat!("../../../../tests/language/", $path))
    };
}

#[test]
fn the_acceptance_programs_check() {
    let programs = [
        ("mlp", program!("1_mlp.nn")),
        ("resnet", program!("2_conv.nn")),
        ("parallel", program!("3_parallel.nn")),
        ("mqa", program!("4_mqa.nn")),
        ("moe", program!("5_moe.nn")),
        ("ssm", program!("6_ssm.nn")),
        ("rasp", program!("7_rasp.nn")),
        ("cell", program!("8_nas.nn")),
        ("misc", program!("9_misc.nn")),
    ];
    assert_eq!(errors(&programs), "");
}

#[test]
fn zz_examples() {
    let mut report = String::new();
    for entry in ["digits", "minilm", "mobilenet_v2", "smollm2"]
        .iter()
        .flat_map(|it| std::fs::read_dir(format!("../../examples/{it}")).unwrap())
    {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "nn") {
            let text = std::fs::read_to_string(&path).unwrap();
            report.push_str(&format!("## {}\n{}", path.display(), errors(&[("main", &text)])));
        }
    }
    panic!("{report}");
}
