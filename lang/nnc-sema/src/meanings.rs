//! Meanings of elements: what `elem` declares, and where two of them meet.
//!
//! Meanings are ordered by forgetting: each has at most one above it, its parent, and
//! above all stand plain numbers. So two meanings that have one above both have a least
//! one; where branches join, the value means that.

use std::collections::{HashMap, HashSet};

use nnc_base::Name;
use nnc_hir::{Base, Elem, MeaningId, MeaningUse, Type};
use nnc_shape::Dim;
use nnc_syntax::ast;

use crate::cx::{Cx, Scope};
use crate::errors::{elements as errors, names as name_errors};
use crate::relation::{opposite, same_args};
use crate::scope::{KINDS, RATE, Symbol};

impl<'a> Cx<'a> {
    /// Names that the language has already, and tests that cannot be told apart.
    pub(crate) fn redeclared(&mut self) {
        for module in 0..self.modules.len() {
            let ast = self.modules[module].ast;
            let mut kinds: HashMap<Name, nnc_base::Span> = HashMap::new();
            let mut tests: HashMap<&str, nnc_base::Span> = HashMap::new();
            for item in &ast.items {
                let name = match &item.kind {
                    ast::ItemKind::Kinds(names) => {
                        for kind in names {
                            if kind.as_str() == RATE || KINDS.contains(&kind.as_str()) {
                                self.report(errors::built_in(kind, "kind"));
                            } else if let Some(first) = kinds.insert(kind.name, kind.span) {
                                self.report(name_errors::duplicate(kind, first));
                            }
                        }
                        continue;
                    }
                    ast::ItemKind::Test(test) => {
                        if let Some(first) = tests.insert(test.name.value.as_str(), test.name.span)
                        {
                            self.report(name_errors::duplicate_test(&test.name, first));
                        }
                        continue;
                    }
                    ast::ItemKind::Elem(it) => it.name,
                    ast::ItemKind::Type(it) => it.name,
                    ast::ItemKind::Struct(it) => it.name,
                    ast::ItemKind::Use(_)
                    | ast::ItemKind::Dims(_)
                    | ast::ItemKind::Const(_)
                    | ast::ItemKind::Fn(_)
                    | ast::ItemKind::Layer(_)
                    | ast::ItemKind::Space(_)
                    | ast::ItemKind::Checkpoint(_)
                    | ast::ItemKind::Export(_)
                    | ast::ItemKind::Model(_)
                    | ast::ItemKind::Error => continue,
                };
                if self.meanings.contains_key(&name.name) {
                    self.report(errors::built_in(&name, "element"));
                }
            }
        }
    }

