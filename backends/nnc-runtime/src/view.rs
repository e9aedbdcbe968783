//! Tensors at the border of a compiled program: row-major, contiguous, shapes checked.

use crate::Error;

/// A tensor that is read: elements in row-major order and as many dimensions as `RANK`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TensorView<'a, T, const RANK: usize> {
    data: &'a [T],
    shape: [usize; RANK],
}

/// A tensor that is written.
#[derive(Debug, PartialEq)]
pub struct TensorViewMut<'a, T, const RANK: usize> {
    data: &'a mut [T],
    shape: [usize; RANK],
}

impl<'a, T, const RANK: usize> TensorView<'a, T, RANK> {
    /// Fails if `data` has another number of elements than the shape.
    pub fn new(data: &'a [T], shape: [usize; RANK]) -> Result<Self, Error> {
        check_length(data.len(), &shape)?;
        Ok(TensorView { data, shape })
    }

    pub fn data(&self) -> &'a [T] {
        self.data
    }

    pub fn shape(&self) -> [usize; RANK] {
        self.shape
    }

    /// Fails if the shape is another one.
    pub fn expect_shape(&self, expected: [usize; RANK]) -> Result<(), Error> {
        check_shape(&self.shape, &expected)
    }

    /// The element at an index, if it is within the shape.
    pub fn get(&self, index: [usize; RANK]) -> Option<&'a T> {
        self.data.get(position(&self.shape, &index)?)
    }
}

impl<'a, T, const RANK: usize> TensorViewMut<'a, T, RANK> {
    /// Fails if `data` has another number of elements than the shape.
    pub fn new(data: &'a mut [T], shape: [usize; RANK]) -> Result<Self, Error> {
        check_length(data.len(), &shape)?;
        Ok(TensorViewMut { data, shape })
    }

    pub fn data_mut(&mut self) -> &mut [T] {
        self.data
    }

    pub fn shape(&self) -> [usize; RANK] {
        self.shape
    }

    /// Fails if the shape is another one.
    pub fn expect_shape(&self, expected: [usize; RANK]) -> Result<(), Error> {
        check_shape(&self.shape, &expected)
    }

    /// The element at an index, if it is within the shape.
    pub fn get_mut(&mut self, index: [usize; RANK]) -> Option<&mut T> {
        self.data.get_mut(position(&self.shape, &index)?)
    }

    /// The same tensor, to be read.
    pub fn as_view(&self) -> TensorView<'_, T, RANK> {
        TensorView { data: self.data, shape: self.shape }
    }
}

/// What tensors in memory are made of. The floats of 16 bits are their bits as `u16`, a
/// truth value is a `u8`.
///
/// # Safety
///
/// Every pattern of bits must be a value.
#[expect(unsafe_code, reason = "an arena's bytes are read as this")]
pub unsafe trait Element: Copy + Send + Sync + 'static {}

macro_rules! elements {
    ($($ty:ty)*) => {$(
        // SAFETY: a plain number.
        #[expect(unsafe_code, reason = "numbers have no invalid bits")]
        unsafe impl Element for $ty {}
    )*};
}

elements! { f32 f64 i8 i16 i32 i64 u8 u16 u32 u64 }

/// The product of the dims, if a machine can count it.
pub(crate) fn elements_of(shape: &[usize]) -> Option<usize> {
    // An axis of size 0 makes any other size harmless.
    if shape.contains(&0) {
        return Some(0);
    }
    shape.iter().try_fold(1_usize, |product, dim| product.checked_mul(*dim))
}

fn check_length(elements: usize, shape: &[usize]) -> Result<(), Error> {
    if elements_of(shape) == Some(elements) {
        return Ok(());
    }
    Err(Error::Length { shape: shape.to_vec(), elements })
}

fn check_shape(found: &[usize], expected: &[usize]) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Shape { expected: expected.to_vec(), found: found.to_vec() })
}

fn position(shape: &[usize], index: &[usize]) -> Option<usize> {
    shape
        .iter()
        .zip(index)
        .try_fold(0_usize, |position, (dim, index)| (index < dim).then(|| position * dim + index))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_row_major() {
        let data = [0, 1, 2, 3, 4, 5];
        let view = TensorView::new(&data, [2, 3]).unwrap();
        assert_eq!(view.get([1, 2]), Some(&5));
        assert_eq!(view.get([0, 1]), Some(&1));
        assert_eq!(view.get([1, 3]), None);
        assert_eq!(view.get([2, 0]), None);
        assert_eq!(TensorView::new(&[7], []).unwrap().get([]), Some(&7));
        assert_eq!(TensorView::<u8, 2>::new(&[], [0, 3]).unwrap().get([0, 0]), None);
    }

    #[test]
    fn writing_shows_in_the_view() {
        let mut data = [0.0_f32; 4];
        let mut tensor = TensorViewMut::new(&mut data, [2, 2]).unwrap();
        *tensor.get_mut([1, 0]).unwrap() = 3.0;
        assert_eq!(tensor.get_mut([0, 2]), None);
        assert_eq!(tensor.as_view().get([1, 0]), Some(&3.0));
    }

    #[test]
    fn lengths_and_shapes_are_checked() {
        let error = TensorView::new(&[1, 2, 3], [2, 2]).unwrap_err();
        assert_eq!(error.to_string(), "a tensor of shape [2, 2] cannot be 3 elements");
        let view = TensorView::new(&[1, 2], [1, 2]).unwrap();
        assert!(view.expect_shape([1, 2]).is_ok());
        let error = view.expect_shape([2, 1]).unwrap_err();
        assert_eq!(error.to_string(), "expected a tensor of shape [2, 1], found [1, 2]");
        assert!(TensorView::<u8, 2>::new(&[], [usize::MAX, 2]).is_err());
    }
}
