//! Models, exports and tests: what the world sees of a program.

use nnc_base::{Name, Span};
use nnc_hir::{
    Bound, CompareOp, Condition, ConfigKind, Entry, Export, FunctionId, LayerUse, Model, Test,
};
use nnc_shape::Dim;
use nnc_syntax::ast;

use crate::body::{check_test, condition_of};
use crate::cx::{Cx, Scope, VarInfo};
use crate::dims::{assume, prove, question};
use crate::errors::{functions as function_errors, handed, models as errors, names as name_errors};
use crate::rewrites;
use crate::scope::{Place, Symbol, nearest};

impl<'a> Cx<'a> {
    pub(crate) fn finish_items(&mut self) {
        for module in 0..self.modules.len() {
            let ast = self.modules[module].ast;
            for (index, item) in ast.items.iter().enumerate() {
                match &item.kind {
                    ast::ItemKind::Export(export) => self.export(module, export, item.span),
                    ast::ItemKind::Model(model) => self.model(module, model, item.span),
                    ast::ItemKind::Test(test) => self.test(module, index, test, item.span),
                    _ => {}
                }
            }
        }
    }

    fn test(&mut self, module: usize, item: usize, test: &'a ast::Test, span: Span) {
        let place = Place { module, item, member: None };
        let owner = self.program.layers.ids().find(|id| self.layer_places[id.index()] == place);
        let id = self.declare_function(place, None, test.name.span, String::new(), owner);
        check_test(self, module, id, &test.body);
        self.program.tests.push(Test { name: test.name.value.clone(), span, function: id });
    }

    fn export(&mut self, module: usize, export: &ast::Export, span: Span) {
        let (layer, function) = match self.symbol(module, export.target.name) {
            Some(Symbol::Layer(id)) => {
                let Some(function) = self.layer_function(id, export.function, export.target.span)
                else {
                    return;
                };
                (Some(id), function)
            }
            Some(Symbol::Function(id)) if export.function.is_none() => (None, id),
            Some(Symbol::Alias(usize::MAX, _)) => return,
            _ => {
                let known = self.modules[module].symbols.keys().map(|it| it.as_str());
                let near = nearest(export.target.as_str(), known.collect::<Vec<_>>());
                self.report(errors::unknown_target(
                    export.target.span,
                    export.target.as_str(),
                    near,
                ));
                return;
            }
        };
        let takes = |it: &&nnc_hir::Config| it.kind == ConfigKind::Layer && it.default.is_none();
        let taken = layer.and_then(|id| self.layer(id).configs.iter().find(takes));
        if let (Some(id), Some(config)) = (layer, taken) {
            let (at, name) = (export.target.span, self.layer(id).name);
            self.report(handed::exported(at, name, &config.clone()));
            return;
        }
        let name = export.name.or(export.function).unwrap_or(export.target);
        let used = layer.map(|id| self.own_use(id));
        let entry =
            self.entry(module, name.name, span, function, used.as_ref(), &export.facts, false);
        if let Some(entry) = entry {
            let module = self.modules[module].name;
            self.program.exports.push(Export { module, layer, entry });
        }
    }

    fn layer_function(
        &mut self,
        layer: nnc_hir::LayerId,
        function: Option<ast::Ident>,
        at: Span,
    ) -> Option<FunctionId> {
        let found = match function {
            None => self.layer(layer).main,
            Some(name) => {
                let functions = &self.layer(layer).functions;
                functions.iter().copied().find(|id| self.function(*id).name == Some(name.name))
            }
        };
        if found.is_none() {
            let functions = &self.layer(layer).functions;
            let names: Vec<&str> = functions
                .iter()
                .filter_map(|id| self.function(*id).name)
                .map(|it| it.as_str())
                .collect();
            let near = function.and_then(|name| nearest(name.as_str(), names));
            let layer = self.layer(layer);
            let (name, span, main) = (layer.name, layer.span, layer.main.is_some());
            let at = function.map_or(at, |it| it.span);
            let wanted = function.map(|it| it.name);
            self.report(errors::no_function(at, wanted, (name, span), main, near));
        }
        found
    }

