//! The parameters of a model: from a weight file, or as they start.

mod made;

use crate::initial::initial;
use crate::runner::position;
use crate::tensor_io::weight_error;
use crate::{Cache, Error, Failure, Progress, Tensor};
use made::Rewritten;
use nnc_base::Diagnostic;
use nnc_graph::Elem;
use nnc_hir::{Model, Program};
use nnc_lower::{Made, ParamInfo};
use nnc_weights::{Map, WeightFile};
use std::collections::HashMap;
use std::path::Path;

/// Where the parameters of a model come from. A tensor is made when it is asked for.
#[derive(Debug)]
pub struct Params<'a> {
    infos: &'a [ParamInfo],
    by_name: HashMap<&'a str, usize>,
    source: Source,
    warnings: Vec<Diagnostic>,
    rewritten: Option<Rewritten<'a>>,
}

#[derive(Debug)]
enum Source {
    Initial { seed: u64 },
    File { file: WeightFile, map: Box<Map> },
}

impl<'a> Params<'a> {
    /// As the program says that they start, with random numbers of a seed.
    pub fn initial(infos: &'a [ParamInfo], seed: u64) -> Params<'a> {
        Params::of(infos, Source::Initial { seed }, Vec::new())
    }

    /// From a file, whose header must have what the model's checkpoint block says.
    pub fn open(
        program: &Program,
        model: &Model,
        infos: &'a [ParamInfo],
        path: &Path,
    ) -> Result<Params<'a>, Error> {
        let (file, map, diagnostics) = compare(program, model, infos, path)?;
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Err(Error::Program(diagnostics));
        }
        Ok(Params::of(infos, Source::File { file, map: Box::new(map) }, diagnostics))
    }

    fn of(infos: &'a [ParamInfo], source: Source, warnings: Vec<Diagnostic>) -> Params<'a> {
        let by_name = infos.iter().enumerate().map(|(at, it)| (it.name.as_str(), at)).collect();
        Params { infos, by_name, source, warnings, rewritten: None }
    }

    /// The parameters that the model's rewrites make of these, which are those of the network
    /// as it is written.
    pub fn rewritten(self, infos: &'a [ParamInfo]) -> Params<'a> {
        if infos == self.infos {
            return self;
        }
        Params { rewritten: Some(Rewritten::new(infos)), ..self }
    }

    /// In the order of the fields.
    pub fn infos(&self) -> &'a [ParamInfo] {
        self.rewritten.as_ref().map_or(self.infos, |it| it.infos)
    }

    /// What is worth knowing of the file and the model, and no mistake.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// The parameter with a path.
    pub fn tensor(&self, name: &str) -> Result<Tensor, Error> {
        match self.made_of(name) {
            Some((rewritten, info, made)) => self.made(rewritten, info, made),
            None => self.written(name),
        }
    }

    /// How a parameter is made, if a rewrite makes it.
    fn made_of(&self, name: &str) -> Option<(&Rewritten<'a>, &'a ParamInfo, &'a Made)> {
        let rewritten = self.rewritten.as_ref()?;
        let info = rewritten.info(name)?;
        Some((rewritten, info, info.made.as_ref()?))
    }

    /// A parameter of the network as it is written.
    fn written(&self, name: &str) -> Result<Tensor, Error> {
        let info = self.info(name)?;
        match &self.source {
            Source::Initial { seed } => initial(info, *seed),
            Source::File { file, map } => {
                let bytes = map.load(file, name).map_err(weight_error)?;
                let shape =
                    info.shape.iter().map(|size| usize::try_from(*size).unwrap_or(0)).collect();
                check_numbers(file, map, info, &bytes)?;
                Ok(Tensor { elem: info.elem, shape, bytes })
            }
        }
    }

    /// Writes the elements of a parameter as `elem` into memory of their size.
    pub(crate) fn read_into(&self, name: &str, elem: Elem, out: &mut [u8]) -> Result<(), Error> {
        let of_file = match self.made_of(name) {
            Some(_) => None,
            None => Some(self.info(name)?),
        };
        if let (Source::File { file, map }, Some(info)) = (&self.source, of_file)
            && info.elem == elem
        {
            let bytes = usize::try_from(info.size()).unwrap_or(0) * elem.bytes();
            let out = out.get_mut(..bytes).ok_or_else(|| no_room(name))?;
            map.load_into(file, name, out).map_err(weight_error)?;
            return check_numbers(file, map, info, out);
        }
        let tensor = self.tensor(name)?;
        let bytes = if tensor.elem == elem {
            tensor.bytes
        } else {
            Tensor::from_eval(&tensor.to_eval().cast(elem)).bytes
        };
        let out = out.get_mut(..bytes.len()).ok_or_else(|| no_room(name))?;
        out.copy_from_slice(&bytes);
        Ok(())
    }

    fn info(&self, name: &str) -> Result<&'a ParamInfo, Error> {
        let info = self.by_name.get(name).map(|at| &self.infos[*at]);
        info.ok_or_else(|| Error::internal(format!("the model has no parameter `{name}`")))
    }

    /// What tells these parameters from others, if they are worth keeping.
    pub(crate) fn identity(
        &self,
        cache: &Cache,
        progress: &dyn Progress,
    ) -> Result<Option<String>, Error> {
        match &self.source {
            Source::Initial { .. } => Ok(None),
            Source::File { file, map } => {
                let hash = cache.hash_of(file.path(), progress)?;
                let made = self.infos().iter().filter(|it| it.made.is_some());
                let made: Vec<String> =
                    made.map(|it| format!("{} {:?} {:?}", it.name, it.shape, it.made)).collect();
                Ok(Some(format!("{hash}\n{map}{}", made.join("\n"))))
            }
        }
    }
}

