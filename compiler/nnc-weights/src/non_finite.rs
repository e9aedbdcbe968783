//! Finding numbers that are none.

use crate::convert::{CHUNK, doubles_of, floats_of};
use crate::{Entry, Stored, WeightError, WeightFile};

/// A tensor with values that are infinite or not a number.
#[derive(Clone, PartialEq, Debug)]
pub struct NonFinite {
    pub tensor: String,
    /// How many such values there are.
    pub count: u64,
    /// Where the first is.
    pub index: Vec<i64>,
    /// The first: `NaN`, `inf` or `-inf`.
    pub value: f64,
}

impl WeightFile {
    /// All tensors that hold values that are infinite or not a number. This reads the
    /// whole file.
    pub fn non_finite(&self) -> Result<Vec<NonFinite>, WeightError> {
        let mut found = Vec::new();
        for entry in self.entries().iter().filter(|entry| entry.stored.is_float()) {
            found.extend(self.non_finite_in(entry)?);
        }
        Ok(found)
    }

    fn non_finite_in(&self, entry: &Entry) -> Result<Option<NonFinite>, WeightError> {
        let raw = self.raw(entry, 0, entry.len())?;
        let (elements, bytes) = entry.stored.block();
        let mut first = None;
        let mut count = 0;
        for (number, raw) in raw.chunks(CHUNK / elements * bytes).enumerate() {
            let len = raw.len() / bytes * elements;
            let mut doubles = [0f64; CHUNK];
            if entry.stored == Stored::F64 {
                doubles_of(raw, &mut doubles[..len]);
            } else {
                let mut floats = [0f32; CHUNK];
                floats_of(entry.stored, raw, &mut floats[..len]);
                // The common case in one pass over few bytes.
                if floats[..len].iter().all(|value| value.is_finite()) {
                    continue;
                }
                for (double, float) in doubles.iter_mut().zip(floats) {
                    *double = float.into();
                }
            }
            for (at, value) in doubles[..len].iter().enumerate() {
                if !value.is_finite() {
                    count += 1;
                    first.get_or_insert((number * CHUNK + at, *value));
                }
            }
        }
        Ok(first.map(|(index, value)| NonFinite {
            tensor: entry.name.clone(),
            count,
            index: entry.position(index as u64),
            value,
        }))
    }
}
