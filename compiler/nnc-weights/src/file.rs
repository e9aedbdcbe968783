//! Opening a file, and reading its tensors.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use nnc_graph::Elem;

use crate::convert::{self, Conversion};
use crate::entry::{Entry, distinct};
use crate::gather::View;
use crate::metadata::Metadata;
use crate::{Problem, WeightError, gguf, npy, safetensors, torch, zip};

/// The formats, told apart by what a file holds and never by its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    Safetensors,
    Gguf,
    /// A zip archive that `torch.save` wrote.
    Torch,
    /// What `torch.save` wrote before version 1.6.
    LegacyTorch,
    Npy,
    Npz,
}

impl Format {
    pub fn name(self) -> &'static str {
        match self {
            Format::Safetensors => "safetensors",
            Format::Gguf => "GGUF",
            Format::Torch => "torch",
            Format::LegacyTorch => "torch (before 1.6)",
            Format::Npy => "npy",
            Format::Npz => "npz",
        }
    }
}

/// An open weight file.
///
/// Opening reads the header alone; a tensor is read when it is asked for. A file that
/// somebody changes while it is open gives other numbers, or ends the process if it
/// becomes shorter.
#[derive(Debug)]
pub struct WeightFile {
    path: PathBuf,
    format: Format,
    data: Data,
    entries: Vec<Entry>,
    by_name: HashMap<String, usize>,
    metadata: Metadata,
}

enum Data {
    Mapped(Mmap),
    Owned(Vec<u8>),
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.bytes().len())
    }
}

impl Data {
    fn bytes(&self) -> &[u8] {
        match self {
            Data::Mapped(map) => map,
            Data::Owned(bytes) => bytes,
        }
    }
}

/// What a format's reader finds.
#[derive(Default, Debug)]
pub(crate) struct Parsed {
    pub(crate) entries: Vec<Entry>,
    pub(crate) metadata: Metadata,
}

