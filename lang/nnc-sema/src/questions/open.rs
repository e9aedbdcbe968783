//! Sizes that a question leaves open: the `dims` of the file, the parameters of a layer
//! that is only named, and what a layer wants and is not given.

use std::collections::HashSet;

use nnc_base::{Name, Span};
use nnc_hir::{ConfigKind, LayerId};
use nnc_syntax::ast;

use crate::cx::{Cx, Scope, VarInfo};
use crate::scope::Symbol;

/// The layers with all that they want written out, and each size that is not known made a
/// variable of `scope`: `Conv2d` becomes `Conv2d<C, K>`, `MaxPool` becomes `MaxPool(k=k)`.
pub(super) fn opened(
    cx: &mut Cx<'_>,
    scope: &mut Scope,
    layers: &[ast::LayerUse],
) -> Vec<ast::LayerUse> {
    let mut taken = HashSet::new();
    layers.iter().map(|layer| open(cx, scope, layer, &mut taken)).collect()
}

fn open(
    cx: &mut Cx<'_>,
    scope: &mut Scope,
    layer: &ast::LayerUse,
    taken: &mut HashSet<Name>,
) -> ast::LayerUse {
    let mut layer = layer.clone();
    for arg in &layer.args {
        if let ast::StaticValue::Expr(expr) = &arg.value {
            cx.quantify(scope, expr, &mut Vec::new());
        }
    }
    for arg in &layer.configs {
        cx.quantify(scope, &arg.value, &mut Vec::new());
    }
    let Some(Symbol::Layer(id)) = cx.symbol(scope.module, layer.name.name) else { return layer };
    if layer.args.is_empty() {
        for param in cx.layer(id).params.clone() {
            let info = VarInfo {
                kind: param.kind,
                rate: param.rate,
                span: layer.name.span,
                quantified: true,
            };
            let ident = variable(scope, param.name, info, param.min, taken);
            let span = ident.span;
            let value = ast::StaticValue::Expr(name(ident));
            layer.args.push(ast::StaticArg { name: None, value, span });
        }
    }
    let configs = cx.layer(id).configs.clone();
    for config in configs.iter().filter(|it| is_size(it.kind)) {
        let info = VarInfo { kind: None, rate: None, span: layer.name.span, quantified: true };
        let least = least(cx, id, config.name);
        // `k=k` asks for all values of `k`.
        let named = layer.configs.iter().any(|arg| mentions(&arg.value, config.name));
        let known = scope.names.contains_key(&config.name)
            || cx.symbol(scope.module, config.name).is_some();
        if named && !known {
            scope.declare(config.name, info, least);
        }
    }
    let place = layer.configs.iter().filter(|arg| arg.name.is_none()).count();
    for (at, config) in configs.iter().enumerate() {
        let given = layer.configs.iter().any(|arg| arg.name.map(|it| it.name) == Some(config.name));
        if at < place || given || config.default.is_some() || !is_size(config.kind) {
            continue;
        }
        let info = VarInfo { kind: None, rate: None, span: layer.name.span, quantified: true };
        let least = least(cx, id, config.name);
        let ident = variable(scope, config.name, info, least, taken);
        let named = ast::Ident { name: config.name, span: ident.span };
        layer.configs.push(ast::Arg { name: Some(named), value: name(ident), span: ident.span });
    }
    layer
}

fn is_size(kind: ConfigKind) -> bool {
    matches!(kind, ConfigKind::Dim | ConfigKind::Int)
}

/// The least value that a config may have.
pub(super) fn least(cx: &Cx<'_>, layer: LayerId, config: Name) -> i64 {
    let facts = &cx.layer_scopes[layer.index()].facts;
    facts.declared().find(|(name, ..)| *name == config).map_or(1, |(_, least, _)| least)
}

/// A variable for a size that is left open: of its own name, which both sides of a question
/// share, unless the same layers have used it up.
fn variable(
    scope: &mut Scope,
    wanted: Name,
    info: VarInfo,
    least: i64,
    taken: &mut HashSet<Name>,
) -> ast::Ident {
    let mut chosen = wanted;
    for number in 2.. {
        if !taken.contains(&chosen) {
            break;
        }
        chosen = Name::new(&format!("{wanted}{number}"));
    }
    taken.insert(chosen);
    if !scope.names.contains_key(&chosen) {
        scope.declare(chosen, info, least);
    }
    ast::Ident { name: chosen, span: info.span }
}

/// A name that no size of the scope has yet.
pub(super) fn fresh(scope: &Scope, wanted: Name) -> Name {
    let known = |name: &Name| scope.names.contains_key(name) || scope.vars.contains_key(name);
    let numbered = (2..).map(|number| Name::new(&format!("{wanted}{number}")));
    std::iter::once(wanted).chain(numbered).find(|it| !known(it)).unwrap_or(wanted)
}

fn name(ident: ast::Ident) -> ast::Expr {
    ast::Expr { kind: ast::ExprKind::Name(ident), span: ident.span }
}

fn mentions(expr: &ast::Expr, name: Name) -> bool {
    match &expr.kind {
        ast::ExprKind::Name(ident) => ident.name == name,
        ast::ExprKind::Unary { operand, .. } => mentions(operand, name),
        ast::ExprKind::Binary { left, right, .. } => mentions(left, name) || mentions(right, name),
        ast::ExprKind::Call { args, .. } => args.iter().any(|arg| mentions(&arg.value, name)),
        _ => false,
    }
}

/// The place of all of some layers.
pub(super) fn place(layers: &[ast::LayerUse]) -> Span {
    match (layers.first(), layers.last()) {
        (Some(first), Some(last)) => {
            Span::new(first.span.file, first.span.start, last.span.end.max(first.span.end))
        }
        _ => Span::NONE,
    }
}
