//! Declares what all modules contain, so that order in the text does not matter.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use nnc_base::{Name, Span};
use nnc_hir::{
    Base, Block, Checkpoint, Expr, ExprKind, Function, Layer, Program, Struct, StructField, Type,
};
use nnc_shape::Dim;
use nnc_syntax::ast;

use crate::ModuleInput;
use crate::cx::{Cx, Progress, Scope, VarInfo};
use crate::errors::names as errors;
use crate::scope::{self, Builtins, FileDim, Module, Place, Symbol, nearest};

impl<'a> Cx<'a> {
    /// Ids for all items, and what names stand for in each module.
    pub(crate) fn declare(inputs: &'a [ModuleInput<'a>]) -> Cx<'a> {
        let mut program = Program::default();
        let (builtins, meanings) = Builtins::declare(&mut program);
        let mut cx = Cx {
            program,
            diagnostics: Vec::new(),
            modules: Vec::new(),
            kinds: scope::kinds(inputs),
            builtins,
            meanings,
            layer_places: Vec::new(),
            function_places: Vec::new(),
            struct_places: Vec::new(),
            checkpoint_places: Vec::new(),
            layer_scopes: Vec::new(),
            function_scopes: Vec::new(),
            progress: Vec::new(),
            constants_open: Vec::new(),
            aliases_open: Vec::new(),
            functions_open: Vec::new(),
            candidates: Vec::new(),
            replacements: Vec::new(),
            handed: Vec::new(),
            defaults: Vec::new(),
            header: false,
            unknown_dims: HashSet::new(),
            suggestions: 0,
            exports: None,
            open_holes: Vec::new(),
            assumed: None,
            contained: Vec::new(),
            called: Vec::new(),
            idle_casts: BTreeMap::new(),
            entry_facts: HashMap::new(),
        };
        let mut public = HashSet::new();
        for (index, input) in inputs.iter().enumerate() {
            let name = Name::new(input.path);
            cx.modules.push(Module {
                name,
                ast: input.ast,
                symbols: HashMap::new(),
                dims: HashMap::new(),
            });
            for (item, declared) in input.ast.items.iter().enumerate() {
                let before = cx.modules[index].symbols.len();
                cx.declare_item(index, item, declared);
                if declared.public || matches!(declared.kind, ast::ItemKind::Elem(_)) {
                    let names = &cx.modules[index].symbols;
                    if names.len() > before
                        && let Some(name) = item_name(&declared.kind)
                    {
                        public.insert((index, name.name));
                    }
                }
            }
        }
        scope::imports(&mut cx.modules, &public, &mut cx.diagnostics);
        for index in 0..cx.modules.len() {
            cx.declare_dims(index);
        }
        cx
    }

    fn declare_item(&mut self, module: usize, item: usize, declared: &'a ast::Item) {
        let place = Place { module, item, member: None };
        let module_name = self.modules[module].name;
        let doc = declared.docs.clone().unwrap_or_default();
        let symbol = match &declared.kind {
            ast::ItemKind::Elem(elem) => {
                let id = self.program.meanings.push(nnc_hir::Meaning {
                    name: elem.name.name,
                    module: module_name,
                    span: elem.name.span,
                    parent: None,
                    params: Vec::new(),
                    base: nnc_hir::Elem::plain(Base::F32),
                });
                Symbol::Meaning(id)
            }
            ast::ItemKind::Type(_) => Symbol::Alias(module, item),
            ast::ItemKind::Const(_) => Symbol::Const(module, item),
            ast::ItemKind::Fn(function) => Symbol::Function(self.declare_function(
                place,
                function.name.map(|it| it.name),
                function.signature_span,
                doc,
                None,
            )),
            ast::ItemKind::Struct(it) => {
                self.struct_places.push(place);
                Symbol::Struct(self.program.structs.push(Struct {
                    name: it.name.name,
                    module: module_name,
                    span: it.name.span,
                    params: Vec::new(),
                    fields: Vec::new(),
                }))
            }
            ast::ItemKind::Layer(layer) => {
                Symbol::Layer(self.declare_layer(place, layer.name, doc, &layer.members, false))
            }
            ast::ItemKind::Space(space) => {
                Symbol::Layer(self.declare_layer(place, space.name, doc, &space.members, true))
            }
            ast::ItemKind::Checkpoint(checkpoint) => {
                self.checkpoint_places.push(place);
                Symbol::Checkpoint(self.program.checkpoints.push(Checkpoint {
                    name: checkpoint.name.name,
                    span: checkpoint.name.span,
                    layer: nnc_hir::LayerId::from_raw(u32::MAX),
                    rows: Vec::new(),
                    ignored: Vec::new(),
                }))
            }
            ast::ItemKind::Test(test) => {
                // Its layers are fields of one that has no name of its own.
                if !test.layers.is_empty() {
                    let name = Name::new(&format!("test {:?}", test.name.value));
                    let name = ast::Ident { name, span: test.name.span };
                    self.declare_layer(place, name, doc, &test.layers, false);
                }
                return;
            }
            ast::ItemKind::Use(_)
            | ast::ItemKind::Dims(_)
            | ast::ItemKind::Kinds(_)
            | ast::ItemKind::Export(_)
            | ast::ItemKind::Model(_)
            | ast::ItemKind::Error => return,
        };
        let Some(name) = item_name(&declared.kind) else { return };
        let before = self.modules[module].symbols.insert(name.name, (symbol, name.span));
        if let Some((_, first)) = before {
            self.report(errors::duplicate(&name, first));
        }
    }

    fn declare_layer(
        &mut self,
        place: Place,
        name: ast::Ident,
        doc: String,
        members: &'a [ast::Member],
        space: bool,
    ) -> nnc_hir::LayerId {
        let id = self.program.layers.push(Layer {
            name: name.name,
            module: self.modules[place.module].name,
            doc,
            span: name.span,
            params: Vec::new(),
            configs: Vec::new(),
            aliases: Vec::new(),
            facts: Vec::new(),
            fields: Vec::new(),
            functions: Vec::new(),
            main: None,
            space,
            taken_by: None,
        });
        self.layer_places.push(place);
        self.layer_scopes.push(Rc::new(Scope::new(place.module)));
        let mut names: HashMap<Name, Span> = HashMap::new();
        for (index, member) in members.iter().enumerate() {
            let ast::MemberKind::Fn(function) = &member.kind else { continue };
            let doc = member.docs.clone().unwrap_or_default();
            let place = Place { member: Some(index), ..place };
            let function_id = self.declare_function(
                place,
                function.name.map(|it| it.name),
                function.signature_span,
                doc,
                Some(id),
            );
            self.program.layers[id].functions.push(function_id);
            match function.name {
                None if self.program.layers[id].main.is_some() => {
                    let first = self.function_span(id);
                    self.report(errors::second_main(function.signature_span, first));
                }
                None => self.program.layers[id].main = Some(function_id),
                Some(name) => {
                    if let Some(first) = names.insert(name.name, name.span) {
                        self.report(errors::duplicate(&name, first));
                    }
                }
            }
        }
        id
    }

    fn function_span(&self, layer: nnc_hir::LayerId) -> Span {
        let main = self.program.layers[layer].main;
        main.map_or(Span::NONE, |id| self.program.functions[id].span)
    }

    /// A function without its signature, which needs all names to be known.
    pub(crate) fn declare_function(
        &mut self,
        place: Place,
        name: Option<Name>,
        span: Span,
        doc: String,
        owner: Option<nnc_hir::LayerId>,
    ) -> nnc_hir::FunctionId {
        let id = self.program.functions.push(Function {
            name,
            module: self.modules[place.module].name,
            doc,
            span,
            owner,
            dims: Vec::new(),
            pack: false,
            float: false,
            params: Vec::new(),
            result: Type::Error,
            result_names: Vec::new(),
            facts: Vec::new(),
            locals: Default::default(),
            index_vars: Default::default(),
            body: empty_block(span),
        });
        self.function_places.push(place);
        self.function_scopes.push(None);
        self.progress.push(Progress::Waiting);
        id
    }

    fn declare_dims(&mut self, module: usize) {
        let ast = self.modules[module].ast;
        for item in &ast.items {
            let ast::ItemKind::Dims(dims) = &item.kind else { continue };
            for dim in dims {
                let kind = self.kind(dim.kind);
                let rate = dim.rate.as_ref().and_then(|rate| self.rate(rate));
                let min = self.least(module, dim.at_least.as_ref());
                let declared = FileDim { kind, rate, min, span: dim.name.span };
                let before = self.modules[module].dims.insert(dim.name.name, declared);
                if let Some(before) = before {
                    self.report(errors::duplicate(&dim.name, before.span));
                }
            }
        }
    }

    pub(crate) fn kind(&mut self, kind: Option<ast::Ident>) -> Option<Name> {
        let kind = kind?;
        if self.kinds.contains(&kind.name) {
            return Some(kind.name);
        }
        let near = nearest(kind.as_str(), self.kinds.iter().map(|it| it.as_str()));
        self.report(errors::unknown_kind(&kind, near));
        None
    }

    /// The least value that a declaration gives a dim.
    pub(crate) fn least(&mut self, module: usize, expr: Option<&ast::Expr>) -> i64 {
        let Some(expr) = expr else { return 1 };
        let size = self.dim(&Scope::new(module), expr);
        size.and_then(|it| it.dim.as_constant()).unwrap_or(1)
    }

    /// Meanings' parents, structs and layers: all but functions.
    pub(crate) fn headers(&mut self) {
        self.meaning_headers();
        for id in self.program.structs.ids().collect::<Vec<_>>() {
            self.struct_header(id);
        }
        for id in self.program.layers.ids().collect::<Vec<_>>() {
            self.layer_header(id);
        }
        for id in self.program.layers.ids().collect::<Vec<_>>() {
            self.layer_fields(id);
        }
        self.hand_defaults();
        self.endless_layers();
        for id in self.program.functions.ids().collect::<Vec<_>>() {
            self.signature(id);
        }
    }

    /// Declares the sizes in `<…>`.
    pub(crate) fn params(
        &mut self,
        scope: &mut Scope,
        params: &[ast::DimDecl],
    ) -> Vec<nnc_hir::DimParam> {
        let mut result: Vec<nnc_hir::DimParam> = Vec::new();
        for param in params {
            let file = self.modules[scope.module].dims.get(&param.name.name).copied();
            let own = self.kind(param.kind);
            let rate = param.rate.as_ref().and_then(|rate| self.rate(rate));
            let least =
                param.at_least.as_ref().map(|_| self.least(scope.module, param.at_least.as_ref()));
            let info = VarInfo {
                kind: own.or(file.and_then(|it| it.kind)),
                rate: rate.or(file.and_then(|it| it.rate)),
                span: param.name.span,
                quantified: true,
            };
            let min = least.or(file.map(|it| it.min)).unwrap_or(1);
            if let Some(before) = result.iter().find(|it| it.name == param.name.name) {
                let first = before.span;
                self.report(errors::duplicate(&param.name, first));
                continue;
            }
            scope.declare(param.name.name, info, min);
            scope.parameters.insert(param.name.name);
            result.push(nnc_hir::DimParam {
                name: param.name.name,
                kind: info.kind,
                rate: info.rate,
                min,
                origin: nnc_hir::DimOrigin::Parameter,
                span: param.name.span,
            });
        }
        result
    }

    fn struct_header(&mut self, id: nnc_hir::StructId) {
        let place = self.struct_places[id.index()];
        let ast::ItemKind::Struct(it) = &self.modules[place.module].ast.items[place.item].kind
        else {
            return;
        };
        let mut scope = Scope::new(place.module);
        let params = self.params(&mut scope, &it.params);
        let mut fields: Vec<StructField> = Vec::new();
        for field in &it.fields {
            for name in &field.names {
                let (ty, at_most) = match &field.ty.kind {
                    ast::TypeKind::Dim { bound } => {
                        let at_most = bound.as_ref().and_then(|bound| {
                            let limit = self.dim(&scope, &bound.value)?.dim;
                            match bound.op {
                                ast::BinaryOp::LessEqual => Some(limit),
                                ast::BinaryOp::Less => Some(&limit - &Dim::constant(1)),
                                _ => None,
                            }
                        });
                        (Type::Dim(Dim::var(name.name)), at_most)
                    }
                    _ => (self.ty(&scope, &field.ty), None),
                };
                let same = |it: &&StructField| it.name == name.name;
                if let Some(first) = fields.iter().find(same).map(|it| it.span) {
                    self.report(errors::duplicate(name, first));
                    continue;
                }
                fields.push(StructField { name: name.name, span: name.span, ty, at_most });
            }
        }
        self.program.structs[id].params = params;
        self.program.structs[id].fields = fields;
    }
}

pub(crate) fn item_name(kind: &ast::ItemKind) -> Option<ast::Ident> {
    match kind {
        ast::ItemKind::Elem(it) => Some(it.name),
        ast::ItemKind::Type(it) => Some(it.name),
        ast::ItemKind::Const(it) => Some(it.name),
        ast::ItemKind::Fn(it) => it.name,
        ast::ItemKind::Struct(it) => Some(it.name),
        ast::ItemKind::Layer(it) => Some(it.name),
        ast::ItemKind::Space(it) => Some(it.name),
        ast::ItemKind::Checkpoint(it) => Some(it.name),
        ast::ItemKind::Use(_)
        | ast::ItemKind::Dims(_)
        | ast::ItemKind::Kinds(_)
        | ast::ItemKind::Export(_)
        | ast::ItemKind::Model(_)
        | ast::ItemKind::Test(_)
        | ast::ItemKind::Error => None,
    }
}

pub(crate) fn empty_block(span: Span) -> Block {
    Block {
        stmts: Vec::new(),
        value: Expr { kind: ExprKind::Tuple(Vec::new()), ty: Type::unit(), span },
    }
}