impl WeightFile {
    pub fn open(path: &Path) -> Result<WeightFile, WeightError> {
        let failed = |error: std::io::Error| WeightError::new(path, Problem::Io(error.to_string()));
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(WeightError::new(
                path,
                Problem::Io("this is a folder; name one file in it".to_owned()),
            ));
        }
        // An empty file cannot be mapped.
        let data = if metadata.len() == 0 {
            Data::Owned(Vec::new())
        } else {
            #[expect(unsafe_code, reason = "mapping a file is unsafe")]
            // SAFETY: the map is only read, and only as bytes, of which every value is
            // valid. That the file may change meanwhile is stated at the type.
            Data::Mapped(unsafe { Mmap::map(&file) }.map_err(failed)?)
        };
        WeightFile::with_data(path, data)
    }

    /// A file that is in memory; `path` is what messages call it.
    pub fn from_bytes(path: impl AsRef<Path>, bytes: Vec<u8>) -> Result<WeightFile, WeightError> {
        WeightFile::with_data(path.as_ref(), Data::Owned(bytes))
    }

    fn with_data(path: &Path, data: Data) -> Result<WeightFile, WeightError> {
        let (format, parsed) =
            parse(path, data.bytes()).map_err(|problem| WeightError::new(path, problem))?;
        let len = data.bytes().len() as u64;
        let checked = distinct(&parsed.entries)
            .and_then(|()| parsed.entries.iter().try_for_each(|entry| entry.in_bounds(len)));
        checked.map_err(|problem| WeightError::new(path, problem))?;
        let by_name =
            parsed.entries.iter().enumerate().map(|(i, entry)| (entry.name.clone(), i)).collect();
        Ok(WeightFile {
            path: path.to_owned(),
            format,
            data,
            entries: parsed.entries,
            by_name,
            metadata: parsed.metadata,
        })
    }

    /// As it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn format(&self) -> Format {
        self.format
    }

    /// All tensors in the order of the header.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.by_name.get(name).map(|index| &self.entries[*index])
    }

    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The elements of a tensor in row-major order, each as `elem` in little-endian
    /// bytes. See [`conversion`](crate::conversion()) for what becomes what.
    pub fn read(&self, name: &str, elem: Elem) -> Result<Vec<u8>, WeightError> {
        let entry = self.known(name)?;
        self.check_convertible(entry, elem)?;
        let mut bytes = vec![0; entry.len() as usize * elem.bytes()];
        self.fill(entry, elem, 0, &mut bytes)?;
        Ok(bytes)
    }

    /// Like [`read`](WeightFile::read), into memory of the right size.
    pub fn read_into(&self, name: &str, elem: Elem, out: &mut [u8]) -> Result<(), WeightError> {
        let entry = self.known(name)?;
        if (out.len() / elem.bytes()) as u64 != entry.len() {
            return Err(self.wrong_range(entry, 0, out.len(), elem));
        }
        self.read_range_into(name, elem, 0, out)
    }

    /// The elements from number `start` on, as many as fill `out`.
    pub fn read_range_into(
        &self,
        name: &str,
        elem: Elem,
        start: u64,
        out: &mut [u8],
    ) -> Result<(), WeightError> {
        let entry = self.known(name)?;
        let count = (out.len() / elem.bytes()) as u64;
        let fits = start.checked_add(count).is_some_and(|end| end <= entry.len());
        if !fits || !out.len().is_multiple_of(elem.bytes()) {
            return Err(self.wrong_range(entry, start, out.len(), elem));
        }
        self.check_convertible(entry, elem)?;
        self.fill(entry, elem, start, out)
    }

    /// The bytes of a tensor as they lie in the file, if that is row-major,
    /// little-endian and not compressed. They are aligned to nothing.
    pub fn stored_bytes(&self, name: &str) -> Option<&[u8]> {
        let entry = self.entry(name)?;
        let plain = entry.layout == crate::entry::Layout::default();
        plain.then(|| self.extent(entry))
    }

    pub(crate) fn error(&self, problem: Problem) -> WeightError {
        WeightError::new(&self.path, problem)
    }

    pub(crate) fn known(&self, name: &str) -> Result<&Entry, WeightError> {
        self.entry(name).ok_or_else(|| {
            let names = self.entries.iter().map(|entry| entry.name.as_str());
            let near = nnc_base::nearest(name, names).map(str::to_owned);
            self.error(Problem::NoTensor { tensor: name.to_owned(), near })
        })
    }

    fn wrong_range(&self, entry: &Entry, start: u64, bytes: usize, elem: Elem) -> WeightError {
        self.error(Problem::WrongRange {
            tensor: entry.name.clone(),
            len: entry.len(),
            start,
            count: (bytes / elem.bytes()) as u64,
            bytes: bytes as u64,
            elem,
        })
    }

    fn check_convertible(&self, entry: &Entry, elem: Elem) -> Result<(), WeightError> {
        match convert::conversion(entry.stored, elem) {
            Conversion::Impossible { help } => Err(self.error(Problem::NotConvertible {
                tensor: entry.name.clone(),
                stored: entry.stored,
                elem,
                help: help.to_owned(),
            })),
            Conversion::Exact | Conversion::Rounding | Conversion::Checked => Ok(()),
        }
    }

    fn fill(
        &self,
        entry: &Entry,
        elem: Elem,
        start: u64,
        out: &mut [u8],
    ) -> Result<(), WeightError> {
        let count = (out.len() / elem.bytes()) as u64;
        let block = entry.stored.block().0 as u64;
        let first = start / block * block;
        let end = (start + count).next_multiple_of(block);
        let raw = self.raw(entry, first, end - first)?;
        let converted = if (first, end) == (start, start + count) {
            convert::convert(entry.stored, &raw, elem, out)
        } else {
            let mut whole = vec![0; (end - first) as usize * elem.bytes()];
            let skip = (start - first) as usize * elem.bytes();
            convert::convert(entry.stored, &raw, elem, &mut whole)
                .map(|()| out.copy_from_slice(&whole[skip..skip + out.len()]))
        };
        converted.map_err(|bad| {
            self.error(Problem::OutOfRange {
                tensor: entry.name.clone(),
                index: entry.position(first + bad.index as u64),
                value: bad.value,
                elem,
            })
        })
    }

    /// The bytes of a tensor in the file, whatever their order.
    fn extent(&self, entry: &Entry) -> &[u8] {
        let start = entry.offset as usize;
        &self.data.bytes()[start..start + entry.extent() as usize]
    }

    /// Stored elements in row-major order and little-endian; both numbers are whole
    /// blocks.
    pub(crate) fn raw(
        &self,
        entry: &Entry,
        start: u64,
        count: u64,
    ) -> Result<Cow<'_, [u8]>, WeightError> {
        let (elements, size) = entry.stored.block();
        let range = |whole: u64| (whole / elements as u64) as usize * size;
        let (from, to) = (range(start), range(start + count));
        let bytes = self.extent(entry);
        let mut raw = match &entry.layout.deflated {
            Some(deflated) => {
                let mut whole = zip::inflate(bytes, deflated.skip + entry.spread())
                    .map_err(|problem| self.error(problem))?;
                whole.drain(..deflated.skip as usize);
                Cow::Owned(whole)
            }
            None => Cow::Borrowed(bytes),
        };
        raw = match &entry.layout.strides {
            Some(strides) => {
                let axes = entry.shape.iter().map(|size| *size as u64).zip(strides.iter().copied());
                let mut gathered = vec![0; to - from];
                View { base: 0, axes: axes.collect() }.gather(&raw, size, start, &mut gathered);
                Cow::Owned(gathered)
            }
            None => match raw {
                Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[from..to]),
                Cow::Owned(bytes) => Cow::Owned(bytes[from..to].to_vec()),
            },
        };
        if entry.layout.big_endian && size > 1 {
            for item in raw.to_mut().chunks_exact_mut(size) {
                item.reverse();
            }
        }
        Ok(raw)
    }
}

