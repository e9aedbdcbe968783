//! Tensors from and to the world: files, literals on the command line, random numbers.

mod literal;

use crate::error::plain_words;
use crate::runner::inputs_of;
use crate::sizes::shape_of;
use crate::{Error, Failure, Random, Tensor};
use nnc_backend::Interface;
use nnc_graph::{Elem, TensorType};
use nnc_weights::{Problem, WeightError, WeightFile};
use std::path::{Path, PathBuf};

/// Reads an entry's inputs.
///
/// A spec is `NAME=VALUE`, where the value is a literal such as `[[1, 2, 3]]` or a file
/// with one tensor, or a file with several tensors that are called as inputs are. Elements
/// become those of the input where no value is lost but for the rounding of floats.
pub fn read_inputs(
    interface: &Interface,
    specs: &[String],
) -> Result<Vec<(String, Tensor)>, Error> {
    let mut inputs: Vec<(String, Tensor)> = Vec::new();
    for spec in specs {
        for (name, tensor) in read_spec(interface, spec)? {
            if inputs.iter().any(|(before, _)| *before == name) {
                return Err(Error::usage(format!("the input `{name}` is given twice")));
            }
            inputs.push((name, tensor));
        }
    }
    Ok(inputs)
}

fn read_spec(interface: &Interface, spec: &str) -> Result<Vec<(String, Tensor)>, Error> {
    if let Some((name, value)) = spec.split_once('=') {
        if let Some(ty) = input_type(interface, name) {
            let tensor = match literal::is_literal(value) {
                true => literal::parse(name, value, ty.elem)?,
                false => read_only_tensor(Path::new(value), name, ty.elem)?,
            };
            return Ok(vec![(name.to_owned(), tensor)]);
        }
        if !Path::new(spec).exists() {
            return Err(unknown(interface, format!("there is no input `{name}`")));
        }
    }
    let path = Path::new(spec);
    let file = open(path)?;
    let mut inputs = Vec::new();
    for entry in file.entries() {
        let ty = input_type(interface, &entry.name).ok_or_else(|| {
            let what = format!("{}: `{}` is no input", path.display(), entry.name);
            unknown(interface, what)
        })?;
        inputs.push((entry.name.clone(), read_tensor(&file, &entry.name, ty.elem)?));
    }
    Ok(inputs)
}

fn unknown(interface: &Interface, message: String) -> Error {
    let example = interface.entry.inputs.iter().find(|it| it.state.is_none());
    let failure = Failure::new(message).note(format!(
        "`{}` is asked for; {}",
        interface.entry.name,
        inputs_of(interface)
    ));
    Error::Input(match example {
        Some(input) => failure.help(format!("name the input of a file: `{}=FILE`", input.name)),
        None => failure,
    })
}

/// The type of an input that a caller gives.
fn input_type<'a>(interface: &'a Interface, name: &str) -> Option<&'a TensorType> {
    let at = interface.entry.inputs.iter().position(|it| it.name.as_str() == name)?;
    interface.entry.inputs[at].state.is_none().then(|| &interface.inputs[at])
}

fn read_only_tensor(path: &Path, name: &str, elem: Elem) -> Result<Tensor, Error> {
    let file = open(path)?;
    match file.entries() {
        [only] => read_tensor(&file, &only.name, elem),
        // Several tensors, one of which has the name.
        entries if entries.iter().any(|it| it.name == name) => read_tensor(&file, name, elem),
        entries => {
            let names: Vec<&str> = entries.iter().map(|it| it.name.as_str()).take(8).collect();
            Err(Error::Input(
                Failure::new(format!(
                    "{} has {} tensors, and none is called `{name}`",
                    path.display(),
                    entries.len()
                ))
                .note(format!("its tensors are {}", names.join(", "))),
            ))
        }
    }
}

fn open(path: &Path) -> Result<WeightFile, Error> {
    WeightFile::open(path).map_err(weight_error)
}

pub(crate) fn weight_error(error: WeightError) -> Error {
    match &*error.problem {
        Problem::Io(why) => {
            Error::input(format!("cannot read {}: {}", error.file, plain_words(why)))
        }
        _ => Error::input(error.to_string()),
    }
}

fn read_tensor(file: &WeightFile, name: &str, elem: Elem) -> Result<Tensor, Error> {
    let bytes = file.read(name, elem).map_err(weight_error)?;
    let shape = file.entry(name).map_or(&[][..], |entry| &entry.shape);
    let shape = shape.iter().map(|size| usize::try_from(*size).unwrap_or(0)).collect();
    Ok(Tensor { elem, shape, bytes })
}

