//! The rewrites of a model: what its `rewrite` lines come to, place by place.
//!
//! A line names places by a pattern, as trace points are named. [`resolve`] finds the places
//! of the model that it stands for (`rewrite/spots.rs`) and asks of each whether the rewrite
//! can be done there; what lowering does otherwise then is kept by place in [`Rewrites`].
//! Which rewrite is written where:
//!
//! - `rewrite/steps.rs`: `order`, `drop`, `loop` and `average`, where a fold is lowered;
//! - `rewrite/average.rs`: `average off`, where a sum is lowered;
//! - `rewrite/parallel.rs`: `parallel`, where a function's body is lowered;
//! - `rewrite/rank.rs`: `rank`, where a sum reads a matrix;
//! - `rewrite/heads.rs`: `heads` and `write_heads`, on the graph that was lowered.
//!
//! `tie` is a matter of names alone: [`Lowerer::item_paths`].

pub(crate) mod average;
pub(crate) mod errors;
pub(crate) mod heads;
mod parallel;
pub(crate) mod rank;
mod spots;
pub(crate) mod steps;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use nnc_base::{Diagnostic, Span};
pub(crate) use parallel::Stage;

use nnc_hir::{Joined, Model, Program, Rewrite, RewriteKind, Step};

use crate::lowerer::{Lowerer, Lowering};
use crate::params::ParamInfo;
use spots::{Spot, What};

/// The weights of each step's sum.
pub(crate) type Rows = Vec<Vec<f64>>;

/// What lowering does otherwise.
#[derive(Default, Debug)]
pub(crate) struct Rewrites {
    /// What a fold over the array at a place runs.
    pub orders: BTreeMap<String, Order>,
    /// By array: whose parameters each item has.
    pub ties: BTreeMap<String, Vec<i64>>,
    /// By array: the weights of the sums of a fold's steps, new parameters where there are
    /// none.
    pub averages: BTreeMap<String, (Option<Rows>, Span)>,
    /// Parameters that are the weights of a sum that takes its last value alone.
    pub latest: BTreeMap<String, Span>,
    /// By parameter: the rank of the product that stands for it.
    pub ranks: BTreeMap<String, i64>,
    /// Layers whose functions have residual branches that read one value.
    pub parallel: BTreeSet<String>,
    /// What is done to attentions when the graph is there, in order.
    pub heads: Vec<HeadsOf>,
}

/// What a fold runs, and which line says so.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub steps: Vec<Step>,
    pub joined: Joined,
    pub span: Span,
}

/// A rewrite of the attention in a layer.
#[derive(Clone, Debug)]
pub(crate) struct HeadsOf {
    pub place: String,
    /// What the names of its parameters begin with.
    pub names: String,
    pub span: Span,
    /// The heads that are kept; `None` for one head of keys and values.
    pub kept: Option<Vec<i64>>,
}

