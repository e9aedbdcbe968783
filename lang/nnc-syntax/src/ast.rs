//! The syntax tree of one file.
//!
//! The tree says what was written and where, no more: names are not resolved,
//! a dimension is an ordinary [`Expr`], and `Token<V>` and `Cache<B, S>` are
//! both a [`NamedType`] until a checker knows what the name stands for.
//!
//! A file with mistakes still has a tree. What could not be read is there as an
//! `Error` variant, and a diagnostic has been given for it, so that whoever
//! walks the tree passes over `Error` in silence.

mod expr;

pub use expr::*;

use nnc_base::{Name, Span};

/// A whole file.
#[derive(Clone, PartialEq, Debug)]
pub struct Module {
    pub items: Vec<Item>,
    pub span: Span,
}

/// A name as it stands in the text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Ident {
    pub name: Name,
    pub span: Span,
}

impl Ident {
    pub fn as_str(&self) -> &'static str {
        self.name.as_str()
    }

    /// Whether the name starts with a capital letter, as dims, layers, structs
    /// and element types do.
    pub fn is_capital(&self) -> bool {
        self.as_str().starts_with(|first: char| first.is_ascii_uppercase())
    }
}

/// The text of a string literal, escapes replaced.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Text {
    pub value: String,
    pub span: Span,
}

// ---- items ----------------------------------------------------------------

