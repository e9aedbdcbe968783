//! Reading what `torch.save` writes: a pickle that describes tensors, and storages that
//! hold their elements; in a zip archive, or since before torch 1.6 one after the other.
//!
//! A pickle is a program. Of its instructions only those are run that build plain
//! containers and tensors, see `pickle`.

mod pickle;
mod rebuild;

use std::collections::HashMap;

use self::pickle::Pickle;
use self::rebuild::{Storage, Tensors};
use crate::Problem;
use crate::cursor::Cursor;
use crate::entry::{Entry, Layout};
use crate::file::Parsed;
use crate::metadata::Metadata;
use crate::zip::Member;

/// The number that a file begins with that is no zip archive.
const MAGIC: &[u8] = b"\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
const WHAT: &str = "the torch file";

/// Whether the bytes begin as `torch.save` began before 1.6.
pub(crate) fn is_legacy(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0x80)
        && bytes[..bytes.len().min(32)].windows(MAGIC.len()).any(|bytes| bytes == MAGIC)
}

/// The archive's pickle.
pub(crate) fn pickle_member(members: &[Member]) -> Option<&Member> {
    members.iter().find(|member| member.name == "data.pkl" || member.name.ends_with("/data.pkl"))
}

pub(crate) fn parse_archive(
    bytes: &[u8],
    members: &[Member],
    pickle: &Member,
) -> Result<Parsed, Problem> {
    let folder = pickle.name.strip_suffix("data.pkl").unwrap_or_default();
    let file = |name: &str| {
        let path = format!("{folder}{name}");
        members.iter().find(|member| member.name == path)
    };
    let big_endian = match file("byteorder") {
        Some(member) => member.begin(bytes, member.size)? == b"big",
        None => false,
    };
    let text = pickle.begin(bytes, pickle.size)?;
    let mut cursor = Cursor::new(&text, pickle.offset);
    let tensors = Tensors::of(&Pickle::load(&mut cursor)?)?;
    let mut entries = Vec::new();
    for (name, tensor) in tensors.list {
        let storage = &tensor.storage;
        let Some(member) = file(&format!("data/{}", storage.key)) else {
            let found = format!("it has no member `{folder}data/{}`", storage.key);
            return Err(Problem::damaged(format!("tensor `{name}`"), found));
        };
        if member.deflated {
            return Err(Problem::header(
                format!("`{}` in the zip archive", member.name),
                "it is compressed, which torch does not do",
                "store it uncompressed, as `torch.save` does",
            ));
        }
        entries.push(entry(name, &tensor, member.offset, member.size, big_endian)?);
    }
    Ok(Parsed { entries, metadata: Metadata::default() })
}

/// Five pickles: a magic number, a version, the writer's machine, the object, the keys
/// of the storages; then the storages in the order of their keys, each its count of
/// elements in 8 bytes and the elements.
pub(crate) fn parse_legacy(bytes: &[u8]) -> Result<Parsed, Problem> {
    let mut cursor = Cursor::new(bytes, 0);
    Pickle::load(&mut cursor)?;
    let version = Pickle::load(&mut cursor)?;
    if version.int() != Some(1001) {
        return Err(Problem::header(
            WHAT,
            "its version is not 1001, the only one there was",
            "save it again with a newer torch",
        ));
    }
    let big_endian = Pickle::load(&mut cursor)?.bool_in_dict("little_endian") == Some(false);
    let tensors = Tensors::of(&Pickle::load(&mut cursor)?)?;
    let keys = Pickle::load(&mut cursor)?;
    let keys = keys
        .strings()
        .ok_or_else(|| Problem::damaged(WHAT, "the keys of the storages are no list of strings"))?;
    let mut places = HashMap::new();
    for key in &keys {
        let what = format!("storage `{key}`");
        let Some(stored) = tensors.roots.get(key.as_str()) else {
            return Err(Problem::damaged(what, "no tensor has it"));
        };
        let count = cursor.array::<8>(&what)?;
        let count = if big_endian { u64::from_be_bytes(count) } else { u64::from_le_bytes(count) };
        let offset = cursor.offset();
        let size = count.saturating_mul(stored.block().1 as u64);
        cursor.take(size, &what)?;
        places.insert(key.as_str(), (offset, size));
    }
    let mut entries = Vec::new();
    for (name, tensor) in &tensors.list {
        let Some((offset, size)) = places.get(tensor.storage.key.as_str()) else {
            let found = format!("there is no storage `{}`", tensor.storage.key);
            return Err(Problem::damaged(format!("tensor `{name}`"), found));
        };
        entries.push(entry(name.clone(), tensor, *offset, *size, big_endian)?);
    }
    Ok(Parsed { entries, metadata: Metadata::default() })
}

/// The tensor as an entry, its storage at `offset` with `size` bytes.
fn entry(
    name: String,
    tensor: &rebuild::Tensor,
    offset: u64,
    size: u64,
    big_endian: bool,
) -> Result<Entry, Problem> {
    let Storage { stored, view, .. } = &tensor.storage;
    let element = stored.block().1 as u64;
    let first = view.saturating_add(tensor.offset);
    let mut entry = Entry::new(name, *stored, tensor.shape.clone(), 0)?;
    entry.offset = offset.saturating_add(first.saturating_mul(element));
    let mut row_major = 1u64;
    let plain = entry.shape.iter().zip(&tensor.strides).rev().all(|(size, stride)| {
        let same = *size == 1 || *stride == row_major;
        row_major = row_major.saturating_mul(*size as u64);
        same
    });
    let strides = (!plain && !entry.is_empty()).then(|| tensor.strides.clone());
    entry.layout = Layout { strides, big_endian: big_endian && element > 1, deflated: None };
    if entry.is_empty() {
        entry.offset = offset;
        return Ok(entry);
    }
    if entry.bytes > size {
        return Err(Problem::BadShape {
            tensor: entry.name,
            shape: entry.shape,
            why: format!(
                "its storage has {} elements, which it repeats; save `tensor.contiguous()`",
                size / element
            ),
        });
    }
    entry.in_bounds(offset.saturating_add(size))?;
    Ok(entry)
}
