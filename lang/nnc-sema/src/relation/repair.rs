//! The least change that makes a value fit, found by search.
//!
//! Each axis that is wanted comes from an axis of the value, as it is, cut or padded, or is
//! repeated; what is left of the value's axes is taken at its only position or averaged. Of
//! all such assignments the cheapest is taken, and the cheapest change of the elements.

use nnc_base::Name;
use nnc_hir::{Axis, AxisSize, Base, Elem, MeaningUse, Program, Rate, TensorType};
use nnc_shape::{Dim, Fact};

use super::{Known, Relation, compare_elements, kinds_match, proved_equal, rates_match};

/// What makes a value fit.
#[derive(Clone, PartialEq, Debug)]
pub struct Repair {
    /// How its axes are read; `None` where they stay.
    pub index: Option<IndexRepair>,
    pub element: Option<ElementRepair>,
    /// The rate to which it is resampled, before all else.
    pub resample: Option<Rate>,
    /// How much the axes change; of two repairs the lesser is told first.
    pub cost: u32,
}

/// `let y[b, t] = x[t, b]`.
#[derive(Clone, PartialEq, Debug)]
pub struct IndexRepair {
    /// Where each axis of the result comes from.
    pub wanted: Vec<Source>,
    /// What happens to each axis of the value.
    pub found: Vec<Place>,
    /// What the value's axes and then the repeated ones are called.
    letters: Vec<String>,
}

/// Where an axis of the result comes from.
#[derive(Clone, PartialEq, Debug)]
pub enum Source {
    /// From the axis at this place, as it is.
    Whole(usize),
    /// The first so many of a longer axis.
    Crop(usize, Dim),
    /// A shorter axis, and zeros up to so many; the second size is what is there.
    Pad(usize, Dim, Dim),
    /// The same for each of so many.
    Repeat(Dim),
    /// `_`, which an operator repeats.
    Broadcast,
}

/// What happens to an axis of the value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    Kept,
    /// Its only position is taken.
    First,
    /// The mean over it is taken.
    Mean,
}

/// A change of what elements are.
#[derive(Clone, PartialEq, Debug)]
pub enum ElementRepair {
    /// `!x`.
    Negate,
    /// `log(x)`.
    Logarithm,
    /// `exp(x)`.
    Exponential,
    /// `x > 0.0`: numbers as a mask.
    Compare,
    /// `x as f32`: other numbers.
    Cast(Elem),
    /// `x as Logits`: a claim.
    Claim(Elem),
}

/// The least change that makes `found` fit where `wanted` is; `None` if a change of axes and
/// elements alone cannot. `operator` allows `_`, which elementwise operators repeat.
pub fn repair(
    known: Known<'_>,
    found: &TensorType,
    wanted: &TensorType,
    operator: bool,
) -> Option<Repair> {
    if found.pack != wanted.pack {
        return None;
    }
    let element = element_repair(known, &found.elem, &wanted.elem)?;
    let (found, resample) = resampled(&found.axes, &wanted.axes);
    let search = Search { known, found: &found, wanted: &wanted.axes, operator, best: None };
    let (cost, index) = search.run(!operator && wanted.elem.base.is_float())?;
    Some(Repair { index: Some(index).filter(|it| !it.is_identity()), element, resample, cost })
}

/// The value with the rate that is wanted, if that is what is different.
fn resampled(found: &[Axis], wanted: &[Axis]) -> (Vec<Axis>, Option<Rate>) {
    let mut axes = found.to_vec();
    let mut to = None;
    for axis in &mut axes {
        let other = wanted.iter().find(|it| it.rate.is_some() && kinds_match(it, axis));
        if let Some(other) = other.filter(|it| !rates_match(it, axis)) {
            // As many steps as it takes: the number is another one, too.
            *axis = other.clone();
            to = other.rate;
        }
    }
    (axes, to)
}