/// A top-level declaration.
#[derive(Clone, PartialEq, Debug)]
pub struct Item {
    /// The `##` lines in front, joined by newlines, without the marks.
    pub docs: Option<String>,
    /// Whether `pub` stands in front.
    pub public: bool,
    pub kind: ItemKind,
    /// From `pub` or the keyword to the end, without the docs.
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum ItemKind {
    Use(Use),
    /// `dims B: batch, T: time @ 16kHz`
    Dims(Vec<DimDecl>),
    /// `kind band, formant`
    Kinds(Vec<Ident>),
    Elem(Elem),
    Type(TypeAlias),
    Const(Const),
    Fn(Fn),
    Struct(Struct),
    Layer(Layer),
    Space(Space),
    Checkpoint(Checkpoint),
    Export(Export),
    Model(Model),
    Test(Test),
    /// Something that is no declaration.
    Error,
}

/// `use std.nn.{Linear, gelu}`, `use mlp.Mlp` or `use std.nn`.
///
/// A path that ends in a capitalised name imports that name from the module in
/// front of it. `use a.b` without braces names the module `a.b`, or the
/// function `b` of module `a`; which one, only a resolver can know.
#[derive(Clone, PartialEq, Debug)]
pub struct Use {
    /// Never empty.
    pub path: Vec<Ident>,
    /// The names in braces; `None` without braces.
    pub names: Option<Vec<Ident>>,
}

/// One dim with what is said of it: `T: time @ 16kHz` or `P: time >= 0`, in
/// `dims` and in the `<…>` of a layer, struct, space or type.
#[derive(Clone, PartialEq, Debug)]
pub struct DimDecl {
    pub name: Ident,
    pub kind: Option<Ident>,
    /// A [`ExprKind::Quantity`] such as `16kHz`, a name, or an expression of these.
    pub rate: Option<Expr>,
    /// The least value, where `>= n` is written.
    pub at_least: Option<Expr>,
    pub span: Span,
}

/// `elem Mel: Spectrogram`: an element type with a meaning.
#[derive(Clone, PartialEq, Debug)]
pub struct Elem {
    pub name: Ident,
    pub params: Vec<DimDecl>,
    /// What one gets by forgetting the meaning.
    pub parent: Option<NamedType>,
}

/// `type Image<H, W> = f32[3, H, W]`
#[derive(Clone, PartialEq, Debug)]
pub struct TypeAlias {
    pub name: Ident,
    pub params: Vec<DimDecl>,
    pub ty: Type,
}

/// `const Dh = D / N`, at top level or in a layer.
#[derive(Clone, PartialEq, Debug)]
pub struct Const {
    pub name: Ident,
    /// The kind, where `const Dh: feat = …` gives one.
    pub kind: Option<Ident>,
    pub value: Expr,
}

/// A function, free or of a layer or space.
#[derive(Clone, PartialEq, Debug)]
pub struct Fn {
    /// `None` for the one function of a layer that a call of the layer means.
    pub name: Option<Ident>,
    pub params: Vec<Param>,
    pub result: Option<Type>,
    /// The facts after `where`.
    pub facts: Vec<Expr>,
    pub body: FnBody,
    /// From `fn` to the end of the signature, without the body.
    pub signature_span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum FnBody {
    /// `{ … }`
    Block(Block),
    /// `= expr`
    Expr(Expr),
    /// The body is missing; a diagnostic says so.
    Error(Span),
}

/// `cache: inout Cache<B, S, Dh>`
#[derive(Clone, PartialEq, Debug)]
pub struct Param {
    pub name: Ident,
    pub inout: bool,
    pub ty: Type,
    /// `mask: Mask[B, T]?`: a call may leave it out.
    pub optional: bool,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Struct {
    pub name: Ident,
    pub params: Vec<DimDecl>,
    pub facts: Vec<Expr>,
    pub fields: Vec<StructField>,
}

/// `k, v: bf16[B, S, Dh]`
#[derive(Clone, PartialEq, Debug)]
pub struct StructField {
    pub docs: Option<String>,
    /// Never empty.
    pub names: Vec<Ident>,
    pub ty: Type,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Layer {
    pub name: Ident,
    pub params: Vec<DimDecl>,
    /// The parameters in round brackets.
    pub configs: Vec<Config>,
    pub facts: Vec<Expr>,
    pub members: Vec<Member>,
}

/// `k: dim = 3`
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    pub name: Ident,
    pub ty: Type,
    pub default: Option<Expr>,
    pub span: Span,
}

/// What stands in the braces of a layer or space.
#[derive(Clone, PartialEq, Debug)]
pub struct Member {
    pub docs: Option<String>,
    pub kind: MemberKind,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum MemberKind {
    Const(Const),
    Field(Field),
    /// Only in a space.
    Hole(Hole),
    Fn(Fn),
    Error,
}

/// `wq, wk: Linear<D, D>(bias=false)`
#[derive(Clone, PartialEq, Debug)]
pub struct Field {
    /// Never empty.
    pub names: Vec<Ident>,
    pub value: FieldValue,
}

#[derive(Clone, PartialEq, Debug)]
pub struct FieldValue {
    pub kind: FieldKind,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum FieldKind {
    /// `param f32[K] = zeros`
    Param {
        ty: Type,
        init: Option<Expr>,
    },
    /// `state f32[B, D] = 0.0`
    State {
        ty: Type,
        init: Option<Expr>,
    },
    /// `Linear<D, F>(bias=false)`
    Layer(LayerUse),
    /// `Linear<D, V>(bias=false) with { weight = embed.table }`
    With {
        layer: LayerUse,
        replaced: Vec<Replacement>,
    },
    /// `[Block<D>; L]`, or `[Dense<C + i*G, G>; i in L]`, whose items depend on their place
    /// `index`.
    Array {
        element: Box<FieldValue>,
        index: Option<Ident>,
        count: Box<Expr>,
    },
    /// `if s != 1 { Conv2d<C, K> } else { Identity }`; without `else` the field
    /// is there only when the condition holds. `else if` is an `If` in `otherwise`.
    If {
        condition: Box<Expr>,
        then: Box<FieldValue>,
        otherwise: Option<Box<FieldValue>>,
    },
    Error,
}

/// `weight = embed.table`: what stands in the place of a parameter.
#[derive(Clone, PartialEq, Debug)]
pub struct Replacement {
    pub path: ParamPath,
    pub value: Expr,
    pub span: Span,
}

/// A layer with its parameters: `Conv2d<C, K>(k=1, s=s)`, `Residual<D>(inner: Mlp<D, F>)`.
#[derive(Clone, PartialEq, Debug)]
pub struct LayerUse {
    pub name: Ident,
    pub args: Vec<StaticArg>,
    pub configs: Vec<Arg>,
    pub layers: Vec<GivenLayer>,
    pub span: Span,
}

/// `inner: Mlp<D, F>`: a layer, or an array of layers, that is made for the one it is given to.
#[derive(Clone, PartialEq, Debug)]
pub struct GivenLayer {
    pub name: Ident,
    pub value: FieldValue,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Space {
    pub name: Ident,
    pub params: Vec<DimDecl>,
    pub facts: Vec<Expr>,
    pub members: Vec<Member>,
}

/// `hole down: f32[B, C] -> f32[B, K] in { …, }`
#[derive(Clone, PartialEq, Debug)]
pub struct Hole {
    pub name: Ident,
    pub input: Type,
    pub output: Type,
    pub candidates: Vec<Candidate>,
}

/// `Conv2d<K, K>(k=k, d=d) >> Conv2d<K, K>(k=1) for k in [3, 5] for d in [1, 2]`
#[derive(Clone, PartialEq, Debug)]
pub struct Candidate {
    /// Applied one after the other; never empty.
    pub chain: Vec<LayerUse>,
    /// The first is the outermost; none for a candidate that stands for itself.
    pub choices: Vec<Choice>,
    pub span: Span,
}

/// `for k in [3, 5]`: one candidate for each value.
#[derive(Clone, PartialEq, Debug)]
pub struct Choice {
    pub name: Ident,
    pub values: Expr,
}

#[derive(Clone, PartialEq, Debug)]
pub struct Checkpoint {
    pub name: Ident,
    pub layer: Ident,
    pub rows: Vec<CheckpointRow>,
}

/// `"h.{i}.c_attn" = {blocks[i].wq, blocks[i].wk} as f32 : [i, (z o)] -> [z, o, i]`
#[derive(Clone, PartialEq, Debug)]
pub struct CheckpointRow {
    /// The stored name as written, for messages.
    pub stored: Text,
    /// The stored name in pieces.
    pub pattern: Vec<PatternPart>,
    /// `[0..D]`: only these rows of the tensor.
    pub rows: Option<RowSlice>,
    pub target: RowTarget,
    pub span: Span,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PatternPart {
    Text(String),
    /// `{i}`, or `{2*i+1}`, which is as often and with as much more in the name.
    Index {
        name: Ident,
        times: i64,
        plus: i64,
    },
    /// `*` at the end: any name that goes on here.
    Rest,
}

/// `[0..D]`: from a row of the first axis up to another one.
#[derive(Clone, PartialEq, Debug)]
pub struct RowSlice {
    pub from: Expr,
    pub to: Expr,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum RowTarget {
    /// `= ignore`: the file may hold this tensor, and it is not read.
    Ignore,
    Params {
        /// One, or several in braces that the stored tensor holds together; never empty.
        paths: Vec<ParamPath>,
        /// `as f32`
        cast: Option<NamedType>,
        axes: Option<AxisMap>,
    },
    /// `blocks[i].*`: all parameters there that no other row names. Without steps, all of the
    /// layer.
    Below {
        path: ParamPath,
        cast: Option<NamedType>,
    },
    Error,
}

/// `blocks[i].attn.wq.weight`
#[derive(Clone, PartialEq, Debug)]
pub struct ParamPath {
    /// Empty in [`RowTarget::Below`] alone; the first is a field.
    pub steps: Vec<PathStep>,
    pub span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PathStep {
    Field(Ident),
    /// `[i]` for the `{i}` of the stored name.
    Index(Ident),
    /// `[3]`
    At(i64, Span),
}

/// `[i, (z o)] -> [z, o, i]`: from the axes of the file to ours.
#[derive(Clone, PartialEq, Debug)]
pub struct AxisMap {
    pub from: Vec<AxisGroup>,
    pub to: Vec<AxisGroup>,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum AxisGroup {
    One(Ident),
    /// `(z o)` or `(n:N d)`
    Merged(Vec<SplitPart>, Span),
}

/// `export Mqa.step as decode with { B == 1, T <= 512 }`
#[derive(Clone, PartialEq, Debug)]
pub struct Export {
    /// A layer or a function.
    pub target: Ident,
    /// The layer's function after the dot; `None` means the unnamed one.
    pub function: Option<Ident>,
    /// The name after `as`.
    pub name: Option<Ident>,
    pub facts: Vec<Expr>,
}

/// `model m = Decoder<49152, 576>(theta = 1e5) { weights gguf  entry … }`
#[derive(Clone, PartialEq, Debug)]
pub struct Model {
    pub name: Ident,
    pub layer: LayerUse,
    /// The checkpoint blocks named by `weights`; more than one is a mistake for
    /// the checker to report.
    pub weights: Vec<Ident>,
    pub chosen: Vec<Choose>,
    pub rewrites: Vec<Rewrite>,
    pub entries: Vec<Entry>,
}

/// `choose cells[0].mix = Conv2d<K, K>(k=3) >> Relu`: what stands in a hole of a space.
#[derive(Clone, PartialEq, Debug)]
pub struct Choose {
    pub hole: ParamPath,
    /// A candidate of the hole, in the words of the space.
    pub chain: Vec<LayerUse>,
    pub span: Span,
}

/// `rewrite "blocks": order [0, 2, (3, 4), 1]`: a change of the model's network.
#[derive(Clone, PartialEq, Debug)]
pub struct Rewrite {
    /// The pattern of the places that are meant, in which `*` stands for any text.
    pub place: Text,
    /// Which rewrite; the checker knows their names and what each takes.
    pub name: Ident,
    pub args: Vec<RewriteArg>,
    pub span: Span,
}

/// What a rewrite is given: `[0, 2, (3, 4), 6..9]`, `32`, `sum`.
#[derive(Clone, PartialEq, Debug)]
pub struct RewriteArg {
    pub kind: RewriteArgKind,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum RewriteArgKind {
    Int(i64),
    Float(f64),
    /// `6..9`: 6, 7 and 8.
    Range(i64, i64),
    Word(Ident),
    List(Vec<RewriteArg>),
    /// `(3, 4)`: side by side.
    Side(Vec<RewriteArg>),
    /// `[4..8] * 3`: one after the other, so often.
    Times(Box<RewriteArg>, i64),
}

/// `entry prefill = forward with { B == 1, T <= 2048 }`
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    pub docs: Option<String>,
    pub name: Ident,
    /// The layer's function; `None` means the unnamed one.
    pub function: Option<Ident>,
    pub facts: Vec<Expr>,
    pub span: Span,
}

/// `test "…" { … }`
#[derive(Clone, PartialEq, Debug)]
pub struct Test {
    pub name: Text,
    /// Fields, one for each `let norm = layer LayerNorm<4>;`.
    pub layers: Vec<Member>,
    pub body: Block,
}

// ---- types ----------------------------------------------------------------

#[derive(Clone, PartialEq, Debug)]
pub struct Type {
    pub kind: TypeKind,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum TypeKind {
    /// `f32`, `Token<V>`, `Cache<B, S, Dh>`: an element, a struct or an alias.
    Named(NamedType),
    /// `f32[B, T]`; `f32[]` is a tensor without axes.
    Tensor {
        element: NamedType,
        axes: Vec<Axis>,
    },
    /// `dim` or `dim <= S`
    Dim {
        bound: Option<DimBound>,
    },
    /// `(y: bf16[B, T], aux: f32[])`
    Tuple(Vec<TupleField>),
    /// `[Cache<B, S, Dh>; L]`
    Array {
        element: Box<Type>,
        count: Box<Expr>,
    },
    /// `f32[B, D] -> f32[B, D]`, of a parameter that is a function; several inputs stand
    /// in round brackets.
    Arrow {
        inputs: Vec<Type>,
        output: Box<Type>,
    },
    Error,
}

/// A type's name with its parameters: `f32`, `q4<I/32>`, `Cache<B, S, Dh>`.
#[derive(Clone, PartialEq, Debug)]
pub struct NamedType {
    pub name: Ident,
    pub args: Vec<StaticArg>,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub struct DimBound {
    /// One of the six comparisons.
    pub op: BinaryOp,
    pub value: Box<Expr>,
}

#[derive(Clone, PartialEq, Debug)]
pub struct TupleField {
    pub name: Option<Ident>,
    pub ty: Type,
    pub span: Span,
}

/// An entry in the axis list of a tensor type.
#[derive(Clone, PartialEq, Debug)]
pub struct Axis {
    pub kind: AxisKind,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every axis is of the large variant")]
pub enum AxisKind {
    /// `..`: any leading axes.
    Rest,
    /// `_`: a written-out broadcast axis.
    Broadcast,
    /// `H // 2`, or `T @ r / 2` with a rate.
    Dim { size: Expr, rate: Option<Expr> },
}

/// One of the compile-time parameters in `<…>`.
#[derive(Clone, PartialEq, Debug)]
pub struct StaticArg {
    /// `I` in `Linear<I=D, O=F>`.
    pub name: Option<Ident>,
    pub value: StaticValue,
    pub span: Span,
}

#[derive(Clone, PartialEq, Debug)]
pub enum StaticValue {
    /// A dim. A lone capitalised name may turn out to be an element type.
    Expr(Expr),
    /// Certainly a type: a built-in element such as `f32`, or a name with
    /// parameters of its own.
    Type(NamedType),
}
