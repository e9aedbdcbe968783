//! What compiling gives.

/// How far a compilation goes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Form {
    /// MLIR as the templates build it.
    Mlir,
    LlvmIr,
    Assembly,
    /// A relocatable object.
    Object,
    /// A shared library.
    Library,
    /// A C header for [`Form::Object`] and [`Form::Library`].
    Header,
}

impl Form {
    pub const ALL: [Form; 6] =
        [Form::Mlir, Form::LlvmIr, Form::Assembly, Form::Object, Form::Library, Form::Header];

    /// As written in `--emit=`.
    pub fn name(self) -> &'static str {
        match self {
            Form::Mlir => "mlir",
            Form::LlvmIr => "llvm-ir",
            Form::Assembly => "asm",
            Form::Object => "object",
            Form::Library => "library",
            Form::Header => "header",
        }
    }

    /// The ending of files of this form, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Form::Mlir => "mlir",
            Form::LlvmIr => "ll",
            Form::Assembly => "s",
            Form::Object => "o",
            Form::Library => "so",
            Form::Header => "h",
        }
    }
}

/// Bytes of a form; where they go is the driver's matter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Artifact {
    pub form: Form,
    pub bytes: Vec<u8>,
}
