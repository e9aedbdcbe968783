//! The weight file of a model, as its comments say, and what the compiler reads from it.

use super::directive::Directives;
use nnc_driver::{Params, Tensor};
use nnc_hir::{Model, Program};
use nnc_lower::ParamInfo;
use nnc_weights::{Map, write_safetensors};
use std::path::PathBuf;
use tempfile::TempDir;

/// A file with a model's parameters, gone with this.
pub(crate) struct Weights {
    file: Option<File>,
}

struct File {
    folder: TempDir,
    program: Program,
    model: Model,
    infos: Vec<ParamInfo>,
}

const NAME: &str = "weights.safetensors";

impl Weights {
    /// For what has no parameters.
    pub(crate) fn none() -> Weights {
        Weights { file: None }
    }

    /// Writes a file: the tensors that the comments list, or else the parameters under
    /// their own names.
    pub(crate) fn of(
        program: &Program,
        model: &Model,
        infos: &[ParamInfo],
        directives: &Directives,
    ) -> Result<Weights, String> {
        let mut tensors = Vec::new();
        if model.checkpoint.is_some() {
            for (name, elem, value) in &directives.stored {
                let tensor = value.tensor(*elem).ok_or("`expected` is no tensor")?;
                tensors.push(stored(name, &Tensor::from_eval(&tensor)));
            }
            tensors.extend(wanted(program, model, infos, directives)?);
        } else {
            for info in infos {
                tensors.push(stored(&info.name, &param(directives, info)?));
            }
            let unknown =
                directives.param.iter().find(|it| infos.iter().all(|info| info.name != it.0));
            if let Some((name, _)) = unknown {
                return Err(format!("no parameter `{name}`"));
            }
        }
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        write_safetensors(&folder.path().join(NAME), &tensors, &[])
            .map_err(|error| error.to_string())?;
        let (program, model, infos) = (program.clone(), model.clone(), infos.to_vec());
        Ok(Weights { file: Some(File { folder, program, model, infos }) })
    }

    /// The file, if there are parameters.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        self.file.as_ref().map(|it| it.folder.path().join(NAME))
    }

    /// The parameters in the file, by the model's checkpoint block if it has one.
    pub(crate) fn params(&self) -> Result<Params<'_>, nnc_driver::Error> {
        match &self.file {
            Some(it) => {
                Params::open(&it.program, &it.model, &it.infos, &it.folder.path().join(NAME))
            }
            None => Ok(Params::initial(&[], 0)),
        }
    }
}

/// The tensors that the checkpoint block of a model asks for, as far as the comments do not
/// list them, under the names that they have in a file.
fn wanted(
    program: &Program,
    model: &Model,
    infos: &[ParamInfo],
    directives: &Directives,
) -> Result<Vec<nnc_weights::Tensor>, String> {
    let params = infos.iter().map(|info| nnc_weights::Param {
        name: info.name.clone(),
        elem: info.elem,
        shape: info.shape.clone(),
        formulas: info.formulas.clone(),
        span: info.span,
    });
    let map = Map::new(program, model, params.collect())
        .map_err(|wrong| wrong.iter().map(|it| it.message.clone()).collect::<String>())?;
    let mut tensors = Vec::new();
    for tensor in map.tensors() {
        if directives.stored.iter().any(|it| it.0 == tensor.name) {
            continue;
        }
        // Without numbers the file lacks it, which the compiler will say.
        let Some(range) = directives.range_of(&tensor.name) else { continue };
        let shape: Vec<usize> =
            tensor.shape.iter().filter_map(|it| usize::try_from(*it).ok()).collect();
        let numbers = range.tensor(tensor.elem, &shape);
        tensors.push(stored(&tensor.name, &Tensor::from_eval(&numbers)));
    }
    Ok(tensors)
}

fn param(directives: &Directives, info: &ParamInfo) -> Result<Tensor, String> {
    let shape: Vec<usize> = info.shape.iter().filter_map(|it| usize::try_from(*it).ok()).collect();
    let own = directives.param.iter().find(|it| it.0 == info.name);
    let tensor = match (own, directives.range_of(&info.name)) {
        (Some((_, value)), _) => value
            .tensor(info.elem)
            .filter(|it| it.shape == shape)
            .ok_or_else(|| format!("the parameter `{}` is {}{shape:?}", info.name, info.elem))?,
        (None, Some(range)) => range.tensor(info.elem, &shape),
        (None, None) => return Err(format!("nothing fills the parameter `{}`", info.name)),
    };
    Ok(Tensor::from_eval(&tensor))
}

fn stored(name: &str, tensor: &Tensor) -> nnc_weights::Tensor {
    nnc_weights::Tensor {
        name: name.to_owned(),
        elem: tensor.elem,
        shape: tensor.shape.iter().map(|size| *size as i64).collect(),
        bytes: tensor.bytes.clone(),
    }
}