/// `Some(None)` where nothing has to change.
fn element_repair(known: Known<'_>, found: &Elem, wanted: &Elem) -> Option<Option<ElementRepair>> {
    if compare_elements(known, found, wanted).fits() {
        return Some(None);
    }
    let plain = |base: &Base, meaning| Elem {
        base: base.clone(),
        meaning: Some(MeaningUse { id: meaning, args: Vec::new() }),
    };
    let builtins = known.builtins;
    let is = |elem: &Elem, id| {
        elem.meaning.as_ref().is_some_and(|it| known.program.seen_as(it, id).is_some())
    };
    let mut tries: Vec<(ElementRepair, Elem)> = Vec::new();
    if is(found, builtins.mask) {
        tries.push((ElementRepair::Negate, plain(&Base::Bool, builtins.pad_mask)));
    }
    if is(found, builtins.pad_mask) {
        tries.push((ElementRepair::Negate, plain(&Base::Bool, builtins.mask)));
    }
    if is(found, builtins.prob) {
        tries.push((ElementRepair::Logarithm, plain(&found.base, builtins.log_prob)));
    }
    if is(found, builtins.log_prob) {
        tries.push((ElementRepair::Exponential, plain(&found.base, builtins.prob)));
    }
    if found.base != Base::Bool {
        tries.push((ElementRepair::Compare, Elem::plain(Base::Bool)));
    }
    // A number that is no position of a table does not become one by a claim.
    let numbers = found.base.is_float() && wanted.base.is_float()
        || found.base.is_int() && wanted.base.is_int();
    if numbers && wanted.meaning.is_none() {
        tries.push((ElementRepair::Cast(wanted.clone()), wanted.clone()));
    }
    let related = compare_elements(known, found, wanted);
    let claim = matches!(related, Relation::Greater | Relation::MeaningIncompatible)
        && found.base == wanted.base;
    if claim {
        tries.push((ElementRepair::Claim(wanted.clone()), wanted.clone()));
    }
    let fitting = tries.into_iter().find(|(_, it)| compare_elements(known, it, wanted).fits());
    fitting.map(|(repair, _)| Some(repair))
}

/// A search for the cheapest assignment of axes.
struct Search<'a> {
    known: Known<'a>,
    found: &'a [Axis],
    wanted: &'a [Axis],
    operator: bool,
    best: Option<(u32, Vec<Source>)>,
}

/// Values have few axes; with more, only what is told of them by place is looked at.
const MOST_AXES: usize = 7;

const CHANGED: u32 = 30;
const REPEATED: u32 = 20;
const BROADCAST: u32 = 8;
const MOVED: u32 = 3;
const FIRST: u32 = 5;
const MEAN: u32 = 40;

impl Search<'_> {
    fn run(mut self, floats: bool) -> Option<(u32, IndexRepair)> {
        if self.found.len() > MOST_AXES || self.wanted.len() > MOST_AXES {
            return None;
        }
        self.assign(0, &mut Vec::new(), floats);
        let (cost, wanted) = self.best?;
        let places = (0..self.found.len()).map(|place| {
            if wanted.iter().any(|it| it.place() == Some(place)) {
                Place::Kept
            } else if self.found[place].extent().as_constant() == Some(1) {
                Place::First
            } else {
                Place::Mean
            }
        });
        let found = places.collect();
        let repeated = wanted.iter().zip(self.wanted).filter(|(it, _)| it.place().is_none());
        // What has no kind of its own is called as what it becomes.
        let named = self.found.iter().enumerate().map(|(place, axis)| {
            let goal = wanted.iter().position(|it| it.place() == Some(place));
            let kind = axis.kind.or(goal.and_then(|goal| self.wanted[goal].kind));
            Axis { kind, ..axis.clone() }
        });
        let axes: Vec<Axis> = named.chain(repeated.map(|(_, axis)| axis.clone())).collect();
        let letters = letters(axes.iter());
        Some((cost, IndexRepair { wanted, found, letters }))
    }

    fn assign(&mut self, cost: u32, sources: &mut Vec<Source>, floats: bool) {
        if self.best.as_ref().is_some_and(|(best, _)| *best <= cost) {
            return;
        }
        let Some(wanted) = self.wanted.get(sources.len()) else {
            // One axis that is averaged away and another that is made up have nothing to do
            // with each other.
            let repeats = sources.iter().any(|it| matches!(it, Source::Repeat(_)));
            let floats = floats && !repeats;
            let left = (0..self.found.len()).filter(|at| !used(sources, *at));
            let mut total = cost;
            for place in left {
                total += match self.found[place].extent().as_constant() {
                    Some(1) => FIRST,
                    _ if floats && self.found[place].kind.is_some() => MEAN,
                    _ => return,
                };
            }
            if self.best.as_ref().is_none_or(|(best, _)| total < *best) {
                self.best = Some((total, sources.clone()));
            }
            return;
        };
        let last = sources.iter().rev().find_map(Source::place);
        for place in 0..self.found.len() {
            if used(sources, place) {
                continue;
            }
            let Some((source, own)) = self.source(place, wanted) else { continue };
            let moved = last.is_some_and(|last| last > place);
            sources.push(source);
            self.assign(cost + own + if moved { MOVED } else { 0 }, sources, floats);
            sources.pop();
        }
        let repeated = match (&wanted.size, self.operator) {
            (_, true) => Some((Source::Broadcast, BROADCAST)),
            (AxisSize::Dim(size), false) => Some((Source::Repeat(size.clone()), REPEATED)),
            (AxisSize::Broadcast, false) => None,
        };
        if let Some((source, own)) = repeated {
            sources.push(source);
            self.assign(cost + own, sources, floats);
            sources.pop();
        }
    }

    /// The axis at a place as one that is wanted, and what that costs.
    fn source(&self, place: usize, wanted: &Axis) -> Option<(Source, u32)> {
        let found = &self.found[place];
        if !kinds_match(found, wanted) || !rates_match(found, wanted) {
            return None;
        }
        let (there, size) = match (&found.size, &wanted.size) {
            (AxisSize::Dim(there), AxisSize::Dim(size)) => (there, size),
            // An operator repeats it already.
            _ if self.operator => return Some((Source::Whole(place), 0)),
            (AxisSize::Broadcast, AxisSize::Broadcast) => return Some((Source::Whole(place), 0)),
            _ => return None,
        };
        let facts = self.known.facts;
        if proved_equal(facts, there, size) {
            // An axis of a kind goes where the kind is said before it goes elsewhere.
            let vague = u32::from(found.kind != wanted.kind);
            return Some((Source::Whole(place), vague));
        }
        // Widths are not cut: pictures and sounds are.
        let spatial = found.kind.or(wanted.kind).is_some_and(cuts);
        if !spatial {
            return None;
        }
        let at_least = |a: &Dim, b: &Dim| facts.proves(&Fact::AtLeast(a.clone(), b.clone()));
        if at_least(there, size) {
            return Some((Source::Crop(place, size.clone()), CHANGED));
        }
        at_least(size, there)
            .then(|| (Source::Pad(place, size.clone(), there.clone()), CHANGED + 1))
    }
}

