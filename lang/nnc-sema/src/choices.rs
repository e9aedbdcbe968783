//! The `choose` lines of a model: which candidate stands in which hole.

use nnc_base::{Name, Span};
use nnc_hir::{Chosen, FieldValue, LayerId, LayerUse, SpaceHole};
use nnc_shape::Dim;
use nnc_syntax::ast;

use crate::body::place_in;
use crate::cx::Cx;
use crate::errors::spaces as errors;
use crate::scope::nearest;

/// A hole that a path leads to.
struct Place {
    /// As [`Chosen::hole`] has it.
    path: String,
    /// The space and the name of its hole.
    owner: LayerId,
    name: Name,
    /// With the model's numbers in it.
    hole: SpaceHole,
}

impl Cx<'_> {
    /// What a model with the layer `used` chooses.
    pub(crate) fn chosen(&mut self, used: &LayerUse, written: &[ast::Choose]) -> Vec<Chosen> {
        // A hole of what stands in a hole is found when that is known.
        let mut written: Vec<&ast::Choose> = written.iter().collect();
        written.sort_by_key(|choose| choose.hole.steps.len());
        let mut chosen: Vec<Chosen> = Vec::new();
        for choose in written {
            let Some(place) = self.hole_place(used, &choose.hole, &chosen) else { continue };
            if let Some(first) = chosen.iter().find(|it| it.hole == place.path) {
                let path = choose.hole.to_string();
                self.report(errors::chosen_twice(choose.span, &path, first.span));
                continue;
            }
            let Some(candidate) = self.candidate(&place, choose) else { continue };
            chosen.push(Chosen { span: choose.span, hole: place.path, candidate });
        }
        chosen.sort_by_key(|it| it.span);
        chosen
    }

    fn hole_place(
        &mut self,
        used: &LayerUse,
        path: &ast::ParamPath,
        chosen: &[Chosen],
    ) -> Option<Place> {
        let mut value = FieldValue::Layer(used.clone());
        let mut text = String::new();
        let mut last: Option<(LayerId, Name)> = None;
        for step in &path.steps {
            if let FieldValue::Hole(hole) = &value {
                let Some(at) = chosen.iter().find(|it| it.hole == text).map(|it| it.candidate)
                else {
                    self.report(errors::outer_open(path.span, &text));
                    return None;
                };
                let candidate = hole.candidates.get(at)?;
                match (candidate.chain.as_slice(), step) {
                    ([only], ast::PathStep::Field(_)) => value = FieldValue::Layer(only.clone()),
                    (chain, ast::PathStep::At(at, _)) => {
                        let item = usize::try_from(*at).ok().and_then(|at| chain.get(at));
                        let Some(item) = item.cloned() else {
                            let count = chain.len() as i64;
                            self.report(errors::outside(path.span, &text, *at, count));
                            return None;
                        };
                        if chain.len() > 1 {
                            text.push_str(&format!(".{at}"));
                        }
                        value = FieldValue::Layer(item);
                        continue;
                    }
                    _ => {
                        let name = candidate.text.clone();
                        self.report(errors::not_indexed(path.span, &text, &name));
                        return None;
                    }
                }
            }
            let next = match (step, &value) {
                (ast::PathStep::Field(name), FieldValue::Layer(used)) => {
                    let layer = self.layer(used.layer);
                    let dot = if text.is_empty() { "" } else { "." };
                    text.push_str(&format!("{dot}{}", name.as_str()));
                    last = Some((used.layer, name.name));
                    match place_in(layer, used, name.name) {
                        Some(value) => value,
                        None => {
                            let fields = layer.fields.iter().map(|it| it.name.as_str());
                            let near = nearest(name.as_str(), fields.collect::<Vec<_>>());
                            let (owner, span) = (layer.name, layer.span);
                            let diagnostic = errors::no_field(name, owner, span, near);
                            self.report(diagnostic);
                            return None;
                        }
                    }
                }
                (ast::PathStep::At(index, _), FieldValue::Array(_, places)) => {
                    if let Some(count) = places.count.as_constant().filter(|count| *index >= *count)
                    {
                        self.report(errors::outside(path.span, &text, *index, count));
                        return None;
                    }
                    text.push_str(&format!(".{index}"));
                    value.item(&Dim::constant(*index))?
                }
                (ast::PathStep::Index(name), _) => {
                    self.report(errors::open_index(name));
                    return None;
                }
                _ => {
                    self.report(errors::no_hole(path.span, &path.to_string(), &[]));
                    return None;
                }
            };
            value = taken(next);
        }
        match (value, last) {
            (FieldValue::Hole(hole), Some((owner, name))) => {
                Some(Place { path: text, owner, name, hole })
            }
            (FieldValue::Error, _) => None,
            (FieldValue::Layer(used), _) => {
                let layer = self.layer(used.layer);
                let is_hole = |it: &&nnc_hir::Field| matches!(it.value, FieldValue::Hole(_));
                let holes = layer.fields.iter().filter(is_hole).map(|it| it.name);
                let holes: Vec<Name> = holes.collect();
                self.report(errors::no_hole(path.span, &path.to_string(), &holes));
                None
            }
            _ => {
                self.report(errors::no_hole(path.span, &path.to_string(), &[]));
                None
            }
        }
    }

    /// Which candidate was written: in the words of the space, or with the model's numbers.
    fn candidate(&mut self, place: &Place, choose: &ast::Choose) -> Option<usize> {
        let scope = (*self.layer_scopes[place.owner.index()]).clone();
        let chain: Option<Vec<LayerUse>> = choose
            .chain
            .iter()
            .map(|layer| self.layer_use(Some(place.owner), &scope, layer))
            .collect();
        let chain = chain?;
        let layer = self.layer(place.owner);
        let field = layer.fields.iter().find(|field| field.name == place.name)?;
        let FieldValue::Hole(declared) = &field.value else { return None };
        let both = declared.candidates.iter().zip(&place.hole.candidates);
        let found = both
            .into_iter()
            .position(|(declared, numbers)| declared.chain == chain || numbers.chain == chain);
        if found.is_none() {
            let texts: Vec<&str> = declared.candidates.iter().map(|it| it.text.as_str()).collect();
            let text = self.program.written(&chain);
            let near = nearest(&text, texts.iter().copied());
            let at = choose.chain.first().map_or(choose.span, |first| {
                Span::new(first.span.file, first.span.start, choose.span.end)
            });
            let diagnostic =
                errors::no_candidate(at, &choose.hole.to_string(), &text, near, &texts, field.span);
            self.report(diagnostic);
        }
        found
    }
}

/// The branch of an `if` field that the model's numbers take.
fn taken(value: FieldValue) -> FieldValue {
    match value {
        FieldValue::If { condition, then, otherwise } => {
            match condition.eval(&|_| None, &|_| None) {
                Some(false) => taken(*otherwise),
                Some(true) | None => taken(*then),
            }
        }
        value => value,
    }
}