impl Rewrites {
    /// All that is said of what lies below a place, for telling whether two are equal.
    pub(crate) fn below(&self, place: &str) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut note = |at: &str, what: String| {
            let inside = at.strip_prefix(place);
            if let Some(inside) = inside.filter(|it| it.is_empty() || it.starts_with('.')) {
                found.insert(inside.to_owned(), what);
            }
        };
        for (at, order) in &self.orders {
            note(at, format!("{:?}", order.steps));
        }
        for (at, tie) in &self.ties {
            note(at, format!("{tie:?}"));
        }
        for (at, weights) in &self.averages {
            note(at, format!("{:?}", weights.0));
        }
        for at in self.latest.keys() {
            note(at, "latest".to_owned());
        }
        for (at, rank) in &self.ranks {
            note(at, rank.to_string());
        }
        for at in &self.parallel {
            note(at, "parallel".to_owned());
        }
        found
    }

    /// Whether what lies below a place has to be lowered in place, item by item.
    pub(crate) fn in_place(&self, place: &str) -> bool {
        let below = |it: &str| it.strip_prefix(place).is_some_and(|it| it.starts_with('.'));
        self.heads.iter().any(|it| below(&it.place))
    }

    /// What the names of the parameters at a place begin with.
    fn names(&self, place: &str) -> String {
        let parts: Vec<&str> = place.split('.').collect();
        let mut array = String::new();
        let mut names: Vec<String> = Vec::new();
        for part in parts {
            let tie = self.ties.get(&array);
            let owner = part.parse::<usize>().ok().and_then(|at| tie?.get(at));
            names.push(owner.map_or_else(|| part.to_owned(), i64::to_string));
            if !array.is_empty() {
                array.push('.');
            }
            array.push_str(part);
        }
        names.join(".")
    }

    /// Whether what is at a place is run, as far as folds decide.
    fn is_run(&self, place: &str) -> bool {
        place.match_indices('.').all(|(at, _)| {
            let item = place[at + 1..].split('.').next().and_then(|it| it.parse().ok());
            item.is_none_or(|item| self.is_kept(&place[..at], item))
        })
    }

    /// Attentions that share parameters lose heads together, and those that are not run lose
    /// none.
    fn settle_heads(&mut self) {
        let mut settled: Vec<HeadsOf> = Vec::new();
        for heads in std::mem::take(&mut self.heads) {
            let names = self.names(&heads.place);
            let known = settled.iter().any(|it| it.span == heads.span && it.names == names);
            if self.is_run(&heads.place) && !known {
                settled.push(HeadsOf { names, ..heads });
            }
        }
        self.heads = settled;
    }

    /// The items of an array that are run.
    fn kept(&self, place: &str, count: i64) -> BTreeSet<i64> {
        match self.orders.get(place) {
            Some(order) => {
                let mut kept = BTreeSet::new();
                items(&order.steps, &mut |at| {
                    kept.insert(at);
                });
                kept
            }
            None => (0..count).collect(),
        }
    }

    /// The items of an array whose parameters are there.
    pub(crate) fn owners(&self, place: &str, count: i64) -> Vec<i64> {
        if !self.orders.contains_key(place) && !self.ties.contains_key(place) {
            return (0..count).collect();
        }
        let kept = self.kept(place, count);
        match self.ties.get(place) {
            None => kept.into_iter().collect(),
            Some(tie) => {
                let owner = |at: i64| usize::try_from(at).ok().and_then(|at| tie.get(at).copied());
                let owners: BTreeSet<i64> = kept.into_iter().filter_map(owner).collect();
                owners.into_iter().collect()
            }
        }
    }

    /// Whether an item of an array is run, if it is asked for by its place.
    pub(crate) fn is_kept(&self, place: &str, at: i64) -> bool {
        !self.orders.contains_key(place) || self.kept(place, at + 1).contains(&at)
    }
}

/// Calls `each` with every item that the steps run, as often as they do.
pub(crate) fn items(steps: &[Step], each: &mut dyn FnMut(i64)) {
    for step in steps {
        match step {
            Step::Item(at) => each(*at),
            Step::Side(ways) => ways.iter().for_each(|way| items(way, each)),
        }
    }
}

impl Lowerer<'_> {
    /// The path and the place of an item of an array: one that is tied has the names of
    /// another's parameters.
    pub(crate) fn item_paths(&self, path: &str, place: &str, at: i64) -> (String, String) {
        let tie = self.rewrites.ties.get(place);
        let owner = usize::try_from(at).ok().and_then(|at| tie?.get(at).copied());
        (format!("{path}.{}", owner.unwrap_or(at)), format!("{place}.{at}"))
    }
}

