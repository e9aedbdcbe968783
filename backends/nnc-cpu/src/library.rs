//! Shared libraries, by LLVM's linker.

use nnc_backend::CompileError;
use std::path::Path;
use std::process::Command;

/// Linkers that take the same arguments, the preferred one first.
const LINKERS: [&str; 4] = ["ld.lld-22", "/usr/lib/llvm-22/bin/ld.lld", "ld.lld", "ld"];

/// Links an object into a shared library.
pub(crate) fn link(object: &[u8]) -> Result<Vec<u8>, CompileError> {
    let world = |what: &str, error: std::io::Error| {
        CompileError::Environment(format!("cannot link a shared library: {what}: {error}"))
    };
    let folder = tempfile::tempdir().map_err(|error| world("no temporary folder", error))?;
    let (from, to) = (folder.path().join("code.o"), folder.path().join("code.so"));
    std::fs::write(&from, object).map_err(|error| world("writing the object", error))?;
    for linker in LINKERS {
        match run(linker, &from, &to) {
            Ok(output) if output.status.success() => {
                return std::fs::read(&to).map_err(|error| world("reading the result", error));
            }
            Ok(output) => {
                let text = String::from_utf8_lossy(&output.stderr).into_owned();
                return Err(CompileError::Environment(format!("`{linker}` failed: {text}")));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(world(linker, error)),
        }
    }
    Err(CompileError::Environment(format!(
        "cannot link a shared library: there is none of {}; install `lld-22`, or emit an object",
        LINKERS.join(", ")
    )))
}

fn run(linker: &str, from: &Path, to: &Path) -> std::io::Result<std::process::Output> {
    // The functions of the C library that code may call are found when it is loaded.
    Command::new(linker).arg("-shared").arg("-o").arg(to).arg(from).output()
}
