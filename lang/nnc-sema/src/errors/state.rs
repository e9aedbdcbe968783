//! State, folds and scans.

use nnc_base::{Code, Diagnostic, Name, Span};
use nnc_shape::{Answer, Dim};
use nnc_syntax::ast::{Carry, Ident};

use super::{guard, witness};
use crate::cx::Scope;

const CARRY: Code = Code("E0240");
const SCAN: Code = Code("E0241");
const FOLD: Code = Code("E0242");
const OVERFLOW: Code = Code("E0250");
const USED_UP: Code = Code("E0251");
const INOUT: Code = Code("E0252");
const APPEND: Code = Code("E0253");
const WHILE: Code = Code("E0254");
const YIELD_IN_WHILE: Code = Code("E0255");

pub(crate) fn carry(
    at: Span,
    name: Name,
    before: &str,
    entered: Span,
    after: &str,
    differences: &[String],
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        CARRY,
        at,
        format!("carry `{name}` enters as {before} and leaves as {after}"),
    )
    .here(format!("leaves as {after}"))
    .label(entered, format!("enters as {before}"))
    .note(differences.join("; "));
    if before.starts_with("int") {
        diagnostic.help("start with a float, such as 0.0")
    } else {
        diagnostic
            .help("a carry has one type from step to step: convert or index it so that they agree")
    }
}

pub(crate) fn update_outside(name: &Ident) -> Diagnostic {
    Diagnostic::error(
        SCAN,
        name.span,
        format!("`{}` is neither an `inout` tensor nor a carry of a scan", name.as_str()),
    )
    .help(format!("write `let {}[…] = …` for a new value", name.as_str()))
}

pub(crate) fn yield_outside(name: &Ident) -> Diagnostic {
    Diagnostic::error(SCAN, name.span, format!("`yield {}` belongs in a scan", name.as_str()))
        .help("write `let`")
}

pub(crate) fn not_a_carry(name: &Ident) -> Diagnostic {
    Diagnostic::error(SCAN, name.span, format!("`{}` is not a carry of this scan", name.as_str()))
        .help("name it after `with`, or write `let` for a new value")
}

pub(crate) fn yield_without_index(name: &Ident, index: &Ident) -> Diagnostic {
    let text = format!(
        "`{}` is yielded at each step, so it has the index `{}`",
        name.as_str(),
        index.as_str()
    );
    Diagnostic::error(SCAN, name.span, text).label(index.span, "the scan's index").help(format!(
        "write `yield {}[…, {}, …] = …`",
        name.as_str(),
        index.as_str()
    ))
}

pub(crate) fn assert_on_values(at: Span) -> Diagnostic {
    Diagnostic::error(SCAN, at, "outside of tests an assert is about sizes")
        .help("assert on values in a `test` block")
}

pub(crate) fn fold_lambda(at: Span) -> Diagnostic {
    Diagnostic::error(FOLD, at, "the last argument of `fold` is a lambda")
        .help("such as `|h, block| block(h)`")
}

pub(crate) fn fold_params(at: Span, expected: usize, found: usize) -> Diagnostic {
    let named = if found == 1 { "1 is".to_owned() } else { format!("{found} are") };
    Diagnostic::error(FOLD, at, format!("this lambda takes {expected} values, {named} named"))
        .help("first the carry, then one item for each array; a last name is that of the place")
}

pub(crate) fn fold_typed(at: Span, name: Name) -> Diagnostic {
    Diagnostic::error(FOLD, at, format!("`{name}` has the type that the array gives it"))
        .help("only the carry, the first name, may have a written type")
}

/// What a step gives is not what it takes: a carry that grows needs a type that says so.
pub(crate) fn carry_grows(diagnostic: Diagnostic, carry: Name) -> Diagnostic {
    if !matches!(diagnostic.code, Code("E0201" | "E0221")) {
        return diagnostic;
    }
    diagnostic.help(format!(
        "if `{carry}` is of another size at each step, write its type with the place in it: \
         `|{carry}: f32[B, C + i*G], block, i| …`"
    ))
}

pub(crate) fn fold_over(at: Span, found: &str) -> Diagnostic {
    Diagnostic::error(FOLD, at, format!("`fold` runs over an array, found {found}"))
        .help("declare an array: `blocks: [Block<D>; L]`; a size may stand in its place")
}

pub(crate) fn fold_lengths(
    (first_at, first): (Span, &str),
    (at, second): (Span, &str),
) -> Diagnostic {
    Diagnostic::error(FOLD, at, format!("the arrays have {first} and {second} items"))
        .here(format!("{second} items"))
        .label(first_at, format!("{first} items"))
        .help("fold over arrays of equal length")
}