fn parse(path: &Path, bytes: &[u8]) -> Result<(Format, Parsed), Problem> {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    if bytes.starts_with(b"GGUF") {
        Ok((Format::Gguf, gguf::parse(bytes)?))
    } else if bytes.starts_with(b"\x93NUMPY") {
        let entry = npy::parse(&stem.unwrap_or_default(), bytes)?;
        Ok((Format::Npy, Parsed { entries: vec![entry], metadata: Metadata::default() }))
    } else if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        let members = zip::members(bytes)?;
        if let Some(pickle) = torch::pickle_member(&members) {
            Ok((Format::Torch, torch::parse_archive(bytes, &members, pickle)?))
        } else {
            Ok((Format::Npz, npy::parse_archive(bytes, &members)?))
        }
    } else if torch::is_legacy(bytes) {
        Ok((Format::LegacyTorch, torch::parse_legacy(bytes)?))
    } else if safetensors::is_safetensors(bytes) && !is_json(bytes) {
        Ok((Format::Safetensors, safetensors::parse(bytes)?))
    } else {
        Err(unknown(bytes))
    }
}

/// Whether a text begins where safetensors has the length of its header.
fn is_json(bytes: &[u8]) -> bool {
    bytes.first() == Some(&b'{') && !bytes[..bytes.len().min(8)].contains(&0)
}

/// What a file of no known format may be.
fn unknown(bytes: &[u8]) -> Problem {
    let (found, help) = if bytes.is_empty() {
        ("it is empty".to_owned(), "fetch it again")
    } else if is_json(bytes) {
        let help = "if it lists the files of a model in parts, join them into one file";
        ("it is JSON".to_owned(), help)
    } else if bytes.starts_with(b"version https://git-lfs") {
        ("it is a pointer of git-lfs".to_owned(), "get the file itself with `git lfs pull`")
    } else if bytes.starts_with(b"\x80") {
        let help = "load it in Python and save the tensors as safetensors";
        ("it is a pickle that torch did not write".to_owned(), help)
    } else {
        let begin: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        (format!("it begins with {}", begin.join(" ")), "convert it to safetensors")
    };
    Problem::UnknownFormat { found, help }
}
