//! The parameters of a model: from a weight file, or as they start.

use crate::initial::initial;
use crate::tensor_io::weight_error;
use crate::{Cache, Error, Progress, Tensor};
use nnc_graph::Elem;
use nnc_lower::ParamInfo;
use nnc_weights::WeightFile;
use std::collections::HashMap;
use std::path::Path;

/// Where the parameters of a model come from. A tensor is made when it is asked for.
pub struct Params<'a> {
    infos: &'a [ParamInfo],
    by_name: HashMap<&'a str, usize>,
    source: Source,
}

enum Source {
    Initial { seed: u64 },
    File(WeightFile),
}

impl<'a> Params<'a> {
    /// As the program says that they start, with random numbers of a seed.
    pub fn initial(infos: &'a [ParamInfo], seed: u64) -> Params<'a> {
        Params::of(infos, Source::Initial { seed })
    }

    /// From a file whose tensors are called as the parameters are.
    pub fn open(infos: &'a [ParamInfo], path: &Path) -> Result<Params<'a>, Error> {
        let file = WeightFile::open(path).map_err(weight_error)?;
        for info in infos {
            let entry = file.entry(&info.name).ok_or_else(|| {
                Error::input(format!("{} has no tensor `{}`", path.display(), info.name))
            })?;
            if entry.shape != info.shape {
                return Err(Error::input(format!(
                    "`{}` is {:?}, {:?} is wanted",
                    info.name, entry.shape, info.shape
                )));
            }
        }
        Ok(Params::of(infos, Source::File(file)))
    }

    fn of(infos: &'a [ParamInfo], source: Source) -> Params<'a> {
        let by_name = infos.iter().enumerate().map(|(at, it)| (it.name.as_str(), at)).collect();
        Params { infos, by_name, source }
    }

    /// In the order of the fields.
    pub fn infos(&self) -> &'a [ParamInfo] {
        self.infos
    }

    /// The parameter with a path.
    pub fn tensor(&self, name: &str) -> Result<Tensor, Error> {
        let info = self.by_name.get(name).map(|at| &self.infos[*at]);
        let info =
            info.ok_or_else(|| Error::internal(format!("the model has no parameter `{name}`")))?;
        match &self.source {
            Source::Initial { seed } => initial(info, *seed),
            Source::File(file) => {
                let bytes = file.read(name, info.elem).map_err(weight_error)?;
                let shape = info.shape.iter().map(|size| *size as usize).collect();
                Ok(Tensor { elem: info.elem, shape, bytes })
            }
        }
    }

    /// Writes the elements of a parameter as `elem` into memory of their size.
    pub(crate) fn read_into(&self, name: &str, elem: Elem, out: &mut [u8]) -> Result<(), Error> {
        let tensor = self.tensor(name)?;
        let bytes = if tensor.elem == elem {
            tensor.bytes
        } else {
            Tensor::from_eval(&tensor.to_eval().cast(elem)).bytes
        };
        if bytes.len() > out.len() {
            return Err(Error::internal(format!("no room for the weight `{name}`")));
        }
        out[..bytes.len()].copy_from_slice(&bytes);
        Ok(())
    }

    /// What tells these parameters from others, if they are worth keeping.
    pub(crate) fn identity(
        &self,
        cache: &Cache,
        progress: &dyn Progress,
    ) -> Result<Option<String>, Error> {
        match &self.source {
            Source::Initial { .. } => Ok(None),
            Source::File(file) => cache.hash_of(file.path(), progress).map(Some),
        }
    }
}
