//! Tensors as bytes, which is what files hold and compiled code reads.

use nnc_eval::Data;
use nnc_graph::Elem;

/// A tensor, row-major, its elements in the byte order of the machine.
///
/// The targets there are keep the least byte first, as all file formats do, so that
/// these are also the bytes of a file.
#[derive(Clone, PartialEq, Debug)]
pub struct Tensor {
    pub elem: Elem,
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

const _: () = assert!(cfg!(target_endian = "little"), "files are little-endian");

impl Tensor {
    pub fn zeros(elem: Elem, shape: Vec<usize>) -> Tensor {
        let bytes = vec![0; shape.iter().product::<usize>() * elem.bytes()];
        Tensor { elem, shape, bytes }
    }

    /// How many elements.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.elem.bytes()
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// A tensor of floats, each rounded to the element type.
    pub fn from_floats(elem: Elem, shape: Vec<usize>, values: &[f64]) -> Tensor {
        let data = Data::F64(values.to_vec());
        let tensor = nnc_eval::Tensor { elem: Elem::F64, shape, data };
        Tensor::from_eval(&tensor.cast(elem))
    }

    /// A tensor of integers, each as the element type holds it.
    pub fn from_ints(elem: Elem, shape: Vec<usize>, values: &[i64]) -> Tensor {
        let data = Data::I64(values.to_vec());
        let tensor = nnc_eval::Tensor { elem: Elem::I64, shape, data };
        Tensor::from_eval(&tensor.cast(elem))
    }

    /// The evaluator's form of the same tensor.
    pub fn to_eval(&self) -> nnc_eval::Tensor {
        let data = match self.elem {
            Elem::F64 => Data::F64(bytemuck::allocation::pod_collect_to_vec(&self.bytes)),
            Elem::F32 => Data::F32(bytemuck::allocation::pod_collect_to_vec(&self.bytes)),
            Elem::F16 => Data::F16(bytemuck::allocation::pod_collect_to_vec(&self.bytes)),
            Elem::BF16 => Data::BF16(bytemuck::allocation::pod_collect_to_vec(&self.bytes)),
            Elem::I64 => Data::I64(bytemuck::allocation::pod_collect_to_vec(&self.bytes)),
            Elem::I32 => Data::I32(bytemuck::allocation::pod_collect_to_vec(&self.bytes)),
            Elem::I8 => Data::I8(bytemuck::allocation::pod_collect_to_vec(&self.bytes)),
            Elem::U8 => Data::U8(self.bytes.clone()),
            Elem::Bool => Data::Bool(self.bytes.iter().map(|it| *it != 0).collect()),
        };
        nnc_eval::Tensor { elem: self.elem, shape: self.shape.clone(), data }
    }

    /// From the evaluator's form, whose floats may be wider than they are declared.
    pub fn from_eval(tensor: &nnc_eval::Tensor) -> Tensor {
        let bytes = match &tensor.data {
            Data::F64(_) if tensor.elem != Elem::F64 => {
                return Tensor::from_eval(&tensor.cast(tensor.elem));
            }
            Data::F64(items) => bytemuck::cast_slice(items).to_vec(),
            Data::F32(items) => bytemuck::cast_slice(items).to_vec(),
            Data::F16(items) => bytemuck::cast_slice(items).to_vec(),
            Data::BF16(items) => bytemuck::cast_slice(items).to_vec(),
            Data::I64(items) => bytemuck::cast_slice(items).to_vec(),
            Data::I32(items) => bytemuck::cast_slice(items).to_vec(),
            Data::I8(items) => bytemuck::cast_slice(items).to_vec(),
            Data::U8(items) => items.clone(),
            Data::Bool(items) => items.iter().map(|it| u8::from(*it)).collect(),
        };
        Tensor { elem: tensor.elem, shape: tensor.shape.clone(), bytes }
    }

    /// An element as a float, however it is stored; integers convert exactly below 2^53.
    pub fn float(&self, at: usize) -> f64 {
        let size = self.elem.bytes();
        let bytes = &self.bytes[at * size..(at + 1) * size];
        let one = Tensor { elem: self.elem, shape: Vec::new(), bytes: bytes.to_vec() };
        one.to_eval().data.float(0)
    }

    /// All elements as f32.
    pub fn to_f32(&self) -> Vec<f32> {
        let tensor = self.to_eval();
        match tensor.data {
            Data::F32(items) => items,
            data => (0..data.len()).map(|at| data.float(at) as f32).collect(),
        }
    }

    /// `f32[2, 3]`.
    pub fn describe(&self) -> String {
        describe(self.elem, &self.shape)
    }
}

/// `f32[2, 3]`.
pub(crate) fn describe(elem: Elem, shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("{elem}[{}]", sizes.join(", "))
}

#[cfg(test)]
mod tests {
    use super::Tensor;
    use nnc_graph::Elem;

    #[test]
    fn every_element_type_goes_there_and_back() {
        for elem in Elem::ALL {
            let tensor = Tensor::from_floats(elem, vec![2, 2], &[0.0, 1.0, 1.0, 0.0]);
            assert_eq!(tensor.bytes.len(), 4 * elem.bytes(), "{elem}");
            assert_eq!(Tensor::from_eval(&tensor.to_eval()), tensor, "{elem}");
            assert_eq!([tensor.float(0), tensor.float(1)], [0.0, 1.0], "{elem}");
        }
        assert_eq!(Tensor::from_ints(Elem::I32, vec![1], &[-7]).float(0), -7.0);
    }

    #[test]
    fn floats_are_rounded_to_their_type() {
        let tensor = Tensor::from_floats(Elem::BF16, vec![1], &[1.001]);
        assert_eq!(tensor.float(0), 1.0);
        let wide = nnc_eval::Tensor {
            elem: Elem::F16,
            shape: vec![1],
            data: nnc_eval::Data::F64(vec![0.1]),
        };
        assert_eq!(Tensor::from_eval(&wide).bytes.len(), 2);
    }
}
