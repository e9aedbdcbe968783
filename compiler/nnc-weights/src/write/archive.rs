//! A zip archive of files that are stored as they are (PKWARE, *.ZIP File Format
//! Specification*, version 6.3, without its extension for sizes beyond 32 bits).

use std::io::{self, Write};

/// UTF-8 names.
const FLAGS: u16 = 1 << 11;
/// The first day that the format can say, 1980-01-01: files with equal tensors are equal.
const DATE: u16 = 1 << 5 | 1;
const VERSION: u16 = 20;

#[derive(Default)]
pub(super) struct Archive {
    files: Vec<(String, Vec<u8>)>,
}

impl Archive {
    pub(super) fn add(&mut self, name: String, bytes: Vec<u8>) {
        self.files.push((name, bytes));
    }

    pub(super) fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut directory = Vec::new();
        let mut offset = 0u64;
        for (name, bytes) in &self.files {
            let mut common = Vec::new();
            for number in [VERSION, FLAGS, 0, 0, DATE] {
                common.extend(number.to_le_bytes());
            }
            let size = small(bytes.len() as u64)?.to_le_bytes();
            common.extend(crc32(bytes).to_le_bytes());
            common.extend(size);
            common.extend(size);
            let length = u16::try_from(name.len());
            common.extend(length.map_err(|_| too_large())?.to_le_bytes());
            // No extra field.
            common.extend([0, 0]);
            directory.extend(b"PK\x01\x02");
            directory.extend(VERSION.to_le_bytes());
            directory.extend(&common);
            // No comment, the first disk, no attributes.
            directory.extend([0; 10]);
            directory.extend(small(offset)?.to_le_bytes());
            directory.extend(name.as_bytes());
            out.write_all(b"PK\x03\x04")?;
            out.write_all(&common)?;
            out.write_all(name.as_bytes())?;
            out.write_all(bytes)?;
            offset += (4 + common.len() + name.len() + bytes.len()) as u64;
        }
        let count = u16::try_from(self.files.len()).map_err(|_| too_large())?.to_le_bytes();
        out.write_all(&directory)?;
        out.write_all(b"PK\x05\x06\0\0\0\0")?;
        out.write_all(&count)?;
        out.write_all(&count)?;
        out.write_all(&small(directory.len() as u64)?.to_le_bytes())?;
        out.write_all(&small(offset)?.to_le_bytes())?;
        out.write_all(&[0, 0])
    }
}

fn small(number: u64) -> io::Result<u32> {
    u32::try_from(number).map_err(|_| too_large())
}

fn too_large() -> io::Error {
    io::Error::other("an npz file of more than 4 GiB is not written; write safetensors")
}

/// The checksum of the format: CRC-32 with the polynomial 0xedb88320, least bit first.
fn crc32(bytes: &[u8]) -> u32 {
    const TABLE: [u32; 256] = table();
    let next = |crc: u32, byte: &u8| TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8);
    !bytes.iter().fold(!0, next)
}

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::crc32;

    #[test]
    fn the_checksum_is_that_of_the_standards_example() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }
}
