//! What a program consists of.

use std::sync::Arc;

use nnc_base::{Id, Name, Span, Table};
use nnc_shape::Dim;

use crate::{Arrow, Block, Elem, IndexVar, MeaningUse, Path, Places, Rewrite, TensorType, Type};

pub type LayerId = Id<Layer>;
pub type FunctionId = Id<Function>;
pub type StructId = Id<Struct>;
pub type MeaningId = Id<Meaning>;
pub type CheckpointId = Id<Checkpoint>;
pub type LocalId = Id<Local>;

/// All modules of a program together.
#[derive(Clone, Default, Debug)]
pub struct Program {
    pub layers: Table<Layer>,
    /// Functions of modules, of layers, and the bodies of tests.
    pub functions: Table<Function>,
    pub structs: Table<Struct>,
    pub meanings: Table<Meaning>,
    pub checkpoints: Table<Checkpoint>,
    pub models: Vec<Model>,
    pub exports: Vec<Export>,
    pub tests: Vec<Test>,
}

impl Program {
    /// What a value of a meaning is when one step of it is forgotten; `None` for plain
    /// numbers.
    pub fn parent(&self, meaning: &MeaningUse) -> Option<MeaningUse> {
        let declared = self.meanings.get(meaning.id)?;
        let parent = declared.parent.as_ref()?;
        let sizes = |name: Name| {
            let place = declared.params.iter().position(|param| param.name == name)?;
            meaning.args.get(place).cloned()
        };
        Some(parent.substitute(&sizes))
    }

    /// A meaning and all that forgetting makes of it, nearest first.
    ///
    /// Declarations that lead back to themselves are cut where they are reported, so that
    /// this ends.
    pub fn lineage(&self, meaning: &MeaningUse) -> impl Iterator<Item = MeaningUse> + use<'_> {
        std::iter::successors(Some(meaning.clone()), |it| self.parent(it))
    }

    /// Whether a function is that of a layer which is handed in, as the layer that takes it
    /// sees it: it has no body.
    pub fn is_handed_in(&self, function: &Function) -> bool {
        let owner = function.owner.and_then(|owner| self.layers.get(owner));
        owner.is_some_and(|layer| layer.taken_by.is_some())
    }

    /// The type of the function of a layer that is handed in, where it is taken; `None` for
    /// any other layer.
    pub fn arrow_of(&self, used: &LayerUse) -> Option<Arrow> {
        let layer = self.layers.get(used.layer).filter(|layer| layer.taken_by.is_some())?;
        let function = self.functions.get(layer.main?)?;
        let put = |name: Name| {
            let at = layer.params.iter().position(|param| param.name == name)?;
            used.dims.get(at).cloned()
        };
        let inputs = function.params.iter().map(|param| param.ty.substitute(&put)).collect();
        Some(Arrow { inputs, output: function.result.substitute(&put) })
    }

    /// A meaning seen as the one above it that is declared as `id`.
    pub fn seen_as(&self, meaning: &MeaningUse, id: MeaningId) -> Option<MeaningUse> {
        self.lineage(meaning).find(|it| it.id == id)
    }
}

/// A record of parameters and sub-layers with functions on it.
#[derive(Clone, Debug)]
pub struct Layer {
    pub name: Name,
    /// Such as `std.nn`.
    pub module: Name,
    pub doc: String,
    pub span: Span,
    /// `<D, F>`: the sizes that a use gives, in order.
    pub params: Vec<DimParam>,
    /// `(k: dim = 3)`.
    pub configs: Vec<Config>,
    /// Names for sizes, already expanded everywhere; for messages.
    pub aliases: Vec<Alias>,
    /// What a use must prove.
    pub facts: Vec<Condition>,
    pub fields: Vec<Field>,
    pub functions: Vec<FunctionId>,
    /// The unnamed `fn`.
    pub main: Option<FunctionId>,
    /// Declared by `space`: some fields are holes.
    pub space: bool,
    /// For what a layer sees of one that it is handed: the type of its function, which has no
    /// body here. Named after the config; the layer that takes it.
    pub taken_by: Option<LayerId>,
}

/// A size variable of a layer, a function or a struct.
#[derive(Clone, PartialEq, Debug)]
pub struct DimParam {
    /// What the variable is called in dims; unique within its owner (and its
    /// owner's layer).
    pub name: Name,
    pub kind: Option<Name>,
    pub rate: Option<crate::Rate>,
    /// The least value: 1, or 0 where so declared.
    pub min: i64,
    pub origin: DimOrigin,
    pub span: Span,
}

