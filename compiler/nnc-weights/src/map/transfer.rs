//! Reading parameters from files, and making files of them.

use std::borrow::Cow;

use super::Map;
use crate::{Problem, Tensor, WeightError, WeightFile};

impl Map {
    /// A parameter's elements, row-major and little-endian, in its own type.
    pub fn load(&self, file: &WeightFile, param: &str) -> Result<Vec<u8>, WeightError> {
        let Some((tensor, part)) = self.by_param.get(param) else {
            return Err(self.unknown(file, param));
        };
        let info = &self.params[self.tensors[*tensor].parts[*part].param];
        let count: i64 = info.shape.iter().product();
        // Before memory is taken for it.
        self.check_shape(file, *tensor)?;
        let mut bytes = vec![0; count as usize * info.elem.bytes()];
        self.load_into(file, param, &mut bytes)?;
        Ok(bytes)
    }

    /// Like [`load`](Map::load), into memory of the right size.
    pub fn load_into(
        &self,
        file: &WeightFile,
        param: &str,
        out: &mut [u8],
    ) -> Result<(), WeightError> {
        let Some((tensor_index, part)) = self.by_param.get(param) else {
            return Err(self.unknown(file, param));
        };
        let tensor = &self.tensors[*tensor_index];
        let part = &tensor.parts[*part];
        let elem = self.params[part.param].elem;
        self.check_shape(file, *tensor_index)?;
        let count = part.view.len();
        if out.len() as u64 != count * elem.bytes() as u64 {
            return Err(file.error(Problem::WrongRange {
                tensor: param.to_owned(),
                len: count,
                start: 0,
                count: (out.len() / elem.bytes()) as u64,
                bytes: out.len() as u64,
                elem,
            }));
        }
        if count == 0 {
            return Ok(());
        }
        if let Some(start) = part.view.run() {
            return file.read_range_into(&tensor.name, elem, start, out);
        }
        // What lies between the first element and the last is read, and ours are picked.
        let mut view = part.view.clone();
        let last: u64 = view.axes.iter().map(|(size, stride)| (size - 1) * stride).sum();
        let mut span = vec![0; (last as usize + 1) * elem.bytes()];
        file.read_range_into(&tensor.name, elem, view.base, &mut span)?;
        view.base = 0;
        view.gather(&span, elem.bytes(), 0, out);
        Ok(())
    }

    /// The tensors of a file that holds these parameters, in the order of
    /// [`tensors`](Map::tensors). `value` gives a parameter's elements as
    /// [`load`](Map::load) does.
    pub fn export<'v>(
        &self,
        value: &dyn Fn(&str) -> Option<Cow<'v, [u8]>>,
    ) -> Result<Vec<Tensor>, Problem> {
        let mut tensors = Vec::new();
        for tensor in &self.tensors {
            let size = tensor.elem.bytes();
            let count: i64 = tensor.shape.iter().product();
            let mut bytes = vec![0; count as usize * size];
            for part in &tensor.parts {
                let param = &self.params[part.param];
                let Some(elements) = value(&param.name) else {
                    return Err(Problem::NoValue { param: param.name.clone() });
                };
                let expected = part.view.len() * size as u64;
                if elements.len() as u64 != expected {
                    return Err(Problem::WrongSize {
                        tensor: param.name.clone(),
                        stored: param.elem.into(),
                        shape: param.shape.clone(),
                        expected,
                        found: elements.len() as u64,
                    });
                }
                if tensor.is_plain() {
                    bytes = elements.into_owned();
                } else {
                    part.view.scatter(&elements, size, &mut bytes);
                }
            }
            tensors.push(Tensor {
                name: tensor.name.clone(),
                elem: tensor.elem,
                shape: tensor.shape.clone(),
                bytes,
            });
        }
        Ok(tensors)
    }

    /// That the file has the tensor, and it has the shape that the map wants.
    fn check_shape(&self, file: &WeightFile, tensor: usize) -> Result<(), WeightError> {
        let tensor = &self.tensors[tensor];
        let entry = file.known(&tensor.name)?;
        if entry.shape == tensor.shape {
            return Ok(());
        }
        Err(file.error(Problem::OtherShape {
            tensor: tensor.name.clone(),
            found: entry.shape.clone(),
            wanted: tensor.shape.clone(),
        }))
    }

    fn unknown(&self, file: &WeightFile, param: &str) -> WeightError {
        let names = self.params.iter().map(|it| it.name.as_str());
        let near = nnc_base::nearest(param, names).map(str::to_owned);
        file.error(Problem::NoParam { param: param.to_owned(), near })
    }
}
