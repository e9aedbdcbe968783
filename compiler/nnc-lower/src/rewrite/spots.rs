//! What a model has at which place.

use nnc_base::Span;
use nnc_hir::{FieldValue, LayerId};
use nnc_shape::Dim;

use crate::errors;
use crate::instance::Instance;
use crate::lowerer::{Lowerer, Lowering};
use crate::params::{MOST_FIELDS, MOST_NESTING, ParamInfo};

/// A place of a model: a field, or an item of one.
#[derive(Clone, Debug)]
pub(crate) struct Spot {
    /// Such as `blocks.3.attn`.
    pub place: String,
    pub what: What,
    /// Where the field is declared.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    /// Of layers, or of parameters.
    Array {
        count: i64,
        layers: bool,
    },
    Layer {
        layer: LayerId,
    },
    Param(ParamInfo),
}

/// The parameters at a place or below it.
pub(super) fn params_below<'s>(spots: &'s [Spot], place: &str) -> Vec<&'s Spot> {
    let below = |it: &&Spot| {
        let inside = it.place.strip_prefix(place);
        matches!(it.what, What::Param(_))
            && inside.is_some_and(|it| it.is_empty() || it.starts_with('.'))
    };
    spots.iter().filter(below).collect()
}

impl Lowerer<'_> {
    /// All places of a model in the order of its fields.
    pub(super) fn spots(&mut self, root: &Instance, at: Span) -> Lowering<Vec<Spot>> {
        let mut spots = Vec::new();
        self.fields = 0;
        self.spots_in(root, at, 0, &mut spots)?;
        Ok(spots)
    }

    fn spots_in(
        &mut self,
        instance: &Instance,
        at: Span,
        depth: usize,
        spots: &mut Vec<Spot>,
    ) -> Lowering<()> {
        let layer = &self.program.layers[instance.layer];
        if depth > MOST_NESTING {
            return Err(Box::new(errors::too_deep(at, layer.name.as_str(), MOST_NESTING)));
        }
        for field in &layer.fields {
            let place = instance.field_place(field.name);
            let Some((owner, value)) = instance.field_value(field) else { continue };
            self.spots_of((instance, owner), value, place, field.span, depth, spots)?;
        }
        Ok(())
    }

    fn spots_of(
        &mut self,
        (around, owner): (&Instance, &Instance),
        value: &FieldValue,
        place: String,
        span: Span,
        depth: usize,
        spots: &mut Vec<Spot>,
    ) -> Lowering<()> {
        self.span = span;
        self.count_field(&place, span)?;
        match self.chosen(owner, value)? {
            FieldValue::Param { .. }
                if owner.replacement(place.rsplit('.').next().unwrap_or_default()).is_some() =>
            {
                Ok(())
            }
            FieldValue::Param { ty, init } => {
                let info = self.param_info(owner, place.clone(), ty, init, span)?;
                spots.push(Spot { place, what: What::Param(info), span });
                Ok(())
            }
            FieldValue::Layer(used) => {
                let paths = (place.clone(), place.clone());
                let home = around.home;
                let inner = self.instantiate_in(around, owner, used, home, paths, span)?;
                spots.push(Spot { place, what: What::Layer { layer: used.layer }, span });
                self.spots_in(&inner, span, depth + 1, spots)
            }
            FieldValue::Array(item, places) => {
                let Some(count) = owner.dim(&places.count).as_constant() else {
                    return Err(self.internal(format!("the length of `{place}` is open")));
                };
                self.fields = self.fields.saturating_add(count);
                if self.fields > MOST_FIELDS {
                    return Err(Box::new(errors::too_many_items(span, &place, count, MOST_FIELDS)));
                }
                let layers = !matches!(**item, FieldValue::Param { .. });
                spots.push(Spot {
                    place: place.clone(),
                    what: What::Array { count, layers },
                    span,
                });
                for at in 0..count {
                    let owner = owner.at_place(places, &Dim::constant(at));
                    self.spots_of(
                        (around, &owner),
                        item,
                        format!("{place}.{at}"),
                        span,
                        depth,
                        spots,
                    )?;
                }
                Ok(())
            }
            FieldValue::Hole(hole) => {
                let candidate = self.candidate(&place, hole, span)?;
                for item in 0..candidate.chain.len() {
                    let paths = (place.as_str(), place.as_str());
                    let inner = self.chain_item(owner, candidate, paths, item, span)?;
                    let what = What::Layer { layer: inner.layer };
                    spots.push(Spot { place: inner.place.clone(), what, span });
                    self.spots_in(&inner, span, depth + 1, spots)?;
                }
                Ok(())
            }
            FieldValue::Absent | FieldValue::If { .. } | FieldValue::Error => Ok(()),
        }
    }
}
