//! What the whole analysis holds while it runs.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use nnc_base::{Diagnostic, Name, Span};
use nnc_hir::{
    Condition, ConfigKind, Elem, Function, FunctionId, Layer, LayerId, MeaningId, Program, Rate,
};
use nnc_shape::{Dim, Facts};

use crate::body::{Candidate, Handed, Replacing};
use crate::collect::item_name;
use crate::recursion::Step;
use crate::scope::{Builtins, Module, Place, Symbol};

/// More unknown names than this are not held against all others.
const MOST_SUGGESTIONS: usize = 200;

/// The state of the analysis: the program as far as it is known, and the messages.
pub(crate) struct Cx<'a> {
    pub(crate) program: Program,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) modules: Vec<Module<'a>>,
    pub(crate) kinds: HashSet<Name>,
    pub(crate) builtins: Builtins,
    pub(crate) meanings: HashMap<Name, MeaningId>,
    /// Where each layer, function, struct and checkpoint is declared, by its id.
    pub(crate) layer_places: Vec<Place>,
    pub(crate) function_places: Vec<Place>,
    pub(crate) struct_places: Vec<Place>,
    pub(crate) checkpoint_places: Vec<Place>,
    /// Sizes and facts inside each layer.
    pub(crate) layer_scopes: Vec<Rc<Scope>>,
    /// Sizes and facts at the start of each function, until its body is checked.
    pub(crate) function_scopes: Vec<Option<Scope>>,
    pub(crate) progress: Vec<Progress>,
    /// What each dim of a message was declared as, such as `Dh` for `D // N`, is
    /// found in the scope at hand; here are constants that are being evaluated.
    pub(crate) constants_open: Vec<(usize, usize)>,
    pub(crate) aliases_open: Vec<(usize, usize)>,
    pub(crate) functions_open: Vec<FunctionId>,
    /// Candidates of holes, to be checked when signatures are known.
    pub(crate) candidates: Vec<Candidate>,
    /// What stands in the place of parameters, to be checked when signatures are known.
    pub(crate) replacements: Vec<Replacing<'a>>,
    /// What is handed to layers, to be checked when signatures are known.
    pub(crate) handed: Vec<Handed>,
    /// What layers take where nothing is handed in.
    pub(crate) defaults: Vec<crate::handed::Default>,
    /// Whether the header or a field of a layer is looked at.
    pub(crate) header: bool,
    /// Dims that were said to be unknown, by module.
    pub(crate) unknown_dims: HashSet<(usize, Name)>,
    /// For how many unknown names others were looked for.
    pub(crate) suggestions: usize,
    /// The module of each public item, found when a name is not known for the first time.
    pub(crate) exports: Option<HashMap<Name, Name>>,
    /// The holes, for questions about what fits into them.
    pub(crate) open_holes: Vec<crate::questions::fill::OpenHole>,
    /// Where a question is asked about layers, and not a program checked: what had to be
    /// taken as given for the answer. While checking, nothing is.
    pub(crate) assumed: Option<Vec<Condition>>,
    /// Which layer contains which, and which function calls which.
    pub(crate) contained: Vec<Step>,
    pub(crate) called: Vec<Step>,
    /// Each cast, with the element of the value if it was that of the cast wherever it was
    /// checked.
    pub(crate) idle_casts: BTreeMap<Span, Option<Elem>>,
    /// What each function knows of its sizes when it is entered.
    pub(crate) entry_facts: HashMap<FunctionId, Facts>,
}

/// How far the check of a function's body is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Waiting,
    Running,
    Done,
}

/// A size that has a name, or the value of a size expression.
#[derive(Clone, Debug)]
pub(crate) struct Size {
    pub(crate) dim: Dim,
    pub(crate) kind: Option<Name>,
    pub(crate) rate: Option<Rate>,
}

/// What is said of a variable of dims.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VarInfo {
    pub(crate) kind: Option<Name>,
    pub(crate) rate: Option<Rate>,
    pub(crate) span: Span,
    /// Whether each call chooses it, so that the body may not fix its value.
    pub(crate) quantified: bool,
}

/// The sizes that can be named at some place, and what is known of them.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) module: usize,
    pub(crate) names: HashMap<Name, Size>,
    /// By the variable's name in dims.
    pub(crate) vars: HashMap<Name, VarInfo>,
    /// The float and bool configs of the layer.
    pub(crate) configs: HashMap<Name, ConfigKind>,
    /// Values that bool configs are known to have here.
    pub(crate) known_configs: Vec<(Name, bool)>,
    /// Those of the names that are parameters of a declaration: each use chooses them, and no
    /// call does.
    pub(crate) parameters: HashSet<Name>,
    /// The optional parameters of the function, and which are known to be given or not.
    pub(crate) optional: HashSet<Name>,
    pub(crate) known_given: Vec<(Name, bool)>,
    /// Names for sizes, for messages.
    pub(crate) aliases: Vec<(Name, Dim)>,
    pub(crate) facts: Facts,
}