/// Opens a weight file and compares its header with a model.
pub(crate) fn compare(
    program: &Program,
    model: &Model,
    infos: &[ParamInfo],
    path: &Path,
) -> Result<(WeightFile, Map, Vec<Diagnostic>), Error> {
    let file = WeightFile::open(path).map_err(weight_error)?;
    let params = infos.iter().map(|info| nnc_weights::Param {
        name: info.name.clone(),
        elem: info.elem,
        shape: info.shape.clone(),
        formulas: info.formulas.clone(),
        span: info.span,
    });
    let map = Map::new(program, model, params.collect()).map_err(Error::Program)?;
    let diagnostics = map.check(&file);
    Ok((file, map, diagnostics))
}

/// Where a tensor has no numbers, everything that is computed from it has none either.
fn check_numbers(
    file: &WeightFile,
    map: &Map,
    info: &ParamInfo,
    bytes: &[u8],
) -> Result<(), Error> {
    let Some(at) = first_nan(info.elem, bytes) else { return Ok(()) };
    let shape: Vec<usize> = info.shape.iter().map(|it| usize::try_from(*it).unwrap_or(1)).collect();
    let index = position(&shape, at);
    let stored = map.source(&info.name).map_or(info.name.as_str(), |it| it.name.as_str());
    Err(Error::Input(
        Failure::new(format!(
            "{}: `{stored}` has NaN at {index} of `{}`",
            file.path().display(),
            info.name
        ))
        .note("whatever is computed from it is NaN as well")
        .help("fetch the file again, or take a checkpoint from before the training diverged"),
    ))
}

/// The position of the first element that is not a number.
fn first_nan(elem: Elem, bytes: &[u8]) -> Option<usize> {
    match elem {
        Elem::F64 => {
            let mut items = bytes.as_chunks::<8>().0.iter();
            items.position(|it| f64::from_ne_bytes(*it).is_nan())
        }
        Elem::F32 => {
            let mut items = bytes.as_chunks::<4>().0.iter();
            items.position(|it| f32::from_ne_bytes(*it).is_nan())
        }
        Elem::F16 => {
            let mut items = bytes.as_chunks::<2>().0.iter();
            items.position(|it| half::f16::from_ne_bytes(*it).is_nan())
        }
        Elem::BF16 => {
            let mut items = bytes.as_chunks::<2>().0.iter();
            items.position(|it| half::bf16::from_ne_bytes(*it).is_nan())
        }
        Elem::I64 | Elem::I32 | Elem::I8 | Elem::U8 | Elem::Bool => None,
    }
}

fn no_room(name: &str) -> Error {
    Error::internal(format!("no room for the weight `{name}`"))
}