/// What a model's rewrites come to.
pub(crate) fn resolve(program: &Program, model: &Model) -> Result<Rewrites, Vec<Diagnostic>> {
    let mut rewrites = Rewrites::default();
    let mut lowerer = Lowerer::new(program);
    lowerer.choices = model.chosen.iter().map(|it| (it.hole.clone(), it.candidate)).collect();
    let spots = lowerer.root(model).and_then(|root| lowerer.spots(&root, model.span));
    let spots = spots.map_err(|diagnostic| vec![*diagnostic])?;
    let mut diagnostics = Vec::new();
    for rewrite in &model.rewrites {
        if let Err(diagnostic) = one(program, &mut rewrites, &spots, rewrite) {
            diagnostics.push(*diagnostic);
        }
    }
    rank::tied(&mut rewrites, &spots);
    rewrites.settle_heads();
    if diagnostics.is_empty() { Ok(rewrites) } else { Err(diagnostics) }
}

/// The lines that nothing in the model's entries met.
pub(crate) fn unmet(rewrites: &Rewrites, met: &HashSet<String>, model: &Model) -> Vec<Diagnostic> {
    let mut unmet = Vec::new();
    for rewrite in &model.rewrites {
        let is_place = |place: &&String| crate::Traces::matches(&rewrite.place, place);
        let mut folded: Vec<&String> = match rewrite.kind {
            RewriteKind::Order { .. } | RewriteKind::Drop(_) | RewriteKind::Loop { .. } => {
                rewrites.orders.keys().filter(is_place).collect()
            }
            RewriteKind::Average(_) => rewrites.averages.keys().filter(is_place).collect(),
            _ => Vec::new(),
        };
        folded.sort();
        if let Some(place) = folded.into_iter().find(|it| !met.contains(*it)) {
            unmet.push(errors::no_fold(rewrite, place));
        }
        if rewrite.kind == RewriteKind::AverageOff {
            let mut weights: Vec<&String> = rewrites.latest.keys().collect();
            weights.retain(|it| rewrites.latest[*it] == rewrite.span && !met.contains(*it));
            weights.sort();
            unmet.extend(
                weights.first().map(|it| errors::no_average(rewrite.span, it, rewrite.span)),
            );
        }
    }
    unmet
}

/// The outermost of the spots that a line stands for, which have to be such as it can be
/// done at.
fn meant<'s>(
    spots: &'s [Spot],
    rewrite: &Rewrite,
    kind: &str,
    fits: &dyn Fn(&Spot) -> bool,
) -> Lowering<Vec<&'s Spot>> {
    let found: Vec<&Spot> =
        spots.iter().filter(|it| crate::Traces::matches(&rewrite.place, &it.place)).collect();
    if found.is_empty() {
        let places: Vec<&str> = spots.iter().map(|it| it.place.as_str()).collect();
        return Err(Box::new(errors::no_place(rewrite, &places)));
    }
    let fitting: Vec<&Spot> = found.iter().copied().filter(|it| fits(it)).collect();
    let places: HashSet<&str> = fitting.iter().map(|it| it.place.as_str()).collect();
    let outermost = |spot: &&Spot| {
        let dots = spot.place.match_indices('.');
        !dots.map(|(at, _)| &spot.place[..at]).any(|around| places.contains(around))
    };
    let outermost: Vec<&Spot> = fitting.into_iter().filter(outermost).collect();
    if outermost.is_empty() {
        return Err(Box::new(errors::wrong_place(rewrite, found[0], kind)));
    }
    Ok(outermost)
}