/// Kinds of axes that may be cut or padded at their end and stay what they are.
fn cuts(kind: Name) -> bool {
    ["time", "row", "col", "depth", "freq"].contains(&kind.as_str())
}

fn used(sources: &[Source], place: usize) -> bool {
    sources.iter().any(|it| it.place() == Some(place))
}

/// One letter or word for each axis: of its size, of its kind, or of the alphabet.
fn letters<'a>(axes: impl Iterator<Item = &'a Axis>) -> Vec<String> {
    let mut taken: Vec<String> = Vec::new();
    for axis in axes {
        let size = match &axis.size {
            AxisSize::Dim(size) => size.as_var().map(|it| it.as_str().to_lowercase()),
            AxisSize::Broadcast => None,
        };
        let kind = axis.kind.map(|kind| kind.as_str()).unwrap_or_default();
        let letters = kind.chars().chain("ijklmn".chars()).map(|it| it.to_string());
        let mut names = size.into_iter().filter(|it| plain(it)).chain(letters);
        let free = names.find(|it| !taken.contains(it));
        taken.push(free.unwrap_or_else(|| format!("i{}", taken.len())));
    }
    taken
}

/// Whether a name can be that of an index: no length such as `cache.len`.
fn plain(name: &str) -> bool {
    name.chars().all(|it| it.is_alphanumeric() || it == '_')
}

impl Source {
    /// The axis of the value that it comes from.
    pub fn place(&self) -> Option<usize> {
        match self {
            Source::Whole(place) | Source::Crop(place, _) | Source::Pad(place, ..) => Some(*place),
            Source::Repeat(_) | Source::Broadcast => None,
        }
    }
}

impl IndexRepair {
    fn is_identity(&self) -> bool {
        let whole = self.wanted.iter().enumerate();
        let mut whole = whole.map(|(at, it)| *it == Source::Whole(at));
        whole.all(|it| it) && self.found.iter().all(|it| *it == Place::Kept)
    }

    /// Whether the order of the axes is another.
    pub fn transposes(&self) -> bool {
        let places: Vec<usize> = self.wanted.iter().filter_map(Source::place).collect();
        !places.is_sorted()
    }

    /// Whether an axis gets another length.
    pub fn cuts(&self) -> bool {
        self.wanted.iter().any(|it| matches!(it, Source::Crop(..) | Source::Pad(..)))
    }

    fn keeps_all(&self) -> bool {
        let whole = self.wanted.iter().all(|it| matches!(it, Source::Whole(_)));
        whole && self.found.iter().all(|it| *it == Place::Kept)
    }

    /// The value's indices, such as `t, b, 0`.
    fn right(&self) -> String {
        let places = self.found.iter().zip(&self.letters).map(|(place, letter)| match place {
            Place::Kept | Place::Mean => letter.as_str(),
            Place::First => "0",
        });
        places.collect::<Vec<_>>().join(", ")
    }

