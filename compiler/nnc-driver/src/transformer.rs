//! Functions as transformers: which function is meant, its sizes, and the files.

use crate::session::program_error;
use crate::{Error, Failure, ModelId, Session, write_file};
use nnc_base::{Diagnostic, Name};
use nnc_graph::Elem;
use nnc_hir::{AxisSize, Bound, Entry, Function, FunctionId, Program, Type};
use nnc_transformer::extract;
pub use nnc_transformer::{Options, Sizes, Transformer};
use nnc_weights::write_safetensors;
use std::path::{Path, PathBuf};

/// The files of a transformer.
const MODEL: &str = "model.nn";
const WEIGHTS: &str = "weights.safetensors";

/// What can be a transformer: functions outside layers, exports, and entries of models.
enum Found {
    Function(FunctionId, Vec<Bound>),
    /// The module with the entry in it.
    Lowered(nnc_graph::Module),
}

/// A function or an entry as a select-aggregate program.
///
/// `sizes` are numbers for the function's sizes, for that of the sequence the greatest.
pub fn sequence_program(
    session: &Session,
    name: &str,
    sizes: &[(String, i64)],
) -> Result<nnc_transformer::Program, Error> {
    let module = lowered(session, name, sizes)?;
    let entry = module.entry(name).ok_or_else(|| Error::internal("the entry is lost"))?;
    extract(&module, entry).map_err(|it| program_error(&[*it]))
}

/// The graph of a function or an entry, with numbers for its sizes.
pub fn lowered(
    session: &Session,
    name: &str,
    sizes: &[(String, i64)],
) -> Result<nnc_graph::Module, Error> {
    match find(session, name)? {
        Found::Function(id, bounds) => {
            let program = session.program()?;
            let bounds = bound(&program.functions[id], name, bounds, sizes)?;
            let entry = Entry {
                name: Name::new(name),
                span: program.functions[id].span,
                function: id,
                bounds,
                facts: Vec::new(),
            };
            nnc_lower::lower_function(program, &entry).map_err(|it| program_error(&it))
        }
        Found::Lowered(mut module) => {
            shorten(&mut module, name, sizes)?;
            Ok(module)
        }
    }
}

/// The transformer that computes a function or an entry.
pub fn transformer(
    session: &Session,
    name: &str,
    sizes: &[(String, i64)],
    options: Options,
) -> Result<Transformer, Error> {
    let program = sequence_program(session, name, sizes)?;
    nnc_transformer::compile(&program, options).map_err(|it| program_error(&[*it]))
}

/// The transformer of an entry of a model that is a select-aggregate program, for sequences
/// of at most a length, or why there is none; `None` if the entry is another program.
pub fn of_entry(
    session: &Session,
    model: ModelId,
    name: &str,
    sizes: &[(Name, i64)],
) -> Result<Option<Result<Transformer, Diagnostic>>, Error> {
    let mut module = session.lowered(model)?.module.clone();
    let Some(entry) = module.entry(name).cloned() else { return Ok(None) };
    for dim in &mut module.graphs[entry.graph].dims {
        let given = sizes.iter().find(|it| it.0 == dim.name);
        dim.max = given.map(|it| it.1).or(dim.max);
    }
    let Ok(program) = extract(&module, &entry) else { return Ok(None) };
    let made = nnc_transformer::compile(&program, Options::default());
    Ok(Some(made.map_err(|diagnostic| *diagnostic)))
}

/// Writes the program and the weights into a folder and tells where they are. Each file
/// appears whole, the program last.
pub fn write(folder: &Path, transformer: &Transformer) -> Result<[PathBuf; 2], Error> {
    std::fs::create_dir_all(folder).map_err(|error| Error::writing(folder, &error))?;
    let tensors: Vec<nnc_weights::Tensor> = (transformer.tensors.iter())
        .map(|weight| nnc_weights::Tensor {
            name: weight.name.clone(),
            elem: Elem::F32,
            shape: weight.shape.iter().map(|it| *it as i64).collect(),
            bytes: weight.data.iter().flat_map(|it| it.to_le_bytes()).collect(),
        })
        .collect();
    let (model, weights) = (folder.join(MODEL), folder.join(WEIGHTS));
    write_safetensors(&weights, &tensors, &[])
        .map_err(|error| Error::environment(error.to_string()))?;
    write_file(&model, transformer.text().as_bytes())?;
    Ok([model, weights])
}

/// Whether a program has a function of that name outside layers.
pub fn is_function(session: &Session, name: &str) -> bool {
    matches!(find(session, name), Ok(Found::Function(..)))
}

