//! Writing tensors: npy, npz and safetensors.

mod archive;

use std::io::{self, Write};
use std::path::Path;

use nnc_graph::Elem;

use crate::{Entry, Problem, Stored, WeightError};

/// A tensor to be written.
#[derive(Clone, PartialEq, Debug)]
pub struct Tensor {
    pub name: String,
    pub elem: Elem,
    pub shape: Vec<i64>,
    /// Row-major, little-endian.
    pub bytes: Vec<u8>,
}

/// Writes an npy file, in version 1.
///
/// numpy has no bf16: such a tensor is written as f32, which is exact.
pub fn write_npy(path: &Path, tensor: &Tensor) -> Result<(), WeightError> {
    check_size(path, tensor)?;
    write_file(path, |out| npy(out, tensor))
}

/// An npy file, whose tensor has the size that it says.
fn npy(out: &mut dyn Write, tensor: &Tensor) -> io::Result<()> {
    let (descr, bytes) = match tensor.elem {
        Elem::F64 => ("<f8", &tensor.bytes),
        Elem::F32 => ("<f4", &tensor.bytes),
        Elem::F16 => ("<f2", &tensor.bytes),
        Elem::BF16 => ("<f4", &widened(&tensor.bytes)),
        Elem::I64 => ("<i8", &tensor.bytes),
        Elem::I32 => ("<i4", &tensor.bytes),
        Elem::I8 => ("|i1", &tensor.bytes),
        Elem::U8 => ("|u1", &tensor.bytes),
        Elem::Bool => ("|b1", &tensor.bytes),
    };
    let shape: String = match tensor.shape.as_slice() {
        [] => "()".to_owned(),
        [one] => format!("({one},)"),
        sizes => format!("({})", sizes.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")),
    };
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    // The data begin at a multiple of 64; 10 bytes come before the header.
    let padded = (header.len() + 11).next_multiple_of(64) - 10;
    header.push_str(&" ".repeat(padded - 1 - header.len()));
    header.push('\n');
    out.write_all(b"\x93NUMPY\x01\x00")?;
    out.write_all(&(header.len() as u16).to_le_bytes())?;
    out.write_all(header.as_bytes())?;
    out.write_all(bytes)
}

/// Writes an npz file as `numpy.savez` does: an archive, not compressed, of an npy file
/// for each tensor.
pub fn write_npz(path: &Path, tensors: &[Tensor]) -> Result<(), WeightError> {
    let mut archive = archive::Archive::default();
    for tensor in tensors {
        check_size(path, tensor)?;
        let mut file = Vec::new();
        npy(&mut file, tensor)
            .map_err(|error| WeightError::new(path, Problem::Io(error.to_string())))?;
        archive.add(format!("{}.npy", tensor.name), file);
    }
    write_file(path, |out| archive.write(out))
}

/// Writes a safetensors file, and texts about it. Tensors of wider elements come first,
/// so that each is aligned to its element.
pub fn write_safetensors(
    path: &Path,
    tensors: &[Tensor],
    metadata: &[(String, String)],
) -> Result<(), WeightError> {
    let mut tensors: Vec<&Tensor> = tensors.iter().collect();
    tensors.sort_by_key(|tensor| std::cmp::Reverse(tensor.elem.bytes()));
    let mut object = serde_json::Map::new();
    if !metadata.is_empty() {
        let texts: serde_json::Map<_, _> =
            metadata.iter().map(|(key, text)| (key.clone(), text.as_str().into())).collect();
        object.insert("__metadata__".to_owned(), texts.into());
    }
    let mut end = 0;
    for tensor in &tensors {
        check_size(path, tensor)?;
        let begin = end;
        end += tensor.bytes.len();
        let described = serde_json::json!({
            "dtype": dtype(tensor.elem),
            "shape": tensor.shape,
            "data_offsets": [begin, end],
        });
        if let Some(first) = object.insert(tensor.name.clone(), described.clone()) {
            return Err(WeightError::new(
                path,
                Problem::Duplicate {
                    tensor: tensor.name.clone(),
                    first: first.to_string(),
                    second: described.to_string(),
                },
            ));
        }
    }
    let mut header = serde_json::Value::Object(object).to_string();
    let padded = (header.len() + 8).next_multiple_of(64) - 8;
    header.push_str(&" ".repeat(padded - header.len()));
    write_file(path, |out| {
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(header.as_bytes())?;
        tensors.iter().try_for_each(|tensor| out.write_all(&tensor.bytes))
    })
}

/// That there are as many bytes as the shape says.
fn check_size(path: &Path, tensor: &Tensor) -> Result<(), WeightError> {
    let stored = Stored::from(tensor.elem);
    let entry = Entry::new(tensor.name.clone(), stored, tensor.shape.clone(), 0)
        .map_err(|problem| WeightError::new(path, problem))?;
    if entry.bytes == tensor.bytes.len() as u64 {
        return Ok(());
    }
    Err(WeightError::new(
        path,
        Problem::WrongSize {
            tensor: entry.name,
            stored,
            shape: entry.shape,
            expected: entry.bytes,
            found: tensor.bytes.len() as u64,
        },
    ))
}

fn dtype(elem: Elem) -> &'static str {
    match elem {
        Elem::F64 => "F64",
        Elem::F32 => "F32",
        Elem::F16 => "F16",
        Elem::BF16 => "BF16",
        Elem::I64 => "I64",
        Elem::I32 => "I32",
        Elem::I8 => "I8",
        Elem::U8 => "U8",
        Elem::Bool => "BOOL",
    }
}

/// bf16 as f32, whose upper half it is.
fn widened(bytes: &[u8]) -> Vec<u8> {
    bytes.as_chunks::<2>().0.iter().flat_map(|[low, high]| [0, 0, *low, *high]).collect()
}

/// Writes beside the file and renames, so that whoever looks sees all of it or nothing.
fn write_file(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), WeightError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".nnc-");
    // Readable as any new file, and not by its owner alone.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let written = builder.tempfile_in(folder).and_then(|file| {
        let mut out = io::BufWriter::new(file);
        write(&mut out)?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.persist(path).map_err(|failed| failed.error)?;
        Ok(())
    });
    written.map_err(|error| WeightError::new(path, Problem::Io(error.to_string())))
}