    /// The result's indices, such as `b: B, t`.
    fn left(&self) -> String {
        let mut repeated = self.letters[self.found.len()..].iter();
        let indices = self.wanted.iter().map(|source| match source {
            Source::Whole(place) => self.letters[*place].clone(),
            Source::Crop(place, size) | Source::Pad(place, size, _) => {
                format!("{}: {size}", self.letters[*place])
            }
            Source::Repeat(size) => {
                format!("{}: {size}", repeated.next().map_or("i", |it| it.as_str()))
            }
            Source::Broadcast => "_".to_owned(),
        });
        indices.collect::<Vec<_>>().join(", ")
    }

    /// As an expression of its own, if no `let` is needed: `x[_, d]`, `x[b, 0]`.
    fn view(&self, subject: &str) -> Option<String> {
        let mut indices: Vec<String> = Vec::new();
        let mut next = 0;
        let first = |indices: &mut Vec<String>, from: usize, to: usize| {
            self.found[from..to].iter().all(|it| {
                indices.push("0".to_owned());
                *it == Place::First
            })
        };
        for source in &self.wanted {
            match source {
                Source::Whole(place) if *place >= next => {
                    if !first(&mut indices, next, *place) {
                        return None;
                    }
                    indices.push(self.letters[*place].clone());
                    next = place + 1;
                }
                Source::Broadcast => indices.push("_".to_owned()),
                _ => return None,
            }
        }
        if !first(&mut indices, next, self.found.len()) {
            return None;
        }
        Some(format!("{subject}[{}]", indices.join(", ")))
    }

    /// As one writes it, with what it does in front: "a transpose makes them equal: `…`".
    pub fn text(&self, subject: &str) -> String {
        if let Some(view) = self.view(subject) {
            let what = match self.found.contains(&Place::First) {
                true if self.wanted.contains(&Source::Broadcast) => {
                    "take its only position and broadcast on purpose"
                }
                true => "take its only position",
                false => "broadcast it on purpose",
            };
            return format!("{what}: `{view}`");
        }
        let (left, right) = (self.left(), self.right());
        let result = if subject == "y" { "z" } else { "y" };
        let read = format!("{subject}[{right}]");
        let means = self.found.iter().zip(&self.letters).filter(|(it, _)| **it == Place::Mean);
        let means: Vec<&str> = means.map(|(_, letter)| letter.as_str()).collect();
        let mut value = match means.is_empty() {
            true => read,
            false => format!("mean[{}] {read}", means.join(", ")),
        };
        for source in &self.wanted {
            if let Source::Pad(place, _, there) = source {
                value =
                    format!("if {} < {there} {{ {value} }} else {{ 0.0 }}", self.letters[*place]);
            }
        }
        let what = if self.keeps_all() {
            "a transpose makes them equal"
        } else if !means.is_empty() {
            "reduce what is too much"
        } else if self.wanted.iter().any(|it| matches!(it, Source::Repeat(_))) {
            "repeat it along the axis that it lacks"
        } else if self.wanted.iter().any(|it| matches!(it, Source::Pad(..))) {
            "pad it with zeros"
        } else if self.wanted.iter().any(|it| matches!(it, Source::Crop(..))) {
            "crop it"
        } else {
            "index it"
        };
        format!("{what}: `let {result}[{left}] = {value};`")
    }
}

impl ElementRepair {
    pub fn text(&self, program: &Program, subject: &str) -> String {
        match self {
            ElementRepair::Negate => format!("negate it: `!{subject}`"),
            ElementRepair::Logarithm => format!("take the logarithm: `log({subject})`"),
            ElementRepair::Exponential => format!("undo the logarithm: `exp({subject})`"),
            ElementRepair::Compare => format!("compare it: `{subject} > 0.0`"),
            ElementRepair::Cast(to) => {
                format!("convert it: `{subject} as {}`", program.show(to))
            }
            ElementRepair::Claim(to) => {
                format!("if it is that, say so: `{subject} as {}`", program.show(to))
            }
        }
    }
}

impl Repair {
    /// What to write, each a sentence of a message, in the order in which it is done.
    pub fn texts(&self, program: &Program, subject: &str) -> Vec<String> {
        let resample = self.resample.map(|rate| format!("resample it to {rate}"));
        let index = self.index.as_ref().map(|it| it.text(subject));
        let element = self.element.as_ref().map(|it| it.text(program, subject));
        resample.into_iter().chain(index).chain(element).collect()
    }
}