impl Scope {
    pub(crate) fn new(module: usize) -> Scope {
        Scope {
            module,
            names: HashMap::new(),
            vars: HashMap::new(),
            configs: HashMap::new(),
            known_configs: Vec::new(),
            parameters: HashSet::new(),
            optional: HashSet::new(),
            known_given: Vec::new(),
            aliases: Vec::new(),
            facts: Facts::default(),
        }
    }

    /// Makes a variable of this name known, and the name stand for it.
    pub(crate) fn declare(&mut self, name: Name, info: VarInfo, min: i64) {
        self.names.insert(name, Size { dim: Dim::var(name), kind: info.kind, rate: info.rate });
        self.vars.insert(name, info);
        self.facts.declare(name, min, None);
    }

    /// The kind that a size has by its variables: theirs, if they have only one.
    pub(crate) fn kind_of(&self, dim: &Dim) -> Option<Name> {
        let mut kinds =
            dim.vars().into_iter().filter_map(|name| self.vars.get(&name)).filter_map(|it| it.kind);
        let first = kinds.next()?;
        kinds.all(|kind| kind == first).then_some(first)
    }

    /// The rate that a size has: that of its only rated variable, times how much it
    /// grows with it.
    pub(crate) fn rate_of(&self, dim: &Dim) -> Option<Rate> {
        let vars = dim.vars();
        let mut rated = vars.iter().filter_map(|name| Some((*name, self.vars.get(name)?.rate?)));
        let (var, rate) = rated.next()?;
        if rated.next().is_some() {
            return None;
        }
        if dim.as_var().is_some() {
            return Some(rate);
        }
        // Far apart and divisible by every usual hop, so that floors are exact.
        const STEP: i64 = 3_603_600 * 1_600;
        let at = |value: i64| dim.eval(&|name| (name == var).then_some(value));
        let growth = at(2 * STEP)?.checked_sub(at(STEP)?)?;
        let numerator = rate.numerator.checked_mul(u64::try_from(growth).ok()?)?;
        Rate::new(numerator, rate.denominator.checked_mul(STEP as u64)?)
    }

    /// A size that is not written as a name, with the kind and rate it has.
    pub(crate) fn size(&self, dim: Dim) -> Size {
        let (kind, rate) = (self.kind_of(&dim), self.rate_of(&dim));
        Size { dim, kind, rate }
    }

    /// A size in the fewest words: as the variable that it is equal to, if there is one.
    ///
    /// With `Dh == D / N` and `Dh == 2*U`, `N*Dh` is `D` and no longer `2*N*U`.
    pub(crate) fn shortest(&self, dim: &Dim) -> Dim {
        let dim = self.facts.normalise(dim);
        if dim.as_constant().is_some() || dim.as_var().is_some() {
            return dim;
        }
        let mut names: Vec<Name> = self.vars.keys().copied().collect();
        names.sort();
        let equal = names.into_iter().map(Dim::var).find(|var| self.facts.normalise(var) == dim);
        equal.unwrap_or(dim)
    }

    /// A size as a message writes it: by its name, if it has one here.
    pub(crate) fn show(&self, dim: &Dim) -> String {
        let name = self.aliases.iter().find(|(_, value)| value == dim);
        match name {
            Some((name, _)) if dim.as_constant().is_none() => name.to_string(),
            _ => dim.to_string(),
        }
    }
}

impl Cx<'_> {
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    pub(crate) fn symbol(&self, module: usize, name: Name) -> Option<Symbol> {
        self.modules[module].symbols.get(&name).map(|(symbol, _)| *symbol)
    }

    /// Whether a name that was meant is still looked for. To hold a name against all others
    /// takes time, and a program with so many unknown names has another mistake.
    pub(crate) fn suggests(&mut self) -> bool {
        self.suggestions += 1;
        self.suggestions <= MOST_SUGGESTIONS
    }

    /// The module that has a public item of this name, if one has: the first.
    pub(crate) fn exported(&mut self, name: Name) -> Option<Name> {
        let modules = &self.modules;
        let exports = self.exports.get_or_insert_with(|| {
            let mut exports = HashMap::new();
            for module in modules {
                let public = module.ast.items.iter().filter(|item| item.public);
                for name in public.filter_map(|item| item_name(&item.kind)) {
                    exports.entry(name.name).or_insert(module.name);
                }
            }
            exports
        });
        exports.get(&name).copied()
    }

    pub(crate) fn layer(&self, id: LayerId) -> &Layer {
        &self.program.layers[id]
    }

    pub(crate) fn function(&self, id: FunctionId) -> &Function {
        &self.program.functions[id]
    }
}
