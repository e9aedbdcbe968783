//! Optional parameters: E0125 to E0128.

use nnc_base::{Code, Diagnostic, Name, Span};
use nnc_hir::{DimParam, Param, Type};
use nnc_syntax::ast::Ident;

use super::suggest;

const UNTESTED: Code = Code("E0125");
const SIZE: Code = Code("E0126");
const ALWAYS_THERE: Code = Code("E0127");
const QUESTION: Code = Code("E0128");

/// A use of an optional parameter where it may be missing.
pub(crate) fn untested(name: Name, at: Span, declared: Span) -> Diagnostic {
    Diagnostic::error(UNTESTED, at, format!("`{name}` may have been left out here"))
        .label(declared, "declared with `?`: a call may leave it out")
        .note("whether it is given is decided at each call, and the body says what holds for both")
        .help(format!("use it under a test: `if given({name}) {{ … }} else {{ … }}`"))
}

/// A use in the branch for calls that leave it out.
pub(crate) fn left_out(name: Name, at: Span, declared: Span) -> Diagnostic {
    Diagnostic::error(UNTESTED, at, format!("`{name}` is not there in this branch"))
        .label(declared, "declared with `?`: a call may leave it out")
        .help(format!("use it where `given({name})` holds, or say what stands for it"))
}

/// A size that no argument gives in a call that leaves the parameter out.
pub(crate) fn size_of_optional(dim: &DimParam, param: &Param) -> Diagnostic {
    let text = format!("`{}` has no value in a call that leaves out `{}`", dim.name, param.name);
    Diagnostic::error(SIZE, dim.span, text)
        .label(param.span, "the only parameter that gives it may be left out")
        .note("sizes are read off the arguments, left to right")
        .help(format!(
            "take it as `n: dim`, or give `{}` sizes that other parameters have",
            param.name
        ))
}

pub(crate) fn cannot_be_left_out(param: &Param, ty: &str) -> Diagnostic {
    let what = match &param.ty {
        _ if param.inout.is_some() => "state",
        Type::Dim(_) => "a size",
        _ => ty,
    };
    let text = format!("`{}` cannot be left out: it is {what}", param.name);
    Diagnostic::error(ALWAYS_THERE, param.span, text)
        .note("a tensor may be optional; sizes and state have to be there")
        .help("leave out the `?`, or write a second function without this parameter")
}

pub(crate) fn one_name(at: Span) -> Diagnostic {
    Diagnostic::error(QUESTION, at, "`given` asks of one parameter of this function")
        .help("write its name: `given(mask)`")
}

pub(crate) fn not_optional(name: &Ident, near: Option<&str>) -> Diagnostic {
    let text = format!("`{}` is no optional parameter of this function", name.as_str());
    let diagnostic = Diagnostic::error(QUESTION, name.span, text);
    match near {
        Some(_) => suggest(diagnostic, near),
        None => diagnostic.help("one is declared with `?` behind its type: `mask: Mask[B, T]?`"),
    }
}