impl DimParam {
    /// Whether it counts steps in a second, in Hz; a parameter of an element may.
    pub fn is_rate(&self) -> bool {
        self.kind.is_some_and(|kind| kind.as_str() == "rate")
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DimOrigin {
    /// In `<…>` of a layer or struct.
    Parameter,
    /// Quantified over a function: the size of an axis of an argument.
    Axis,
    /// The function's parameter at this place, of type `dim`.
    Argument(u32),
    /// The value on entry of a `dim` field (by its place among the struct's `dim`
    /// fields) of the function's parameter at this place, which is a struct or an
    /// array of structs. The variable is called `param.field`.
    Length { param: u32, field: u32 },
}

/// `const Dh = D / N`.
#[derive(Clone, PartialEq, Debug)]
pub struct Alias {
    pub name: Name,
    pub value: Dim,
}

/// A parameter in `(…)` of a layer. A `dim` or `int` one is also a variable in dims.
#[derive(Clone, PartialEq, Debug)]
pub struct Config {
    pub name: Name,
    pub kind: ConfigKind,
    /// What a use that does not give it gets; may mention the layer's parameters
    /// and the configs before it.
    pub default: Option<ConfigValue>,
    /// The least value of a `dim`, as in `p: dim >= 0`.
    pub min: i64,
    /// The greatest value of a `dim`, if there is one, as in `d: dim <= D`.
    pub at_most: Option<Dim>,
    pub span: Span,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConfigKind {
    Dim,
    Int,
    Float,
    Bool,
    /// A layer, or an array of them: also a field of this name.
    Layer,
}

#[derive(Clone, PartialEq, Debug)]
pub enum ConfigValue {
    /// For `dim` and `int`.
    Dim(Dim),
    Float(f64),
    Bool(Condition),
    /// The float config of the owner with this name.
    Config(Name),
    Layer(Arc<LayerArg>),
}

/// What is handed in for a config that is a layer.
#[derive(Clone, Debug)]
pub struct LayerArg {
    /// A layer or an array of layers that is made for this: its parameters have names behind
    /// that of the config. `None` for what is there already: a field, a function, `|x| …`.
    pub value: Option<FieldValue>,
    /// Has the parameters and sizes of the config's function, in the same order, and calls
    /// what is handed in; of the layer whose field says what that is. Where there is a `value`
    /// the function's first local is that layer, or an item of the array.
    pub function: FunctionId,
    /// As it was written.
    pub text: String,
    /// Whether it is what the layer itself takes if nobody says anything else: the function
    /// is one of that layer.
    pub default: bool,
}

impl PartialEq for LayerArg {
    fn eq(&self, other: &LayerArg) -> bool {
        match (&self.value, &other.value) {
            (Some(value), Some(other)) => value == other,
            (None, None) => self.text == other.text,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}

/// What is decided when sizes are known.
#[derive(Clone, PartialEq, Debug)]
pub enum Condition {
    Const(bool),
    /// The bool config of this name.
    Config(Name),
    /// Whether the function's optional parameter of this name is given.
    Given(Name),
    Compare(CompareOp, Dim, Dim),
    Not(Box<Condition>),
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: Name,
    pub doc: String,
    pub span: Span,
    pub value: FieldValue,
}

#[derive(Clone, PartialEq, Debug)]
pub enum FieldValue {
    /// A tensor that a checkpoint fills.
    Param {
        ty: TensorType,
        init: Init,
    },
    Layer(LayerUse),
    Array(Box<FieldValue>, Places),
    /// One name whichever branch is taken; `otherwise` may be [`FieldValue::Absent`].
    If {
        condition: Condition,
        then: Box<FieldValue>,
        otherwise: Box<FieldValue>,
    },
    Hole(SpaceHole),
    /// The field is not there: `if bias { … }` without `else`.
    Absent,
    /// Something that was reported.
    Error,
}

/// How a parameter starts when there is no checkpoint: `zeros`, `ones`,
/// `kaiming`, `xavier`, `normal(std)`, `uniform(low, high)`, `constant(value)`.
#[derive(Clone, PartialEq, Debug)]
pub struct Init {
    pub name: Name,
    pub args: Vec<f64>,
}

/// `Linear<D, F>(bias = false)`, in terms of the owner's parameters and configs.
#[derive(Clone, PartialEq, Debug)]
pub struct LayerUse {
    pub layer: LayerId,
    /// For [`Layer::params`] in order.
    pub dims: Vec<Dim>,
    /// For [`Layer::configs`] in order, defaults filled in.
    pub configs: Vec<ConfigValue>,
    /// Parameters that this use does not have.
    pub replaced: Vec<Replaced>,
}

/// A parameter of a sub-layer that is computed instead: it has no name and is in no
/// checkpoint.
#[derive(Clone, PartialEq, Debug)]
pub struct Replaced {
    /// The fields that lead to it, from the sub-layer on.
    pub path: Vec<Name>,
    /// Without parameters; of the layer that has the field.
    pub value: FunctionId,
}

/// `hole down: A -> B in { … }`.
#[derive(Clone, PartialEq, Debug)]
pub struct SpaceHole {
    pub input: Type,
    pub output: Type,
    /// One for each value of its choices.
    pub candidates: Vec<Candidate>,
}

/// What may stand in a hole: layers that are called one after the other, in terms of the
/// space's parameters.
#[derive(Clone, PartialEq, Debug)]
pub struct Candidate {
    pub chain: Vec<LayerUse>,
    /// Its name, such as `Conv2d<K, K>(k=3, g=K) >> Conv2d<K, K>(k=1)`: what one would
    /// write to choose it, values that are the defaults left out. Parameters have it in
    /// their paths.
    pub text: String,
    /// What calls the chain: a function of the space with the sizes of the hole's arrow and
    /// one argument, in which layer `i` of the chain is the path `hole[i]`. `None` where a
    /// mistake was reported.
    pub function: Option<FunctionId>,
}

/// A function of a module or a layer, or the body of a test.
#[derive(Clone, Debug)]
pub struct Function {
    /// `None` for the unnamed `fn` of a layer.
    pub name: Option<Name>,
    pub module: Name,
    pub doc: String,
    pub span: Span,
    /// Its parameters and configs are in scope.
    pub owner: Option<LayerId>,
    /// The sizes a call binds, in the order of [`crate::Call::dims`].
    pub dims: Vec<DimParam>,
    /// Whether `..` occurs in the signature.
    pub pack: bool,
    /// Whether `float` occurs in the signature.
    pub float: bool,
    pub params: Vec<Param>,
    pub result: Type,
    /// The names of the results, if it is a tuple with names.
    pub result_names: Vec<Option<Name>>,
    /// What a call must prove.
    pub facts: Vec<Condition>,
    pub locals: Table<Local>,
    pub index_vars: Table<IndexVar>,
    pub body: Block,
}

#[derive(Clone, Debug)]
pub struct Param {
    pub name: Name,
    pub span: Span,
    pub ty: Type,
    /// The value on entry; a `dim` parameter has one too, but it is used as a
    /// variable in dims.
    pub local: LocalId,
    /// For `inout`: the local that holds the final value, whose type (the lengths
    /// in it) is the local's.
    pub inout: Option<LocalId>,
    /// Whether a call may leave it out: [`Condition::Given`] says whether it did, and the
    /// body reads the local only where that holds.
    pub optional: bool,
}

/// A value with a name.
#[derive(Clone, Debug)]
pub struct Local {
    pub name: Name,
    pub span: Span,
    pub ty: Type,
}

/// `struct Cache<B, S, Dh> { k: bf16[B, S, Dh], len: dim <= S }`.
#[derive(Clone, Debug)]
pub struct Struct {
    pub name: Name,
    pub module: Name,
    pub span: Span,
    pub params: Vec<DimParam>,
    pub fields: Vec<StructField>,
}

#[derive(Clone, Debug)]
pub struct StructField {
    pub name: Name,
    pub span: Span,
    /// [`Type::Dim`] of the variable `name` for a `dim` field.
    pub ty: Type,
    /// For a `dim` field: its greatest value.
    pub at_most: Option<Dim>,
}

/// `elem Mel: Spectrogram`.
#[derive(Clone, Debug)]
pub struct Meaning {
    pub name: Name,
    pub module: Name,
    pub span: Span,
    /// What it may be used as without saying so, in terms of [`Meaning::params`].
    pub parent: Option<MeaningUse>,
    /// The numbers that a use gives, in order; one of kind `rate` counts Hz.
    pub params: Vec<DimParam>,
    /// How it is stored where nothing else is said.
    pub base: Elem,
}

/// `checkpoint gptj for Decoder { … }`.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    pub name: Name,
    pub span: Span,
    pub layer: LayerId,
    pub rows: Vec<CheckpointRow>,
    pub ignored: Vec<IgnoredTensors>,
}

/// `"pooler.{i}.weight" = ignore`: tensors that the file may hold and nothing reads.
#[derive(Clone, Debug)]
pub struct IgnoredTensors {
    pub span: Span,
    /// As in [`CheckpointRow::pattern`]; an index stands for any number.
    pub pattern: String,
    pub indices: Vec<Name>,
    /// Of a tensor whose other rows are parameters: these rows.
    pub rows: Option<(Dim, Dim)>,
}

#[derive(Clone, Debug)]
pub struct CheckpointRow {
    pub span: Span,
    /// The name in the file; `{i}` stands for an index, `{2*i+1}` for that many, and `*` at the
    /// end for the rest of a name.
    pub pattern: String,
    /// The indices of the pattern, each with the range it runs over.
    pub indices: Vec<(Name, Dim)>,
    /// Parameters, in terms of the layer's parameters and the indices.
    pub targets: Vec<Path>,
    /// Whether the target is a layer or an array instead: all parameters in it that no other
    /// row names, by the rest of their names.
    pub below: bool,
    /// From which row of the tensor's first axis up to which one the parameters lie, if they
    /// are not all of it.
    pub rows: Option<(Dim, Dim)>,
    /// How the file's axes become ours; `None` for as they are.
    pub axes: Option<AxisMap>,
    /// `as f32`: the file may hold elements that only rounding makes ours.
    pub converts: bool,
}

/// `[i, (z o)] -> [z, o, i]`: names of axes, of which several may be merged. With
/// more than one target, our first axis counts the targets.
#[derive(Clone, PartialEq, Debug)]
pub struct AxisMap {
    pub file: Vec<Vec<Name>>,
    pub ours: Vec<Vec<Name>>,
    /// The sizes that are written down, as the `N` of `(n:N d)`, in terms of the
    /// layer's parameters; the others follow from the parameter's axes.
    pub sizes: Vec<(Name, Dim)>,
}

/// `model name = Layer<dims>(configs) { … }`.
#[derive(Clone, Debug)]
pub struct Model {
    pub name: Name,
    pub module: Name,
    pub span: Span,
    /// All dims are constants.
    pub layer: LayerUse,
    pub checkpoint: Option<CheckpointId>,
    /// What stands in the holes of the spaces in it.
    pub chosen: Vec<Chosen>,
    /// What is changed of its network, in this order.
    pub rewrites: Vec<Rewrite>,
    pub entries: Vec<Entry>,
}

/// `choose cells[0].mix = Identity`: a candidate for one hole of a model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chosen {
    pub span: Span,
    /// The field path, such as `cells.0.mix`. Where the candidate that was chosen for a hole
    /// has holes itself, they follow the hole's path as its fields.
    pub hole: String,
    /// The place among [`SpaceHole::candidates`].
    pub candidate: usize,
}

/// A function that the world may call.
#[derive(Clone, Debug)]
pub struct Entry {
    pub name: Name,
    pub span: Span,
    pub function: FunctionId,
    /// What is known of the function's dims.
    pub bounds: Vec<Bound>,
    /// All conditions as written, the bounds included.
    pub facts: Vec<Condition>,
}

/// `T <= 512` or `S == 4096`, by the name of one of [`Function::dims`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bound {
    pub dim: Name,
    pub min: i64,
    pub max: Option<i64>,
}

/// `export L.fn as e with { … }`: an entry of a layer whose parameters are open.
#[derive(Clone, Debug)]
pub struct Export {
    pub module: Name,
    /// `None` for a function outside layers.
    pub layer: Option<LayerId>,
    pub entry: Entry,
}

#[derive(Clone, Debug)]
pub struct Test {
    pub name: String,
    pub span: Span,
    /// Without parameters; its asserts are the test.
    pub function: FunctionId,
}

impl Struct {
    /// The `dim` fields in the order of [`Type::Struct`]'s lengths.
    pub fn lens(&self) -> impl Iterator<Item = &StructField> {
        self.fields.iter().filter(|field| matches!(field.ty, Type::Dim(_)))
    }
}

impl CompareOp {
    /// As written.
    pub fn symbol(self) -> &'static str {
        match self {
            CompareOp::Eq => "==",
            CompareOp::Ne => "!=",
            CompareOp::Lt => "<",
            CompareOp::Le => "<=",
            CompareOp::Gt => ">",
            CompareOp::Ge => ">=",
        }
    }

    /// The comparison that holds where this one does not.
    pub fn negated(self) -> CompareOp {
        match self {
            CompareOp::Eq => CompareOp::Ne,
            CompareOp::Ne => CompareOp::Eq,
            CompareOp::Lt => CompareOp::Ge,
            CompareOp::Le => CompareOp::Gt,
            CompareOp::Gt => CompareOp::Le,
            CompareOp::Ge => CompareOp::Lt,
        }
    }
}