    fn model(&mut self, module: usize, model: &ast::Model, span: Span) {
        let scope = Scope::new(module);
        let open = model.layer.args.iter().find_map(|arg| match &arg.value {
            ast::StaticValue::Expr(expr) => self.open_size(module, expr),
            ast::StaticValue::Type(_) => None,
        });
        if let Some(name) = open {
            self.report(errors::not_constant(name.span, model.layer.name.name, name.as_str()));
            return;
        }
        let module_name = self.modules[module].name;
        let same = |it: &&Model| it.name == model.name.name && it.module == module_name;
        if let Some(first) = self.program.models.iter().find(same).map(|it| it.span) {
            self.report(name_errors::duplicate(&model.name, first));
        }
        let Some(used) = self.layer_use(None, &scope, &model.layer) else { return };
        if let [first, second, ..] = model.weights.as_slice() {
            self.report(errors::second_weights(second.span, first.span));
        }
        let checkpoint =
            model.weights.first().and_then(|name| self.model_weights(module, &used, name));
        let chosen = self.chosen(&used, &model.chosen);
        let mut rewrites = Vec::new();
        for written in &model.rewrites {
            match rewrites::rewrite(written) {
                Ok(rewrite) => rewrites.push(rewrite),
                Err(diagnostic) => self.report(*diagnostic),
            }
        }
        let mut entries = Vec::new();
        for (index, entry) in model.entries.iter().enumerate() {
            let same = |it: &&ast::Entry| it.name.name == entry.name.name;
            if let Some(first) = model.entries[..index].iter().find(same) {
                self.report(name_errors::duplicate(&entry.name, first.name.span));
                continue;
            }
            let Some(function) = self.layer_function(used.layer, entry.function, entry.span) else {
                continue;
            };
            entries.extend(self.entry(
                module,
                entry.name.name,
                entry.span,
                function,
                Some(&used),
                &entry.facts,
                true,
            ));
        }
        self.program.models.push(Model {
            name: model.name.name,
            module: self.modules[module].name,
            span,
            layer: used,
            checkpoint,
            chosen,
            rewrites,
            entries,
        });
    }

    /// A dim of the file in a size of a model, which has no value there.
    fn open_size(&self, module: usize, expr: &ast::Expr) -> Option<ast::Ident> {
        match &expr.kind {
            ast::ExprKind::Name(name) => {
                self.modules[module].dims.contains_key(&name.name).then_some(*name)
            }
            ast::ExprKind::Unary { operand, .. } => self.open_size(module, operand),
            ast::ExprKind::Binary { left, right, .. } => {
                self.open_size(module, left).or_else(|| self.open_size(module, right))
            }
            _ => None,
        }
    }

    fn model_weights(
        &mut self,
        module: usize,
        used: &LayerUse,
        name: &ast::Ident,
    ) -> Option<nnc_hir::CheckpointId> {
        let Some(Symbol::Checkpoint(id)) = self.symbol(module, name.name) else {
            let known = self.program.checkpoints.values().map(|it| it.name.as_str());
            let near = nearest(name.as_str(), known);
            self.report(errors::unknown_weights(name.span, name.as_str(), near));
            return None;
        };
        let block = &self.program.checkpoints[id];
        let (layer, span) = (block.layer, block.span);
        if layer != used.layer && self.program.layers.get(layer).is_some() {
            let names = (self.layer(used.layer).name, self.layer(layer).name);
            self.report(errors::weights_layer(name.span, names.0, names.1, span));
            return None;
        }
        Some(id)
    }

    /// An entry with its promises: bounds of its sizes, and the function's facts.
    #[expect(clippy::too_many_arguments, reason = "models and exports share it")]
    fn entry(
        &mut self,
        module: usize,
        name: Name,
        span: Span,
        function: FunctionId,
        used: Option<&LayerUse>,
        written: &[ast::Expr],
        bounded: bool,
    ) -> Option<Entry> {
        if let Some(param) = self.function_param(function) {
            self.report(function_errors::at_the_entry(span, name, param));
            return None;
        }
        let mut scope = Scope::new(module);
        let dims = self.function(function).dims.clone();
        if let Some(used) = used {
            let layer = self.layer(used.layer);
            for (param, dim) in layer.params.iter().zip(&used.dims) {
                let info = VarInfo {
                    kind: param.kind,
                    rate: param.rate,
                    span: param.span,
                    quantified: true,
                };
                scope.declare(param.name, info, param.min);
                if dim.as_constant().is_some() {
                    scope.facts.assume_equal(&Dim::var(param.name), dim);
                }
            }
            for (config, value) in layer.configs.iter().zip(&used.configs) {
                if let nnc_hir::ConfigValue::Dim(dim) = value {
                    let info =
                        VarInfo { kind: None, rate: None, span: config.span, quantified: true };
                    scope.declare(config.name, info, 0);
                    if dim.as_constant().is_some() {
                        scope.facts.assume_equal(&Dim::var(config.name), dim);
                    }
                }
            }
            for fact in layer.facts.clone() {
                assume(&mut scope, &fact, true);
            }
        }
        let optional = self.function(function).params.iter().filter(|it| it.optional);
        scope.optional = optional.map(|it| it.name).collect();
        for dim in &dims {
            let info = VarInfo { kind: dim.kind, rate: dim.rate, span: dim.span, quantified: true };
            scope.declare(dim.name, info, dim.min);
        }
        let mut facts = Vec::new();
        let mut ok = true;
        for fact in written {
            if let Some(unknown) = unknown_size(&scope, fact) {
                let known: Vec<Name> = dims.iter().map(|dim| dim.name).collect();
                self.report(errors::unknown_size(&unknown, name, &known));
                ok = false;
                continue;
            }
            match self.condition(&scope, fact) {
                Some(fact) => facts.push(fact),
                None => ok = false,
            }
        }
        for fact in &facts {
            assume(&mut scope, fact, true);
        }
        if !ok {
            return None;
        }
        let mut bounds = Vec::new();
        for dim in &dims {
            let (low, high) = scope.facts.range(&Dim::var(dim.name));
            let function_name = self.function(function).name.unwrap_or(name);
            if bounded && high.is_none() && !self.is_limited(function, dim) {
                self.report(errors::open_dim(span, function_name, dim.name, dim.span));
                continue;
            }
            bounds.push(Bound { dim: dim.name, min: low.unwrap_or(dim.min), max: high });
        }
        self.entry_facts(&scope, function, used, span, bounded, name);
        Some(Entry { name, span, function, bounds, facts })
    }

