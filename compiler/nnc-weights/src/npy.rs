//! Reading npy and npz: a tensor, or an archive of them, as numpy writes it.
//! (NEP 1; versions 2 and 3 have longer headers and names in UTF-8.)

mod literal;

use self::literal::Literal;
use crate::cursor::Cursor;
use crate::entry::{Deflated, Entry, disjoint};
use crate::file::Parsed;
use crate::metadata::Metadata;
use crate::zip::Member;
use crate::{Problem, Stored};

/// The bytes before the tensor: 8, 2 or 4 of length, and the header.
const LONGEST_BEGIN: u64 = 12;

/// The one tensor of an npy file, called `name`.
pub(crate) fn parse(name: &str, bytes: &[u8]) -> Result<Entry, Problem> {
    let (entry, data) = header(name, bytes)?;
    let left = bytes.len() as u64 - data;
    if left != entry.bytes {
        return Err(Problem::WrongSize {
            tensor: entry.name,
            stored: entry.stored,
            shape: entry.shape,
            expected: entry.bytes,
            found: left,
        });
    }
    Ok(Entry { offset: data, ..entry })
}

/// The tensors of an npz archive, each called as its file without `.npy`.
pub(crate) fn parse_archive(bytes: &[u8], members: &[Member]) -> Result<Parsed, Problem> {
    let mut entries = Vec::new();
    for member in members {
        let Some(name) = member.name.strip_suffix(".npy") else {
            return Err(Problem::header(
                format!("`{}` in the zip archive", member.name),
                "it is no npy file, and there is no `data.pkl` as torch writes it",
                "write the file with `numpy.savez` or `torch.save`",
            ));
        };
        let begin = member.begin(bytes, LONGEST_BEGIN)?;
        let begin = member.begin(bytes, LONGEST_BEGIN + header_len(name, &begin)?)?;
        let (mut entry, data) = header(name, &begin)?;
        if data + entry.bytes != member.size {
            return Err(Problem::WrongSize {
                tensor: entry.name,
                stored: entry.stored,
                shape: entry.shape,
                expected: entry.bytes,
                found: member.size.saturating_sub(data),
            });
        }
        if member.deflated {
            entry.layout.deflated = Some(Deflated { packed: member.packed, skip: data });
            entry.offset = member.offset;
        } else {
            entry.offset = member.offset + data;
        }
        entries.push(entry);
    }
    disjoint(&entries)?;
    Ok(Parsed { entries, metadata: Metadata::default() })
}

/// How long the header is, from the first bytes of a file.
fn header_len(name: &str, begin: &[u8]) -> Result<u64, Problem> {
    Ok(begin_of(name, &mut Cursor::new(begin, 0))?.0)
}

/// How long the header is, and whether its text is UTF-8.
fn begin_of(name: &str, cursor: &mut Cursor<'_>) -> Result<(u64, bool), Problem> {
    let what = format!("the npy header of `{name}`");
    let magic = cursor.take(6, &what)?;
    if magic != b"\x93NUMPY" {
        return Err(Problem::damaged(what, "it does not begin as npy files do"));
    }
    let (version, _) = (cursor.u8(&what)?, cursor.u8(&what)?);
    match version {
        1 => Ok((cursor.u16(&what)?.into(), false)),
        2 => Ok((cursor.u32(&what)?.into(), false)),
        3 => Ok((cursor.u32(&what)?.into(), true)),
        _ => Err(Problem::header(
            what,
            format!("it has version {version}, and 1 to 3 are read"),
            "write the file with `numpy.save`",
        )),
    }
}

/// The tensor, and how many bytes come before it.
fn header(name: &str, bytes: &[u8]) -> Result<(Entry, u64), Problem> {
    let what = format!("the npy header of `{name}`");
    let mut cursor = Cursor::new(bytes, 0);
    let (len, utf8) = begin_of(name, &mut cursor)?;
    if len > cursor.left() as u64 {
        return Err(Problem::HeaderTooLong { header: len, left: cursor.left() as u64 });
    }
    let text = cursor.take(len, &what)?;
    let text: String = if utf8 {
        String::from_utf8_lossy(text).into_owned()
    } else {
        text.iter().map(|byte| char::from(*byte)).collect()
    };
    let wrong = |found: String| Problem::damaged(what.clone(), found);
    let begin: String = text.chars().take(80).collect();
    let literal = literal::parse(&text).map_err(|found| wrong(format!("`{begin}`: {found}")))?;
    let Literal::Dict(items) = &literal else {
        return Err(wrong(format!("`{begin}` is no dict")));
    };
    let get = |key: &str| {
        let found = items.iter().find(|(it, _)| it == &Literal::Text(key.to_owned()));
        found.map(|(_, value)| value).ok_or_else(|| wrong(format!("there is no `{key}`")))
    };
    let Literal::Bool(fortran) = get("fortran_order")? else {
        return Err(wrong("`fortran_order` is neither True nor False".to_owned()));
    };
    let Literal::Tuple(sizes) = get("shape")? else {
        return Err(wrong("`shape` is no tuple".to_owned()));
    };
    let mut shape = Vec::new();
    for size in sizes {
        match size {
            Literal::Int(size) => shape.push(*size),
            _ => return Err(wrong("`shape` holds something that is no number".to_owned())),
        }
    }
    let descr = get("descr")?;
    let Some((stored, big_endian)) = dtype(descr) else {
        return Err(Problem::UnknownType {
            tensor: name.to_owned(),
            found: format!("`{descr}` in numpy's notation"),
            help: "write it as a float, int or bool: `x.astype(numpy.float32)`".to_owned(),
        });
    };
    let mut entry = Entry::new(name.to_owned(), stored, shape, 0)?;
    entry.layout.big_endian = big_endian && stored.block().1 > 1;
    if *fortran && entry.shape.len() > 1 {
        let mut stride = 1u64;
        let strides = entry.shape.iter().map(|size| {
            let here = stride;
            stride = stride.saturating_mul(*size as u64);
            here
        });
        entry.layout.strides = Some(strides.collect());
    }
    Ok((entry, cursor.offset()))
}

/// `'<f4'`: an order of bytes, a kind and a size. `=` is the order of the machine that
/// wrote the file, which is taken to be little-endian.
fn dtype(descr: &Literal) -> Option<(Stored, bool)> {
    let Literal::Text(text) = descr else { return None };
    let order = text.chars().next()?;
    let stored = match text.get(1..)? {
        "f8" => Stored::F64,
        "f4" => Stored::F32,
        "f2" => Stored::F16,
        "i8" => Stored::I64,
        "i4" => Stored::I32,
        "i2" => Stored::I16,
        "i1" => Stored::I8,
        "u8" => Stored::U64,
        "u4" => Stored::U32,
        "u2" => Stored::U16,
        "u1" => Stored::U8,
        "b1" => Stored::Bool,
        _ => return None,
    };
    match order {
        '<' | '=' | '|' => Some((stored, false)),
        '>' => Some((stored, true)),
        _ => None,
    }
}