/// A random input of an entry: floats are normal with mean 0 and standard deviation 1,
/// positions in a table uniform over it, other integers uniform in `0..10`, and bools
/// fair. The seed and the input's name decide the values.
pub fn random_input(
    interface: &Interface,
    at: usize,
    sizes: &[i64],
    seed: u64,
) -> Result<Tensor, Error> {
    let (input, ty) = (&interface.entry.inputs[at], &interface.inputs[at]);
    let (shape, count) = shape_and_count(interface, at, sizes)?;
    let mut random = Random::new(seed, input.name.as_str());
    Ok(if ty.elem.is_float() {
        let values: Vec<f64> = (0..count).map(|_| random.normal()).collect();
        Tensor::from_floats(ty.elem, shape, &values)
    } else {
        let bound = input.index_bound.as_ref().and_then(|it| interface.eval(it, sizes));
        let bound = if ty.elem == Elem::Bool { 2 } else { bound.unwrap_or(10) };
        let values: Vec<i64> = (0..count).map(|_| random.below(bound)).collect();
        Tensor::from_ints(ty.elem, shape, &values)
    })
}

/// An input with the same number everywhere.
pub fn filled_input(
    interface: &Interface,
    at: usize,
    sizes: &[i64],
    value: f64,
) -> Result<Tensor, Error> {
    let (shape, count) = shape_and_count(interface, at, sizes)?;
    let elem = interface.inputs[at].elem;
    let tensor = Tensor::from_floats(elem, shape, &vec![value; count]);
    if !elem.is_float() && !tensor.is_empty() && tensor.float(0) != value {
        let name = interface.entry.inputs[at].name;
        return Err(Error::input(format!("`{name}`: {elem} cannot hold {value}")));
    }
    Ok(tensor)
}

fn shape_and_count(
    interface: &Interface,
    at: usize,
    sizes: &[i64],
) -> Result<(Vec<usize>, usize), Error> {
    let (input, ty) = (&interface.entry.inputs[at], &interface.inputs[at]);
    let too_large = || Error::input(format!("`{}`, {ty}, is larger than any memory", input.name));
    let shape = shape_of(interface, ty, sizes).ok_or_else(too_large)?;
    let count = shape.iter().try_fold(1usize, |count, size| count.checked_mul(*size));
    Ok((shape, count.ok_or_else(too_large)?))
}

/// Writes named tensors: to a safetensors or npz file, to an npy file if there is one
/// tensor, or else to a folder of npy files.
pub fn write_outputs(path: &Path, tensors: &[(String, Tensor)]) -> Result<Vec<PathBuf>, Error> {
    let stored: Vec<nnc_weights::Tensor> = (tensors.iter())
        .map(|(name, tensor)| nnc_weights::Tensor {
            name: name.clone(),
            elem: tensor.elem,
            shape: tensor.shape.iter().map(|size| *size as i64).collect(),
            bytes: tensor.bytes.clone(),
        })
        .collect();
    let failure = |error: WeightError| Error::environment(format!("cannot write {error}"));
    let extension = path.extension().map(|it| it.to_string_lossy().to_lowercase());
    if let Some(folder) = path.parent().filter(|it| !it.as_os_str().is_empty()) {
        make_folder(folder)?;
    }
    match (extension.as_deref(), stored.as_slice()) {
        (Some("safetensors"), _) => {
            nnc_weights::write_safetensors(path, &stored, &[]).map_err(failure)?;
            Ok(vec![path.to_path_buf()])
        }
        (Some("npz"), _) => {
            nnc_weights::write_npz(path, &stored).map_err(failure)?;
            Ok(vec![path.to_path_buf()])
        }
        (Some("npy"), [tensor]) => {
            nnc_weights::write_npy(path, tensor).map_err(failure)?;
            Ok(vec![path.to_path_buf()])
        }
        (Some("npy"), _) => {
            let names: Vec<&str> = tensors.iter().map(|(name, _)| name.as_str()).collect();
            Err(Error::usage(format!("an npy file holds one tensor, there are {}", names.len()))
                .note(format!("they are {}", names.join(", ")))
                .help("write a .npz or .safetensors file, or name a folder for an npy file each"))
        }
        (Some(other), _) if !path.is_dir() => {
            Err(Error::usage(format!("tensors cannot be written as .{other}"))
                .help("write a .safetensors, .npz or .npy file, or name a folder"))
        }
        (_, _) => {
            make_folder(path)?;
            let mut written = Vec::new();
            for tensor in &stored {
                let file = path.join(format!("{}.npy", tensor.name));
                nnc_weights::write_npy(&file, tensor).map_err(failure)?;
                written.push(file);
            }
            Ok(written)
        }
    }
}

fn make_folder(path: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(path).map_err(|error| Error::writing(path, &error))
}

#[cfg(test)]
mod tests;