    /// Parameters and parents of all declared meanings, and how they are stored.
    pub(crate) fn meaning_headers(&mut self) {
        let mut declared: Vec<(MeaningId, usize, &'a ast::Elem)> = Vec::new();
        for module in 0..self.modules.len() {
            let ast = self.modules[module].ast;
            for item in &ast.items {
                let ast::ItemKind::Elem(elem) = &item.kind else { continue };
                let Some(Symbol::Meaning(id)) = self.symbol(module, elem.name.name) else {
                    continue;
                };
                // A second declaration of the name was reported.
                if self.program.meanings[id].span == elem.name.span {
                    declared.push((id, module, elem));
                }
            }
        }
        let mut scopes = Vec::new();
        for (id, module, elem) in &declared {
            let mut scope = Scope::new(*module);
            self.program.meanings[*id].params = self.params(&mut scope, &elem.params);
            scopes.push(scope);
        }
        let mut stored: HashMap<MeaningId, Base> = HashMap::new();
        for ((id, _, elem), scope) in declared.iter().zip(&scopes) {
            let Some(parent) = &elem.parent else { continue };
            let Some(above) = self.elem(scope, parent) else { continue };
            if above.base == Base::Float {
                self.report(errors::float_parent(&elem.name, parent.span));
                continue;
            }
            let says_base = |arg: &ast::StaticArg| matches!(arg.value, ast::StaticValue::Type(_));
            if above.meaning.is_none() || parent.args.iter().any(says_base) {
                stored.insert(*id, above.base);
            }
            self.program.meanings[*id].parent = above.meaning;
        }
        self.endless_meanings(&declared);
        for (id, ..) in &declared {
            let mut above = Some(*id);
            while let Some(at) = above {
                if let Some(base) = stored.get(&at) {
                    self.program.meanings[*id].base = Elem::plain(base.clone());
                    break;
                }
                let it = &self.program.meanings[at];
                above = it.parent.as_ref().map(|parent| parent.id);
                if above.is_none() {
                    self.program.meanings[*id].base = it.base.clone();
                }
            }
        }
    }

    /// Reports meanings that are above themselves, and cuts them off there.
    fn endless_meanings(&mut self, declared: &[(MeaningId, usize, &ast::Elem)]) {
        let mut ends: HashSet<MeaningId> = HashSet::new();
        for (id, _, elem) in declared {
            let mut chain = vec![*id];
            let mut seen = HashSet::from([*id]);
            loop {
                let last = chain[chain.len() - 1];
                let parent = self.program.meanings[last].parent.as_ref();
                let Some(parent) = parent.map(|it| it.id).filter(|it| !ends.contains(it)) else {
                    break;
                };
                if parent == *id {
                    let names: Vec<_> =
                        chain.iter().map(|it| &self.program.meanings[*it]).collect();
                    let others: Vec<_> =
                        names.iter().skip(1).map(|it| (it.name, it.span)).collect();
                    self.report(errors::endless_meaning(&elem.name, &others));
                    self.program.meanings[*id].parent = None;
                    break;
                }
                if !seen.insert(parent) {
                    break;
                }
                chain.push(parent);
            }
            // Those of a chain that ends need no second look.
            if self.program.meanings[*id].parent.is_none() {
                ends.insert(*id);
            }
        }
    }

    /// A parameter of an element as it is given: a size, or a rate such as `16kHz`.
    pub(crate) fn meaning_arg(
        &mut self,
        scope: &Scope,
        param: Option<&nnc_hir::DimParam>,
        expr: &ast::Expr,
    ) -> Option<Dim> {
        let Some(param) = param else { return Some(self.dim(scope, expr)?.dim) };
        if let ast::ExprKind::Quantity { .. } = expr.kind {
            if !param.is_rate() {
                self.report(errors::parameter_kind(expr.span, param, "a rate"));
                return None;
            }
            let rate = self.rate(expr)?;
            let hertz = i64::try_from(rate.numerator).ok().filter(|_| rate.denominator == 1);
            if hertz.is_none() {
                self.report(errors::broken_rate(expr.span, rate));
            }
            return hertz.map(Dim::constant);
        }
        let size = self.dim(scope, expr)?;
        let is_rate = size.kind.is_some_and(|kind| kind.as_str() == RATE);
        if param.is_rate() && !is_rate {
            let given = match size.kind {
                Some(kind) => format!("a size of kind `{kind}`"),
                None => "a number without a unit".to_owned(),
            };
            self.report(errors::parameter_kind(expr.span, param, &given));
            return None;
        }
        if let (Some(wanted), Some(kind)) = (param.kind, size.kind)
            && wanted != kind
        {
            let given = format!("a size of kind `{kind}`");
            self.report(errors::parameter_kind(expr.span, param, &given));
            return None;
        }
        if size.dim.as_constant().is_some_and(|value| value < param.min) {
            self.report(errors::parameter_small(expr.span, param, &size.dim));
            return None;
        }
        Some(size.dim)
    }

    /// The nearest meaning that both are when something is forgotten: `Some(None)` for
    /// plain numbers. `None` where nothing may be forgotten: a mask and its opposite would
    /// meet in a bool that says nothing of which is which.
    pub(crate) fn join(
        &self,
        scope: &Scope,
        left: Option<&MeaningUse>,
        right: Option<&MeaningUse>,
    ) -> Option<Option<MeaningUse>> {
        let (Some(left), Some(right)) = (left, right) else { return Some(None) };
        if self.opposite(left, right) {
            return None;
        }
        Some(self.program.lineage(left).find(|above| {
            self.program
                .seen_as(right, above.id)
                .is_some_and(|it| same_args(&scope.facts, &above.args, &it.args))
        }))
    }

    /// What an element's meaning is as the one declared as `id`, which it is or is below.
    pub(crate) fn seen_as(&self, elem: &Elem, id: MeaningId) -> Option<MeaningUse> {
        self.program.seen_as(elem.meaning.as_ref()?, id)
    }

    /// What an element is an index into: as a `Token` or an `Index`.
    pub(crate) fn space_of(&self, elem: &Elem) -> Option<MeaningUse> {
        let token = self.seen_as(elem, self.builtins.token);
        token.or_else(|| self.seen_as(elem, self.builtins.index))
    }

    /// Whether one says which places are attended to and the other which are not.
    pub(crate) fn opposite(&self, left: &MeaningUse, right: &MeaningUse) -> bool {
        opposite(&self.program, self.builtins, left, right)
    }

    /// Two types as what both are: their meanings joined, part by part of a tuple. Types
    /// that differ in more than meanings stay as they are.
    pub(crate) fn join_types(&self, scope: &Scope, left: &mut Type, right: &mut Type) {
        match (left, right) {
            (Type::Tensor(left), Type::Tensor(right)) if left.elem.base == right.elem.base => {
                let (a, b) = (left.elem.meaning.as_ref(), right.elem.meaning.as_ref());
                if let Some(joined) = self.join(scope, a, b) {
                    right.elem.meaning.clone_from(&joined);
                    left.elem.meaning = joined;
                }
            }
            (Type::Tuple(left), Type::Tuple(right)) if left.len() == right.len() => {
                for (left, right) in left.iter_mut().zip(right) {
                    self.join_types(scope, left, right);
                }
            }
            _ => {}
        }
    }
}
