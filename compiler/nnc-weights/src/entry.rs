//! A tensor in a file.

use crate::error::shown;
use crate::{Problem, Stored};

/// A tensor as the header of its file describes it.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// As in the file. The one tensor of an npy file has the file's name without its
    /// extension; in a pickle of containers the keys on the way are joined by dots.
    pub name: String,
    pub stored: Stored,
    /// Outermost axis first, whatever the order of the file's format.
    pub shape: Vec<i64>,
    /// How many bytes the elements take.
    pub bytes: u64,
    /// The first byte in the file; of the compressed bytes where the file is compressed.
    pub offset: u64,
    pub(crate) layout: Layout,
}

/// How the elements lie in the file.
#[derive(Clone, PartialEq, Default, Debug)]
pub(crate) struct Layout {
    /// How many elements lie between neighbours along each axis; `None` for row-major.
    pub(crate) strides: Option<Vec<u64>>,
    pub(crate) big_endian: bool,
    pub(crate) deflated: Option<Deflated>,
}

/// The place of a tensor in a compressed member of an archive.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Deflated {
    /// Compressed bytes.
    pub(crate) packed: u64,
    /// Uncompressed bytes before the tensor.
    pub(crate) skip: u64,
}

impl Entry {
    /// A row-major tensor; its shape is checked, and the place is not.
    pub(crate) fn new(
        name: String,
        stored: Stored,
        shape: Vec<i64>,
        offset: u64,
    ) -> Result<Entry, Problem> {
        let bytes = byte_size(&name, stored, &shape)?;
        Ok(Entry { name, stored, shape, bytes, offset, layout: Layout::default() })
    }

    /// How many elements.
    pub fn len(&self) -> u64 {
        let (elements, bytes) = self.stored.block();
        self.bytes / bytes as u64 * elements as u64
    }

    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// The position of the element with a row-major number.
    pub(crate) fn position(&self, index: u64) -> Vec<i64> {
        let mut rest = index as i64;
        let mut position: Vec<i64> = self
            .shape
            .iter()
            .rev()
            .map(|size| {
                let at = rest % size.max(&1);
                rest /= size.max(&1);
                at
            })
            .collect();
        position.reverse();
        position
    }

    /// How many bytes of the file are the tensor's, from its offset on.
    pub(crate) fn extent(&self) -> u64 {
        match &self.layout.deflated {
            Some(deflated) => deflated.packed,
            None => self.spread(),
        }
    }

    /// How many bytes there are from the first element to the last.
    pub(crate) fn spread(&self) -> u64 {
        let Some(strides) = &self.layout.strides else { return self.bytes };
        if self.is_empty() {
            return 0;
        }
        let last: u64 =
            self.shape.iter().zip(strides).map(|(size, stride)| (*size as u64 - 1) * stride).sum();
        (last + 1) * self.stored.block().1 as u64
    }

    /// That the tensor lies in bytes `..len` of the file.
    pub(crate) fn in_bounds(&self, len: u64) -> Result<(), Problem> {
        let end = self.offset.checked_add(self.extent());
        match end {
            Some(end) if end <= len => Ok(()),
            _ => Err(Problem::OutOfBounds {
                tensor: self.name.clone(),
                begin: self.offset,
                end: end.unwrap_or(u64::MAX),
                len,
            }),
        }
    }
}

/// The bytes of all elements of a tensor.
fn byte_size(tensor: &str, stored: Stored, shape: &[i64]) -> Result<u64, Problem> {
    let wrong = |why: String| Problem::BadShape {
        tensor: tensor.to_owned(),
        shape: shape.to_vec(),
        why: format!("{why}; the file is damaged, fetch or write it again"),
    };
    if let Some(size) = shape.iter().find(|size| **size < 0) {
        return Err(wrong(format!("{size} is no size")));
    }
    let (elements, bytes) = stored.block();
    if elements > 1 {
        let last = shape.last().copied().unwrap_or(1);
        if last % elements as i64 != 0 {
            let why = format!("blocks of {stored} have {elements} elements, rows have {last}");
            return Err(wrong(why));
        }
    }
    if shape.contains(&0) {
        return Ok(0);
    }
    shape
        .iter()
        .try_fold(1i64, |count, size| count.checked_mul(*size))
        .and_then(|count| (count / elements as i64).checked_mul(bytes as i64))
        .map(|size| size as u64)
        .ok_or_else(|| wrong("it has more elements than can be addressed".to_owned()))
}

/// That no name occurs twice.
pub(crate) fn distinct(entries: &[Entry]) -> Result<(), Problem> {
    let mut seen = std::collections::HashMap::new();
    for entry in entries {
        let described =
            || format!("{}{} at byte {}", entry.stored, shown(&entry.shape), entry.offset);
        if let Some(first) = seen.insert(entry.name.as_str(), described()) {
            return Err(Problem::Duplicate {
                tensor: entry.name.clone(),
                first,
                second: described(),
            });
        }
    }
    Ok(())
}

/// That no name occurs twice, and no byte belongs to two tensors.
pub(crate) fn disjoint(entries: &[Entry]) -> Result<(), Problem> {
    distinct(entries)?;
    let mut sorted: Vec<&Entry> = entries.iter().filter(|entry| !entry.is_empty()).collect();
    sorted.sort_by_key(|entry| entry.offset);
    for pair in sorted.windows(2) {
        let [first, second] = pair else { continue };
        let end = first.offset.saturating_add(first.extent());
        if second.offset < end {
            return Err(Problem::Overlap {
                first: first.name.clone(),
                first_end: end,
                second: second.name.clone(),
                second_begin: second.offset,
            });
        }
    }
    Ok(())
}
