//! What names stand for: the items of modules and what they import.

use std::collections::{HashMap, HashSet};

pub(crate) use nnc_base::nearest;
use nnc_base::{Diagnostic, Name, Span};
use nnc_hir::{
    Base, CheckpointId, DimOrigin, DimParam, Elem, FunctionId, LayerId, Meaning, MeaningId,
    Program, Rate, StructId,
};
use nnc_syntax::ast;

use crate::ModuleInput;
use crate::errors::names as errors;

/// What a name at the top level of a module stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Symbol {
    Layer(LayerId),
    Function(FunctionId),
    Struct(StructId),
    Meaning(MeaningId),
    /// A type alias, by module and item.
    Alias(usize, usize),
    /// A constant, by module and item.
    Const(usize, usize),
    Checkpoint(CheckpointId),
}

/// What `dims` says of a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileDim {
    pub(crate) kind: Option<Name>,
    pub(crate) rate: Option<Rate>,
    pub(crate) min: i64,
    pub(crate) span: Span,
}

/// One module.
pub(crate) struct Module<'a> {
    pub(crate) name: Name,
    pub(crate) ast: &'a ast::Module,
    pub(crate) symbols: HashMap<Name, (Symbol, Span)>,
    pub(crate) dims: HashMap<Name, FileDim>,
}

/// Where an id's declaration is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) module: usize,
    pub(crate) item: usize,
    /// For a function of a layer: which member of the item.
    pub(crate) member: Option<usize>,
}

/// The meanings that every module knows.
#[derive(Clone, Copy)]
pub(crate) struct Builtins {
    pub(crate) logits: MeaningId,
    pub(crate) prob: MeaningId,
    pub(crate) log_prob: MeaningId,
    pub(crate) mask: MeaningId,
    pub(crate) pad_mask: MeaningId,
    pub(crate) token: MeaningId,
    pub(crate) index: MeaningId,
}

/// Kinds of axes that need no declaration.
pub(crate) const KINDS: [&str; 14] = [
    "batch", "time", "feat", "chan", "row", "col", "head", "vocab", "class", "expert", "state",
    "depth", "group", "freq",
];

/// The kind of numbers that are rates, in Hz; parameters of elements have it, axes have a
/// rate of their own.
pub(crate) const RATE: &str = "rate";

/// Functions of the language itself, besides the elementwise ones.
pub(crate) const BUILTIN_FUNCTIONS: [&str; 29] = [
    "exp",
    "log",
    "sqrt",
    "rsqrt",
    "tanh",
    "sin",
    "cos",
    "erf",
    "abs",
    "floor",
    "ceil",
    "round",
    "sign",
    "pow",
    "max",
    "min",
    "bit_and",
    "bit_or",
    "bit_xor",
    "shift_left",
    "shift_right",
    "split",
    "concat",
    "top_k",
    "sort",
    "fold",
    "tokens",
    "given",
    "reveal",
];

impl Builtins {
    /// Declares them as the first meanings of a program.
    pub(crate) fn declare(program: &mut Program) -> (Builtins, HashMap<Name, MeaningId>) {
        let mut names = HashMap::new();
        let mut declare = |name: &str, base: Base, param: Option<&str>| {
            let name = Name::new(name);
            let param = param.map(|it| DimParam {
                name: Name::new(it),
                kind: None,
                rate: None,
                min: 1,
                origin: DimOrigin::Parameter,
                span: Span::NONE,
            });
            let id = program.meanings.push(Meaning {
                name,
                module: Name::new("std"),
                span: Span::NONE,
                parent: None,
                params: param.into_iter().collect(),
                base: Elem::plain(base),
            });
            names.insert(name, id);
            id
        };
        let builtins = Builtins {
            logits: declare("Logits", Base::F32, None),
            prob: declare("Prob", Base::F32, None),
            log_prob: declare("LogProb", Base::F32, None),
            mask: declare("Mask", Base::Bool, None),
            pad_mask: declare("PadMask", Base::Bool, None),
            token: declare("Token", Base::I32, Some("V")),
            index: declare("Index", Base::I32, Some("E")),
        };
        declare("Audio", Base::F32, None);
        (builtins, names)
    }
}

