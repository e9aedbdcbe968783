//! Lists the members: every folder with a `model.nn`, with the texts in it.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What a person needs who starts from a member or checks it.
const ENDINGS: [&str; 4] = ["nn", "md", "py", "txt"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let zoo = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR")?);
    println!("cargo::rerun-if-changed={}", zoo.display());
    let mut text = String::from("[\n");
    for folder in entries(&zoo)?.iter().filter(|it| it.join("model.nn").is_file()) {
        println!("cargo::rerun-if-changed={}", folder.display());
        writeln!(text, "Member {{ name: {:?}, files: &[", name(folder))?;
        for file in entries(folder)? {
            let ending = file.extension().unwrap_or_default().to_string_lossy();
            if ENDINGS.contains(&&*ending) {
                let path = file.display().to_string();
                writeln!(text, "    ({:?}, include_str!({path:?})),", name(&file))?;
            }
        }
        text.push_str("] },\n");
    }
    text.push_str("]\n");
    std::fs::write(PathBuf::from(std::env::var("OUT_DIR")?).join("members.rs"), text)?;
    Ok(())
}

fn entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)?.map(|entry| entry.map(|it| it.path()));
    let mut entries = entries.collect::<Result<Vec<_>, _>>()?;
    entries.sort();
    Ok(entries)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
