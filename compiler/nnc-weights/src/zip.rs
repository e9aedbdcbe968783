//! The members of a zip archive, as far as torch and numpy write them: stored or
//! deflated, with or without 64-bit sizes. (APPNOTE.TXT 4.3, PKWARE.)

use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};

use crate::Problem;
use crate::cursor::Cursor;

/// A file in the archive.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) deflated: bool,
    /// Bytes in the archive.
    pub(crate) packed: u64,
    /// Bytes when uncompressed.
    pub(crate) size: u64,
    /// Where the bytes begin.
    pub(crate) offset: u64,
}

impl Member {
    /// The bytes in the archive.
    pub(crate) fn packed_bytes<'a>(&self, archive: &'a [u8]) -> &'a [u8] {
        &archive[self.offset as usize..(self.offset + self.packed) as usize]
    }

    /// The first bytes, uncompressed: as many as there are of `len`.
    pub(crate) fn begin(&self, archive: &[u8], len: u64) -> Result<Vec<u8>, Problem> {
        let len = len.min(self.size);
        if self.deflated {
            return inflate(self.packed_bytes(archive), len);
        }
        Ok(self.packed_bytes(archive)[..len as usize].to_vec())
    }
}

/// The most that a byte of deflated data can become.
const MOST_INFLATION: u64 = 1032;

/// The first `len` bytes of what was deflated.
pub(crate) fn inflate(packed: &[u8], len: u64) -> Result<Vec<u8>, Problem> {
    let bytes = match decompress_to_vec_with_limit(packed, len as usize) {
        Ok(bytes) => bytes,
        Err(stopped) if stopped.status == TINFLStatus::HasMoreOutput => stopped.output,
        Err(_) => {
            return Err(Problem::damaged("compressed data", "it is not what deflate makes"));
        }
    };
    if (bytes.len() as u64) < len {
        let found = format!("it becomes {} bytes, and {len} are needed", bytes.len());
        return Err(Problem::damaged("compressed data", found));
    }
    Ok(bytes)
}

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: &[u8] = b"PK\x05\x06";
const END_64_LOCATOR: u32 = 0x0706_4b50;
const END_64: u32 = 0x0606_4b50;

/// All members in the order of the directory at the end.
pub(crate) fn members(archive: &[u8]) -> Result<Vec<Member>, Problem> {
    let (count, offset) = directory(archive)?;
    let mut cursor = at(archive, offset, "the directory of the zip archive")?;
    let mut members = Vec::new();
    for _ in 0..count {
        members.push(member(archive, &mut cursor)?);
    }
    Ok(members)
}

/// How many members there are, and where their directory is.
fn directory(archive: &[u8]) -> Result<(u64, u64), Problem> {
    const WHAT: &str = "the end of the zip archive";
    // The end record has 22 bytes and up to 65535 of comment.
    let window = archive.len().saturating_sub(22 + 65535);
    let tail = &archive[window..];
    let end = tail.windows(4).rposition(|bytes| bytes == END).ok_or_else(|| {
        Problem::header(
            WHAT,
            "there is no directory at the end",
            "the file was cut short, fetch it again",
        )
    })?;
    let end = (window + end) as u64;
    let mut cursor = at(archive, end, WHAT)?;
    cursor.take(10, WHAT)?;
    let count = cursor.u16(WHAT)?;
    cursor.take(4, WHAT)?;
    let offset = cursor.u32(WHAT)?;
    let Some(locator) = end.checked_sub(20) else { return Ok((count.into(), offset.into())) };
    let mut cursor = at(archive, locator, WHAT)?;
    if cursor.u32(WHAT)? != END_64_LOCATOR {
        return Ok((count.into(), offset.into()));
    }
    cursor.take(4, WHAT)?;
    let end = cursor.u64(WHAT)?;
    let mut cursor = at(archive, end, WHAT)?;
    if cursor.u32(WHAT)? != END_64 {
        return Err(Problem::damaged(WHAT, "the 64-bit end record is not where it should be"));
    }
    cursor.take(28, WHAT)?;
    let count = cursor.u64(WHAT)?;
    cursor.take(8, WHAT)?;
    Ok((count, cursor.u64(WHAT)?))
}

fn member(archive: &[u8], cursor: &mut Cursor<'_>) -> Result<Member, Problem> {
    const WHAT: &str = "the directory of the zip archive";
    if cursor.u32(WHAT)? != CENTRAL {
        return Err(Problem::damaged(WHAT, "an entry does not begin as entries do"));
    }
    cursor.take(4, WHAT)?;
    let flags = cursor.u16(WHAT)?;
    let method = cursor.u16(WHAT)?;
    cursor.take(8, WHAT)?;
    let mut packed = u64::from(cursor.u32(WHAT)?);
    let mut size = u64::from(cursor.u32(WHAT)?);
    let name_len = cursor.u16(WHAT)?;
    let extra_len = cursor.u16(WHAT)?;
    let comment_len = cursor.u16(WHAT)?;
    cursor.take(8, WHAT)?;
    let mut header = u64::from(cursor.u32(WHAT)?);
    let name = String::from_utf8_lossy(cursor.take(name_len.into(), WHAT)?).into_owned();
    let mut extra = Cursor::new(cursor.take(extra_len.into(), WHAT)?, 0);
    cursor.take(comment_len.into(), WHAT)?;
    while extra.left() >= 4 {
        let (id, len) = (extra.u16(WHAT)?, extra.u16(WHAT)?);
        let mut field = Cursor::new(extra.take(len.into(), WHAT)?, 0);
        if id == 1 {
            // 64-bit forms of those that are all ones, in this order.
            for value in [&mut size, &mut packed, &mut header] {
                if *value == u64::from(u32::MAX) {
                    *value = field.u64(WHAT)?;
                }
            }
        }
    }
    let what = format!("`{name}` in the zip archive");
    if flags & 1 != 0 {
        return Err(Problem::header(what, "it is encrypted", "write the file without a password"));
    }
    let deflated = match method {
        0 => false,
        8 => true,
        other => {
            let found = format!("it is compressed by method {other}");
            return Err(Problem::header(what, found, "write it stored or deflated"));
        }
    };
    let mut local = at(archive, header, &what)?;
    if local.u32(&what)? != LOCAL {
        return Err(Problem::damaged(what, format!("there is no header at byte {header}")));
    }
    local.take(22, &what)?;
    let skip = u64::from(local.u16(&what)?) + u64::from(local.u16(&what)?);
    local.take(skip, &what)?;
    let offset = local.offset();
    local.take(packed, &what)?;
    let most = packed.saturating_mul(if deflated { MOST_INFLATION } else { 1 });
    if size > most || (!deflated && size != packed) {
        let found = format!("{packed} bytes are said to become {size}");
        return Err(Problem::damaged(what, found));
    }
    Ok(Member { name, deflated, packed, size, offset })
}

fn at<'a>(archive: &'a [u8], offset: u64, what: &str) -> Result<Cursor<'a>, Problem> {
    let mut cursor = Cursor::new(archive, 0);
    cursor.take(offset, what)?;
    Ok(cursor)
}