impl Builtins {
    /// Those of a program that was declared by an analysis.
    pub(crate) fn of(program: &Program) -> Option<Builtins> {
        let find = |name: &str| {
            let mut all = program.meanings.iter();
            let own = all.find(|(_, it)| it.name.as_str() == name && it.span == Span::NONE)?;
            Some(own.0)
        };
        Some(Builtins {
            logits: find("Logits")?,
            prob: find("Prob")?,
            log_prob: find("LogProb")?,
            mask: find("Mask")?,
            pad_mask: find("PadMask")?,
            token: find("Token")?,
            index: find("Index")?,
        })
    }
}

/// The kinds that some module may use.
pub(crate) fn kinds(modules: &[ModuleInput<'_>]) -> HashSet<Name> {
    let declared =
        modules.iter().flat_map(|module| &module.ast.items).flat_map(|item| match &item.kind {
            ast::ItemKind::Kinds(names) => names.as_slice(),
            _ => &[],
        });
    let own = KINDS.iter().copied().chain([RATE]).map(Name::new);
    own.chain(declared.map(|it| it.name)).collect()
}

/// Resolves the `use` lines of all modules.
pub(crate) fn imports(
    modules: &mut [Module<'_>],
    public: &HashSet<(usize, Name)>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let by_name: HashMap<Name, usize> =
        modules.iter().enumerate().map(|(i, module)| (module.name, i)).collect();
    for index in 0..modules.len() {
        let ast = modules[index].ast;
        for item in &ast.items {
            let ast::ItemKind::Use(import) = &item.kind else { continue };
            let (path, names) = split_use(import, &by_name);
            let path_name = dotted(path);
            let Some(&from) = by_name.get(&path_name) else {
                let known = modules.iter().map(|module| module.name.as_str());
                let near = nearest(path_name.as_str(), known);
                diagnostics.push(errors::unknown_module(item.span, path_name, near));
                poison(&mut modules[index], names);
                continue;
            };
            for name in names {
                let found = modules[from].symbols.get(&name.name).copied();
                match found {
                    Some((symbol, span)) => {
                        if !public.contains(&(from, name.name)) && from != index {
                            let module = modules[from].name;
                            diagnostics.push(errors::private(name, module, span));
                        }
                        let before = modules[index].symbols.insert(name.name, (symbol, name.span));
                        if let Some((other, first)) = before
                            && other != symbol
                        {
                            diagnostics.push(errors::duplicate(name, first));
                        }
                    }
                    // The language's own functions may be imported from the library by name.
                    None if BUILTIN_FUNCTIONS.contains(&name.as_str()) => {}
                    None => {
                        let module = modules[from].name;
                        let known: Vec<&str> = modules[from]
                            .symbols
                            .keys()
                            .filter(|it| public.contains(&(from, **it)))
                            .map(|it| it.as_str())
                            .collect();
                        let near = nearest(name.as_str(), known);
                        diagnostics.push(errors::unknown_import(name, module, near));
                        poison(&mut modules[index], std::slice::from_ref(name));
                    }
                }
            }
        }
    }
}

/// A failed import was reported once; its names are known as nothing.
fn poison(module: &mut Module<'_>, names: &[ast::Ident]) {
    for name in names {
        // An alias to no item: every use of it is passed over in silence.
        module.symbols.entry(name.name).or_insert((Symbol::Alias(usize::MAX, 0), name.span));
    }
}

fn dotted(path: &[ast::Ident]) -> Name {
    let parts: Vec<&str> = path.iter().map(|it| it.as_str()).collect();
    Name::new(&parts.join("."))
}

/// The module of a `use`, and the names it takes from there.
fn split_use<'u>(
    import: &'u ast::Use,
    modules: &HashMap<Name, usize>,
) -> (&'u [ast::Ident], &'u [ast::Ident]) {
    if let Some(names) = &import.names {
        return (&import.path, names);
    }
    match import.path.split_last() {
        Some((_, front)) if !front.is_empty() && !modules.contains_key(&dotted(&import.path)) => {
            (front, &import.path[front.len()..])
        }
        _ => (&import.path, &[]),
    }
}
