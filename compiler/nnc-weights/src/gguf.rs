//! Reading GGUF, versions 2 and 3: keys and values, descriptions of tensors, and their
//! bytes from an aligned place on. (`docs/gguf.md` in ggml.)

use crate::cursor::Cursor;
use crate::entry::{Entry, disjoint};
use crate::file::Parsed;
use crate::metadata::{Array, Metadata, Value};
use crate::{Problem, Stored};

/// Arrays of arrays deeper than this occur in no file.
const MOST_NESTING: u32 = 8;

/// ggml's most.
const MOST_AXES: u32 = 4;

pub(crate) fn parse(bytes: &[u8]) -> Result<Parsed, Problem> {
    const WHAT: &str = "the GGUF header";
    let mut cursor = Cursor::new(bytes, 0);
    cursor.take(4, WHAT)?;
    let version = cursor.u32(WHAT)?;
    if !(2..=3).contains(&version) {
        let (found, help) = if version.swap_bytes() <= 3 && version != 0 {
            ("it is big-endian".to_owned(), "convert it with gguf's `gguf-convert-endian little`")
        } else {
            (format!("it has version {version}, and 2 and 3 are read"), "convert the model anew")
        };
        return Err(Problem::header(WHAT, found, help));
    }
    let tensors = cursor.u64(WHAT)?;
    let keys = cursor.u64(WHAT)?;
    let mut metadata = Metadata::default();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..keys {
        let key = string(&mut cursor, "a key of the GGUF header")?;
        let what = format!("the value of `{key}`");
        let kind = cursor.u32(&what)?;
        let value = value(&mut cursor, kind, &what)?;
        if !seen.insert(key.clone()) {
            return Err(Problem::damaged(WHAT, format!("the key `{key}` occurs twice")));
        }
        metadata.items.push((key, value));
    }
    let alignment = match metadata.get("general.alignment") {
        None => 32,
        Some(value) => match value.as_i64().and_then(|it| u64::try_from(it).ok()) {
            Some(alignment) if alignment.is_power_of_two() => alignment,
            _ => {
                let found = format!("`general.alignment` is {value:?}, and not a power of two");
                return Err(Problem::damaged(WHAT, found));
            }
        },
    };
    let mut described = Vec::new();
    for _ in 0..tensors {
        described.push(tensor(&mut cursor)?);
    }
    let data = cursor.offset().next_multiple_of(alignment);
    let mut entries = Vec::new();
    for (name, stored, shape, offset) in described {
        if offset % alignment != 0 {
            let found = format!("it lies at {offset}, which is not a multiple of {alignment}");
            return Err(Problem::damaged(format!("tensor `{name}`"), found));
        }
        let offset = data.saturating_add(offset);
        entries.push(Entry::new(name, stored, shape, offset)?);
    }
    disjoint(&entries)?;
    Ok(Parsed { entries, metadata })
}

fn string(cursor: &mut Cursor<'_>, what: &str) -> Result<String, Problem> {
    let len = cursor.u64(what)?;
    let text = cursor.take(len, what)?;
    Ok(String::from_utf8_lossy(text).into_owned())
}

fn value(cursor: &mut Cursor<'_>, kind: u32, what: &str) -> Result<Value, Problem> {
    Ok(match kind {
        0 => Value::U8(cursor.u8(what)?),
        1 => Value::I8(cursor.u8(what)? as i8),
        2 => Value::U16(cursor.u16(what)?),
        3 => Value::I16(cursor.u16(what)? as i16),
        4 => Value::U32(cursor.u32(what)?),
        5 => Value::I32(cursor.u32(what)? as i32),
        6 => Value::F32(f32::from_bits(cursor.u32(what)?)),
        7 => Value::Bool(bool_of(cursor.u8(what)?, what)?),
        8 => Value::String(string(cursor, what)?),
        9 => Value::Array(array(cursor, what, 0)?),
        10 => Value::U64(cursor.u64(what)?),
        11 => Value::I64(cursor.u64(what)? as i64),
        12 => Value::F64(f64::from_bits(cursor.u64(what)?)),
        _ => return Err(unknown_kind(kind, what)),
    })
}

fn unknown_kind(kind: u32, what: &str) -> Problem {
    Problem::damaged(what, format!("it has the type {kind}, and there are 0 to 12"))
}

fn bool_of(byte: u8, what: &str) -> Result<bool, Problem> {
    match byte {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(Problem::damaged(what, format!("a bool is {byte}"))),
    }
}