/// The function, export or entry with a name: the person's own first, then what they use.
fn find(session: &Session, name: &str) -> Result<Found, Error> {
    let program = session.program()?;
    let roots: Vec<&str> =
        session.modules().iter().filter(|it| it.root).map(|it| it.path.as_str()).collect();
    let is_root = |module: Name| roots.contains(&module.as_str());
    let named = |function: &Function| {
        function.owner.is_none() && function.name.is_some_and(|it| it.as_str() == name)
    };
    let functions = || program.functions.iter().filter(|(_, it)| named(it));
    if let Some((id, _)) = functions().find(|(_, it)| is_root(it.module)) {
        return Ok(Found::Function(id, Vec::new()));
    }
    let exports = program.exports.iter().filter(|it| it.layer.is_none() && is_root(it.module));
    if let Some(export) = exports.clone().find(|it| it.entry.name.as_str() == name) {
        return Ok(Found::Function(export.entry.function, export.entry.bounds.clone()));
    }
    let models = session.models()?;
    let entries = |id| session.declaration(id).entries.iter();
    for id in &models {
        if entries(*id).any(|it| it.name.as_str() == name) {
            return Ok(Found::Lowered(session.lowered(*id)?.module.clone()));
        }
    }
    if let Some((id, _)) = functions().next() {
        return Ok(Found::Function(id, Vec::new()));
    }
    let mut names: Vec<&str> = exports.map(|it| it.entry.name.as_str()).collect();
    names.extend(models.iter().flat_map(|id| entries(*id)).map(|it| it.name.as_str()));
    names.extend(sequence_functions(program, &is_root));
    let failure = Failure::new(format!("there is no function or entry `{name}`"));
    Err(Error::Usage(failure.names(name, "those over sequences of tokens", &names)))
}

fn sequence_functions<'a>(
    program: &'a Program,
    is_root: &'a dyn Fn(Name) -> bool,
) -> impl Iterator<Item = &'a str> {
    let functions = program.functions.values();
    let own = functions.filter(|it| it.owner.is_none() && is_root(it.module));
    own.filter(|it| length(it).is_some()).filter_map(|it| it.name).map(|it| it.as_str())
}

/// The size of the sequence that a function takes first.
fn length(function: &Function) -> Option<Name> {
    let Type::Tensor(tensor) = &function.params.first()?.ty else { return None };
    match tensor.axes.as_slice() {
        [axis] => match &axis.size {
            AxisSize::Dim(dim) => dim.as_var(),
            AxisSize::Broadcast => None,
        },
        _ => None,
    }
}

/// Numbers for all of a function's sizes, as asked or as an export says.
fn bound(
    function: &Function,
    name: &str,
    mut bounds: Vec<Bound>,
    sizes: &[(String, i64)],
) -> Result<Vec<Bound>, Error> {
    let sequence = length(function);
    let names: Vec<&str> = function.dims.iter().map(|it| it.name.as_str()).collect();
    for (given, value) in sizes {
        let Some(dim) = function.dims.iter().find(|dim| dim.name.as_str() == given) else {
            let failure = Failure::new(format!("`{name}` has no size `{given}`"));
            return Err(Error::Usage(failure.names(given, "its sizes", &names)));
        };
        if *value < dim.min.max(1) {
            return Err(Error::usage(format!("{given} = {value}; it must be at least 1")));
        }
        let min = if Some(dim.name) == sequence { dim.min.max(1) } else { *value };
        bounds.retain(|it| it.dim != dim.name);
        bounds.push(Bound { dim: dim.name, min, max: Some(*value) });
    }
    let missing = |dim: &&nnc_hir::DimParam| {
        let bound = bounds.iter().find(|it| it.dim == dim.name);
        match bound {
            Some(bound) => bound.max.is_none(),
            None => true,
        }
    };
    match function.dims.iter().find(missing) {
        None => Ok(bounds),
        Some(dim) if Some(dim.name) == sequence => Err(Error::usage(format!(
            "the greatest length of the sequence, {} of `{name}`, is not said",
            dim.name
        ))
        .help(format!("give it: `--size {}=8`", dim.name))),
        Some(dim) => Err(Error::usage(format!("the size {} of `{name}` is open", dim.name))
            .help(format!("give it a number: `--size {}=4`", dim.name))),
    }
}

/// Lessens the greatest sizes of an entry of a model.
fn shorten(
    module: &mut nnc_graph::Module,
    name: &str,
    sizes: &[(String, i64)],
) -> Result<(), Error> {
    let Some(graph) = module.entry(name).map(|it| it.graph) else { return Ok(()) };
    let graph = &mut module.graphs[graph];
    for (given, value) in sizes {
        let names: Vec<String> = graph.dims.iter().map(|it| it.name.to_string()).collect();
        let Some(dim) = graph.dims.iter_mut().find(|it| it.name.as_str() == given) else {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let failure = Failure::new(format!("the entry `{name}` has no size `{given}`"));
            return Err(Error::Usage(failure.names(given, "its sizes", &names)));
        };
        let most = dim.max.unwrap_or(i64::MAX);
        if *value < dim.min.max(1) || *value > most {
            return Err(Error::usage(format!(
                "{name}: {given} = {value}; it must be at least {} and at most {most}",
                dim.min.max(1)
            )));
        }
        dim.max = Some(*value);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