pub(crate) fn inout_not_a_name(at: Span, param: Name) -> Diagnostic {
    Diagnostic::error(
        INOUT,
        at,
        format!("`{param}` is `inout`: it takes a name whose value may change"),
    )
    .help("give the value a name with `let` first")
}

pub(crate) fn two_aliases(at: Span, name: Name, first: Span) -> Diagnostic {
    Diagnostic::error(INOUT, at, format!("`{name}` is passed twice to one call that changes it"))
        .here("the second use")
        .label(first, "the first use")
        .note("each would be changed behind the other's back")
        .help("pass two different values")
}

/// A condition of a `while` that is no single bool.
pub(crate) fn while_condition(at: Span, found: &str) -> Diagnostic {
    Diagnostic::error(WHILE, at, format!("`while` asks for one bool, this is {found}"))
        .note("a scan goes on for the whole batch as long as it holds")
        .help("put the elements together: `any[b] (err[b] > tol)`, or compare a scalar")
}

/// A condition of a `while` that reads the number of the step.
pub(crate) fn while_of_the_step(at: Span, index: &Ident) -> Diagnostic {
    let text = format!("`while` is asked before a step, where `{}` has no value", index.as_str());
    Diagnostic::error(WHILE, at, text)
        .label(index.span, "the number of the step, in the steps")
        .help("count in a carry: `steps = 0`, and `steps[] = steps + 1;` in each step")
}

/// A condition of a `while` that never changes.
pub(crate) fn while_without_carry(at: Span, carries: &[Carry]) -> Diagnostic {
    let text = "`while` asks the same before each step: it reads nothing that is carried";
    let diagnostic = Diagnostic::error(WHILE, at, text).here("no carry is read here");
    match carries.first() {
        Some(carry) => diagnostic
            .label(carry.span, format!("`{}` is carried", carry.name.as_str()))
            .help("carry what the steps change and ask for that, such as `while err > tol`"),
        None => diagnostic.help("carry a value: `scan k in 50 while err > tol with err = 1.0`"),
    }
}

/// A value for each step of a scan of which nobody knows how many steps it takes.
pub(crate) fn yield_in_while(target: &Ident, condition: Option<Span>) -> Diagnostic {
    let text = format!("`{}` has no value for the steps that do not run", target.as_str());
    let diagnostic = Diagnostic::error(YIELD_IN_WHILE, target.span, text);
    let diagnostic = match condition {
        Some(at) => diagnostic.label(at, "the scan may end here before its last step"),
        None => diagnostic,
    };
    diagnostic
        .help("carry what the end needs, or take out the `while` and choose with `if` in each step")
}

pub(crate) fn change_in_branch(at: Span) -> Diagnostic {
    Diagnostic::error(INOUT, at, "state may not change in one branch of an `if` only")
        .help("change it in front of the `if`, or in the function that is called")
}

pub(crate) fn used_up(at: Span, name: Name, moved: Span, now: Name) -> Diagnostic {
    let diagnostic = Diagnostic::error(USED_UP, at, format!("`{name}` was used up"))
        .here("used again here")
        .label(moved, "its value goes on from here")
        .note("state has one name at a time, so that it can be changed in place");
    if now == name {
        diagnostic.help("use the value that this gave")
    } else {
        diagnostic.help(format!("use `{now}`"))
    }
}

pub(crate) fn append_to(at: Span, found: &str) -> Diagnostic {
    Diagnostic::error(
        APPEND,
        at,
        format!("`append` needs a struct with a length `len: dim <= S`, found {found}"),
    )
    .help("declare the length in the struct")
}

pub(crate) fn append_axis(at: Span, field: Name, length: Name) -> Diagnostic {
    Diagnostic::error(
        APPEND,
        at,
        format!("field `{field}` has no axis whose size bounds `{length}`"),
    )
    .help("give every tensor of the struct that axis")
}

#[expect(clippy::too_many_arguments, reason = "a message names both origins and the values")]
pub(crate) fn overflow(
    scope: &Scope,
    at: Span,
    name: &str,
    count: &Dim,
    after: &Dim,
    size: &Dim,
    answer: &Answer,
    declared: Span,
) -> Diagnostic {
    let (count, after, size) = (scope.show(count), scope.show(after), scope.show(size));
    let text =
        format!("append of {count} rows to `{name}` needs {after} <= {size}, which is not known");
    let mut diagnostic = Diagnostic::error(OVERFLOW, at, text)
        .label(declared, format!("its length is at most {size}"));
    if let Some(witness) = witness(answer) {
        diagnostic = diagnostic.note(format!("witness: {witness}"));
    }
    match guard(answer) {
        Some(guard) => diagnostic.help(format!("add `where {guard}` to the function")),
        None => diagnostic.help(format!("add `where {after} <= {size}` to the function")),
    }
}
