//! Reading safetensors: a length in 8 bytes, a JSON object of that length, and the
//! bytes that it speaks of.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use crate::cursor::Cursor;
use crate::entry::{Entry, disjoint};
use crate::file::Parsed;
use crate::metadata::{Metadata, Value};
use crate::{Problem, Stored};

/// The types as the format names them.
pub(crate) const TYPES: [(&str, Stored); 22] = [
    ("F64", Stored::F64),
    ("F32", Stored::F32),
    ("F16", Stored::F16),
    ("BF16", Stored::BF16),
    ("F8_E4M3", Stored::F8E4M3),
    ("F8_E5M2", Stored::F8E5M2),
    ("I64", Stored::I64),
    ("I32", Stored::I32),
    ("I16", Stored::I16),
    ("I8", Stored::I8),
    ("U64", Stored::U64),
    ("U32", Stored::U32),
    ("U16", Stored::U16),
    ("U8", Stored::U8),
    ("BOOL", Stored::Bool),
    ("C64", Stored::Opaque { name: "c64", elements: 1, bytes: 8 }),
    ("F8_E8M0", Stored::Opaque { name: "f8_e8m0", elements: 1, bytes: 1 }),
    ("F8_E4M3FNUZ", Stored::Opaque { name: "f8_e4m3fnuz", elements: 1, bytes: 1 }),
    ("F8_E5M2FNUZ", Stored::Opaque { name: "f8_e5m2fnuz", elements: 1, bytes: 1 }),
    ("F6_E2M3", Stored::Opaque { name: "f6_e2m3", elements: 4, bytes: 3 }),
    ("F6_E3M2", Stored::Opaque { name: "f6_e3m2", elements: 4, bytes: 3 }),
    ("F4", Stored::Opaque { name: "f4", elements: 2, bytes: 1 }),
];

/// Whether the bytes begin as a header does.
pub(crate) fn is_safetensors(bytes: &[u8]) -> bool {
    bytes.get(8) == Some(&b'{')
}

pub(crate) fn parse(bytes: &[u8]) -> Result<Parsed, Problem> {
    const WHAT: &str = "the safetensors header";
    let mut cursor = Cursor::new(bytes, 0);
    let len = cursor.u64(WHAT)?;
    if len > cursor.left() as u64 {
        return Err(Problem::HeaderTooLong { header: len, left: cursor.left() as u64 });
    }
    let text = cursor.take(len, WHAT)?;
    let header: Header =
        serde_json::from_slice(text).map_err(|error| Problem::damaged(WHAT, error.to_string()))?;
    let data = cursor.offset();
    let room = cursor.left() as u64;
    let mut entries = Vec::new();
    for (name, info) in header.tensors {
        entries.push(entry(name, info, data, room)?);
    }
    entries.sort_by_key(|entry| entry.offset);
    disjoint(&entries)?;
    let mut seen = HashSet::new();
    if let Some((name, _)) = header.metadata.iter().find(|(name, _)| !seen.insert(name.as_str())) {
        return Err(Problem::damaged(WHAT, format!("the key `{name}` of `__metadata__` is twice")));
    }
    let items = header.metadata.into_iter().map(|(key, text)| (key, Value::String(text)));
    Ok(Parsed { entries, metadata: Metadata { items: items.collect() } })
}

fn entry(name: String, info: Info, data: u64, room: u64) -> Result<Entry, Problem> {
    let stored = TYPES.iter().find(|(dtype, _)| *dtype == info.dtype).map(|(_, stored)| *stored);
    let Some(stored) = stored else {
        return Err(Problem::UnknownType {
            tensor: name,
            found: format!("`{}`", info.dtype),
            help: "write it as F32, F16 or BF16".to_owned(),
        });
    };
    let [begin, end] = info.data_offsets;
    if begin > end || end > room {
        return Err(Problem::OutOfBounds { tensor: name, begin, end, len: room });
    }
    let entry = Entry::new(name, stored, info.shape, data + begin)?;
    if entry.bytes != end - begin {
        return Err(Problem::WrongSize {
            tensor: entry.name,
            stored,
            shape: entry.shape,
            expected: entry.bytes,
            found: end - begin,
        });
    }
    Ok(entry)
}

/// The JSON object with its keys in order, those that occur twice too.
struct Header {
    tensors: Vec<(String, Info)>,
    metadata: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Info {
    dtype: String,
    shape: Vec<i64>,
    data_offsets: [u64; 2],
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Header, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Header;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Header, M::Error> {
                let mut header = Header { tensors: Vec::new(), metadata: Vec::new() };
                let mut described = false;
                while let Some(key) = map.next_key::<String>()? {
                    if key == "__metadata__" {
                        if described {
                            return Err(M::Error::custom("`__metadata__` is twice"));
                        }
                        header.metadata = map.next_value::<Pairs>()?.0;
                        described = true;
                    } else {
                        header.tensors.push((key, map.next_value()?));
                    }
                }
                Ok(header)
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

/// An object of strings, in order.
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Pairs, D::Error> {
        struct Strings;
        impl<'de> Visitor<'de> for Strings {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of strings")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Pairs, M::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Strings)
    }
}