/// One line.
fn one(
    program: &Program,
    rewrites: &mut Rewrites,
    spots: &[Spot],
    rewrite: &Rewrite,
) -> Lowering<()> {
    let is_array = |it: &Spot| matches!(it.what, What::Array { layers: true, .. });
    let is_layer = |it: &Spot| matches!(it.what, What::Layer { .. });
    match &rewrite.kind {
        RewriteKind::Order { .. } | RewriteKind::Drop(_) | RewriteKind::Loop { .. } => {
            for spot in meant(spots, rewrite, "array of layers", &is_array)? {
                let order = steps::order(rewrite, spot)?;
                let span = order.span;
                if let Some(first) = rewrites.orders.insert(spot.place.clone(), order) {
                    return Err(Box::new(errors::twice(spot, span, first.span)));
                }
            }
        }
        RewriteKind::Tie(tie) => {
            for spot in meant(spots, rewrite, "array of layers", &is_array)? {
                let What::Array { count, .. } = spot.what else { continue };
                if tie.len() as i64 != count {
                    return Err(Box::new(errors::wrong_length(rewrite, spot, tie.len(), count)));
                }
                for (at, owner) in tie.iter().enumerate() {
                    steps::in_range(rewrite, spot, *owner, count)?;
                    same_params(spots, rewrite, spot, (at as i64, *owner))?;
                }
                rewrites.ties.insert(spot.place.clone(), tie.clone());
            }
        }
        RewriteKind::Average(weights) => {
            for spot in meant(spots, rewrite, "array of layers", &is_array)? {
                let weights = (weights.clone(), rewrite.args_span);
                rewrites.averages.insert(spot.place.clone(), weights);
            }
        }
        RewriteKind::AverageOff => {
            let is_weights = |it: &Spot| {
                matches!(&it.what, What::Param(info) if info.shape.len() == 1)
                    || matches!(it.what, What::Array { layers: false, .. })
            };
            let kind = "parameter with one axis, nor an array of such";
            for spot in meant(spots, rewrite, kind, &is_weights)? {
                for param in spots::params_below(spots, &spot.place) {
                    rewrites.latest.insert(param.place.clone(), rewrite.span);
                }
            }
        }
        RewriteKind::Parallel => {
            for spot in meant(spots, rewrite, "layer", &is_layer)? {
                let What::Layer { layer } = spot.what else { continue };
                parallel::layer(program, rewrites, rewrite, spot, layer)?;
            }
        }
        RewriteKind::Rank(rank) => {
            let fits = |it: &Spot| is_layer(it) || matches!(it.what, What::Param(_));
            for spot in meant(spots, rewrite, "layer or parameter", &fits)? {
                let (place, info) = rank::matrix(spots, rewrite, spot)?;
                rank::fits(rewrite, place, info, *rank)?;
                rewrites.ranks.insert(place.to_owned(), *rank);
            }
        }
        RewriteKind::Heads(_) | RewriteKind::OneWriteHead => {
            for spot in meant(spots, rewrite, "layer", &is_layer)? {
                let kept = match &rewrite.kind {
                    RewriteKind::Heads(kept) => Some(kept.clone()),
                    _ => None,
                };
                let (place, span) = (spot.place.clone(), rewrite.args_span);
                let names = place.clone();
                rewrites.heads.push(HeadsOf { place, names, span, kept });
            }
        }
    }
    Ok(())
}

/// Two items that are to share parameters have the same.
fn same_params(
    spots: &[Spot],
    rewrite: &Rewrite,
    array: &Spot,
    (at, owner): (i64, i64),
) -> Lowering<()> {
    let of = |item: i64| -> Vec<(&str, &ParamInfo)> {
        let place = format!("{}.{item}", array.place);
        let below = spots::params_below(spots, &place).into_iter();
        below
            .filter_map(|it| match &it.what {
                What::Param(info) => Some((it.place.get(place.len()..)?, info)),
                What::Array { .. } | What::Layer { .. } => None,
            })
            .collect()
    };
    let (mine, theirs) = (of(at), of(owner));
    let differ = |(left, right): &(&(&str, &ParamInfo), &(&str, &ParamInfo))| {
        left.0 != right.0 || left.1.shape != right.1.shape || left.1.elem != right.1.elem
    };
    let first = mine.iter().zip(&theirs).find(differ);
    if first.is_none() && mine.len() == theirs.len() {
        return Ok(());
    }
    let shown = first.map(|(mine, theirs)| (mine.1, theirs.1));
    Err(Box::new(errors::items_differ(rewrite, array, (at, owner), shown)))
}