fn array(cursor: &mut Cursor<'_>, what: &str, depth: u32) -> Result<Array, Problem> {
    let kind = cursor.u32(what)?;
    let count = cursor.u64(what)?;
    /// Numbers of `SIZE` bytes each.
    fn numbers<const SIZE: usize, T>(
        cursor: &mut Cursor<'_>,
        count: u64,
        what: &str,
        read: fn([u8; SIZE]) -> T,
    ) -> Result<Vec<T>, Problem> {
        let bytes = cursor.take(count.saturating_mul(SIZE as u64), what)?;
        Ok(bytes.as_chunks().0.iter().map(|bytes| read(*bytes)).collect())
    }
    /// Items that say how long they are.
    fn items<T>(
        count: u64,
        mut read: impl FnMut() -> Result<T, Problem>,
    ) -> Result<Vec<T>, Problem> {
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(read()?);
        }
        Ok(items)
    }
    Ok(match kind {
        0 => Array::U8(numbers(cursor, count, what, u8::from_le_bytes)?),
        1 => Array::I8(numbers(cursor, count, what, i8::from_le_bytes)?),
        2 => Array::U16(numbers(cursor, count, what, u16::from_le_bytes)?),
        3 => Array::I16(numbers(cursor, count, what, i16::from_le_bytes)?),
        4 => Array::U32(numbers(cursor, count, what, u32::from_le_bytes)?),
        5 => Array::I32(numbers(cursor, count, what, i32::from_le_bytes)?),
        6 => Array::F32(numbers(cursor, count, what, f32::from_le_bytes)?),
        7 => {
            let bytes = cursor.take(count, what)?;
            let bools = bytes.iter().map(|byte| bool_of(*byte, what)).collect::<Result<_, _>>()?;
            Array::Bool(bools)
        }
        8 => Array::String(items(count, || string(cursor, what))?),
        9 if depth < MOST_NESTING => Array::Array(items(count, || array(cursor, what, depth + 1))?),
        9 => {
            let found = format!("arrays lie in each other more than {MOST_NESTING} deep");
            return Err(Problem::damaged(what, found));
        }
        10 => Array::U64(numbers(cursor, count, what, u64::from_le_bytes)?),
        11 => Array::I64(numbers(cursor, count, what, i64::from_le_bytes)?),
        12 => Array::F64(numbers(cursor, count, what, f64::from_le_bytes)?),
        _ => return Err(unknown_kind(kind, what)),
    })
}

/// Name, type, shape with the outermost axis first, and place in the data.
fn tensor(cursor: &mut Cursor<'_>) -> Result<(String, Stored, Vec<i64>, u64), Problem> {
    let name = string(cursor, "the name of a tensor")?;
    let what = format!("the description of tensor `{name}`");
    let axes = cursor.u32(&what)?;
    if axes > MOST_AXES {
        let found = format!("it has {axes} axes, and {MOST_AXES} are the most");
        return Err(Problem::damaged(what, found));
    }
    let mut shape = Vec::new();
    for _ in 0..axes {
        // Sizes that no tensor has are negative here, and refused with the shape.
        shape.push(cursor.u64(&what)? as i64);
    }
    shape.reverse();
    let kind = cursor.u32(&what)?;
    let offset = cursor.u64(&what)?;
    let Some(stored) = stored(kind) else {
        return Err(Problem::UnknownType {
            tensor: name,
            found: format!("{kind} in ggml's numbering"),
            help: "convert the model to q8_0 or f16".to_owned(),
        });
    };
    Ok((name, stored, shape, offset))
}

/// By the number in `enum ggml_type`.
fn stored(kind: u32) -> Option<Stored> {
    let opaque = |name, elements, bytes| Stored::Opaque { name, elements, bytes };
    Some(match kind {
        0 => Stored::F32,
        1 => Stored::F16,
        2 => Stored::Q4_0,
        3 => Stored::Q4_1,
        6 => Stored::Q5_0,
        7 => Stored::Q5_1,
        8 => Stored::Q8_0,
        10 => Stored::Q2K,
        11 => Stored::Q3K,
        12 => Stored::Q4K,
        13 => Stored::Q5K,
        14 => Stored::Q6K,
        15 => opaque("q8_K", 256, 292),
        16 => opaque("iq2_xxs", 256, 66),
        17 => opaque("iq2_xs", 256, 74),
        18 => opaque("iq3_xxs", 256, 98),
        19 => opaque("iq1_s", 256, 50),
        20 => opaque("iq4_nl", 32, 18),
        21 => opaque("iq3_s", 256, 110),
        22 => opaque("iq2_s", 256, 82),
        23 => opaque("iq4_xs", 256, 136),
        24 => Stored::I8,
        25 => Stored::I16,
        26 => Stored::I32,
        27 => Stored::I64,
        28 => Stored::F64,
        29 => opaque("iq1_m", 256, 56),
        30 => Stored::BF16,
        34 => opaque("tq1_0", 256, 54),
        35 => opaque("tq2_0", 256, 66),
        39 => opaque("mxfp4", 32, 17),
        40 => opaque("nvfp4", 64, 36),
        _ => return None,
    })
}
