use crate::Error;
use crate::pages::{HUGE_PAGE, advise_huge};
use crate::view::{Element, TensorView, TensorViewMut, elements_of};
use std::alloc::{Layout, alloc, dealloc};
use std::ptr::NonNull;

/// Alignment of arenas and weights in bytes: a cache line, and the widest vector.
pub const ALIGNMENT: usize = 64;

/// The memory of a program's tensors at the offsets that its plan chose: zeroed, aligned
/// to [`ALIGNMENT`], and on huge pages if it is large and the system has them.
#[derive(Debug)]
pub struct Arena {
    start: NonNull<u8>,
    layout: Layout,
    bytes: usize,
}

// SAFETY: the memory is owned and plain bytes.
#[expect(unsafe_code, reason = "an arena is a pointer")]
unsafe impl Send for Arena {}
// SAFETY: through a shared reference it is only read.
#[expect(unsafe_code, reason = "an arena is a pointer")]
unsafe impl Sync for Arena {}

impl Arena {
    /// An arena of this many bytes, or [`Error::Memory`].
    pub fn zeroed(bytes: usize) -> Result<Arena, Error> {
        let alignment = if bytes >= 2 * HUGE_PAGE { HUGE_PAGE } else { ALIGNMENT };
        // An arena of no bytes has a place nevertheless.
        let layout = Layout::from_size_align(bytes.max(ALIGNMENT), alignment)
            .map_err(|_| Error::Memory { bytes })?;
        // Zeroed by hand, since the advice is of use before the first touch only.
        // SAFETY: the layout is not empty.
        #[expect(unsafe_code, reason = "owned memory")]
        let start = NonNull::new(unsafe { alloc(layout) }).ok_or(Error::Memory { bytes })?;
        if alignment == HUGE_PAGE {
            advise_huge(start, layout.size());
        }
        // SAFETY: `alloc` gave this many bytes.
        #[expect(unsafe_code, reason = "owned memory")]
        unsafe {
            start.write_bytes(0, layout.size());
        }
        Ok(Arena { start, layout, bytes })
    }

    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: that many bytes are owned and initialised.
        #[expect(unsafe_code, reason = "owned memory")]
        unsafe {
            std::slice::from_raw_parts(self.start.as_ptr(), self.bytes)
        }
    }

    pub fn as_bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and borrowed for writing.
        #[expect(unsafe_code, reason = "owned memory")]
        unsafe {
            std::slice::from_raw_parts_mut(self.start.as_ptr(), self.bytes)
        }
    }

    /// Where the arena begins, for a frame. Valid while the arena lives.
    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        self.start.as_ptr()
    }

    /// The tensor at an offset in bytes.
    pub fn tensor<T: Element, const RANK: usize>(
        &self,
        offset: usize,
        shape: [usize; RANK],
    ) -> Result<TensorView<'_, T, RANK>, Error> {
        let elements = self.place::<T>(offset, &shape)?;
        // SAFETY: `place` has checked bounds and alignment; any bytes are a `T`.
        #[expect(unsafe_code, reason = "typed memory")]
        let data =
            unsafe { std::slice::from_raw_parts(self.start.as_ptr().add(offset).cast(), elements) };
        TensorView::new(data, shape)
    }

    /// The tensor at an offset in bytes, to be written.
    pub fn tensor_mut<T: Element, const RANK: usize>(
        &mut self,
        offset: usize,
        shape: [usize; RANK],
    ) -> Result<TensorViewMut<'_, T, RANK>, Error> {
        let elements = self.place::<T>(offset, &shape)?;
        // SAFETY: as above, and borrowed for writing.
        #[expect(unsafe_code, reason = "typed memory")]
        let data = unsafe {
            std::slice::from_raw_parts_mut(self.start.as_ptr().add(offset).cast(), elements)
        };
        TensorViewMut::new(data, shape)
    }

    /// The number of elements of a tensor that lies here.
    fn place<T: Element>(&self, offset: usize, shape: &[usize]) -> Result<usize, Error> {
        let elements = elements_of(shape);
        let bytes = elements.and_then(|it| it.checked_mul(size_of::<T>()));
        let alignment = align_of::<T>();
        let fits = bytes.and_then(|it| it.checked_add(offset)).is_some_and(|it| it <= self.bytes);
        match elements {
            Some(elements) if fits && offset.is_multiple_of(alignment) => Ok(elements),
            _ => Err(Error::Place { offset, bytes, alignment, memory: self.bytes }),
        }
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout and borrowed no more.
        #[expect(unsafe_code, reason = "owned memory")]
        unsafe {
            dealloc(self.start.as_ptr(), self.layout);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arena_is_zeroed_and_aligned() {
        for bytes in [0, 1, 63, 64, 4096, 5 << 20] {
            let mut arena = Arena::zeroed(bytes).unwrap();
            assert_eq!(arena.as_mut_ptr().addr() % ALIGNMENT, 0);
            assert_eq!(arena.as_bytes().len(), bytes);
            assert!(arena.as_bytes().iter().all(|it| *it == 0));
            arena.as_bytes_mut().fill(7);
        }
    }

    #[test]
    fn too_much_is_an_error() {
        for bytes in [usize::MAX, isize::MAX as usize, 1 << 60] {
            let error = Arena::zeroed(bytes).unwrap_err();
            assert_eq!(error.to_string(), format!("no memory for {bytes} bytes"));
        }
    }

    #[test]
    fn tensors_lie_within() {
        let mut arena = Arena::zeroed(256).unwrap();
        let mut tensor = arena.tensor_mut::<f32, 2>(64, [3, 4]).unwrap();
        tensor.data_mut().copy_from_slice(&[1.5; 12]);
        assert_eq!(arena.tensor::<f32, 1>(64, [12]).unwrap().data(), [1.5; 12]);
        assert_eq!(arena.tensor::<f32, 1>(60, [1]).unwrap().data(), [0.0]);
        assert!(arena.tensor::<f64, 0>(248, []).is_ok());
        assert!(arena.tensor::<f32, 1>(256, [0]).is_ok());
        for (offset, elements) in [(2, 1), (256, 1), (128, 33), (0, usize::MAX), (usize::MAX, 1)] {
            assert!(arena.tensor::<f32, 1>(offset, [elements]).is_err(), "{offset} {elements}");
        }
    }
}