    /// Lengths of state are bounded by the struct.
    fn is_limited(&self, function: FunctionId, dim: &nnc_hir::DimParam) -> bool {
        let nnc_hir::DimOrigin::Length { param, .. } = dim.origin else { return false };
        self.function(function).params.get(param as usize).is_some()
    }

    /// What the function asks for follows from the entry, or is checked when it is called:
    /// a fact that names lengths of state or more than one open size.
    fn entry_facts(
        &mut self,
        scope: &Scope,
        function: FunctionId,
        used: Option<&LayerUse>,
        span: Span,
        bounded: bool,
        name: Name,
    ) {
        let declared = self.function(function).span;
        for fact in self.function(function).facts.clone() {
            let here = match used {
                Some(used) if bounded => condition_of(self.layer(used.layer), used, &fact),
                _ => fact.clone(),
            };
            if prove(scope, &here) == Some(true) {
                continue;
            }
            let Condition::Compare(op, left, right) = &here else { continue };
            // An equality with a constant is a promise that sizes are not open, and a bound
            // is one that they are not greater; what they are at least, and what divides
            // them, is checked when the entry is called.
            let limits = match op {
                CompareOp::Eq => true,
                CompareOp::Le | CompareOp::Lt => right.as_constant().is_some(),
                CompareOp::Ge | CompareOp::Gt => left.as_constant().is_some(),
                CompareOp::Ne => false,
            };
            let constant = left.as_constant().is_some() || right.as_constant().is_some();
            let single = left.vars().len() + right.vars().len() == 1;
            if limits && constant && single && left.as_var().or(right.as_var()).is_some() {
                let question = question(*op, left, right);
                let answer = question.map(|it| scope.facts.ask(&it));
                let witness = match answer.unwrap_or(nnc_shape::Answer::Proven) {
                    nnc_shape::Answer::Refuted(it) => it,
                    nnc_shape::Answer::Unproven { witness, .. } => witness,
                    nnc_shape::Answer::Proven => None,
                };
                let witness = witness.map(|it| it.to_string());
                self.report(errors::requires(span, name, &here.to_string(), witness, declared));
            }
        }
    }

    /// Names in a `use` that stand for nothing have been reported; this looks at the rest.
    pub(crate) fn unused_main(&mut self) {
        for id in self.program.layers.ids().collect::<Vec<_>>() {
            let layer = self.layer(id);
            let clash = layer.fields.iter().find(|field| {
                layer.functions.iter().any(|it| self.function(*it).name == Some(field.name))
            });
            if let Some(field) = clash {
                let ident = ast::Ident { name: field.name, span: field.span };
                let span = layer.span;
                self.report(name_errors::duplicate(&ident, span));
            }
        }
    }
}

/// A name in a fact of an entry that is no size there.
fn unknown_size(scope: &Scope, fact: &ast::Expr) -> Option<ast::Ident> {
    match &fact.kind {
        ast::ExprKind::Name(name) => {
            let known = scope.names.contains_key(&name.name);
            (!known && name.is_capital()).then_some(*name)
        }
        ast::ExprKind::Unary { operand, .. } => unknown_size(scope, operand),
        ast::ExprKind::Binary { left, right, .. } => {
            unknown_size(scope, left).or_else(|| unknown_size(scope, right))
        }
        _ => None,
    }
}
