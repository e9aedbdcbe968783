//! Where the heads are along an axis, and how indices change when there are fewer.

use nnc_graph::{Affine, Var};
use nnc_shape::Dim;

use crate::params::Segment;

/// The runs of an axis that are made of heads, in order.
pub(super) type Scheme = Vec<Segment>;

/// A term of an index: the variable, what it is multiplied by, and its range.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    pub var: Var,
    /// At least 1.
    pub by: i64,
    pub extent: i64,
    /// Whether the variable is counted from its end: `extent - 1 - var`.
    pub back: bool,
}

/// An index whose numbers are known.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The least place.
    pub offset: i64,
    pub terms: Vec<Term>,
}

impl Segment {
    fn end(&self) -> i64 {
        self.start + self.len
    }

    /// How many heads are left.
    pub(super) fn left(&self) -> i64 {
        self.kept.as_ref().map_or(1, |it| it.len() as i64)
    }

    pub(super) fn new_len(&self) -> i64 {
        self.len / self.count * self.left()
    }
}

/// The length of an axis when heads are gone.
pub(super) fn new_len(len: i64, scheme: &[Segment]) -> i64 {
    len - scheme.iter().map(|it| it.len - it.new_len()).sum::<i64>()
}

/// Where a place before, between or behind segments comes to lie.
fn moved(at: i64, scheme: &[Segment]) -> i64 {
    let before = scheme.iter().filter(|it| it.end() <= at);
    at - before.map(|it| it.len - it.new_len()).sum::<i64>()
}

/// What a term has to do with a segment that its index lies in.
enum Part {
    /// Within a head, or which run of heads.
    Low,
    High,
    /// Which head.
    Head,
    /// All of a run of heads and what is in them.
    Whole,
}

fn part(term: &Term, segment: &Segment) -> Option<Part> {
    let block = segment.inner * segment.count;
    if term.by == segment.inner && term.extent == segment.count {
        Some(Part::Head)
    } else if term.by * (term.extent - 1) < segment.inner {
        Some(Part::Low)
    } else if term.by % block == 0 {
        Some(Part::High)
    } else if segment.inner % term.by == 0 && term.by * term.extent == block {
        Some(Part::Whole)
    } else {
        None
    }
}

impl Place {
    /// An index with numbers for all of its sizes.
    pub(super) fn of(index: &Affine, extent: &dyn Fn(Var) -> Option<i64>) -> Option<Place> {
        let mut terms = Vec::new();
        let mut offset = index.offset.as_constant()?;
        for (var, by) in &index.terms {
            let (by, extent) = (by.as_constant()?, extent(*var)?);
            // It is 0 always.
            if extent == 1 {
                continue;
            }
            offset += by.min(0) * (extent - 1);
            terms.push(Term { var: *var, by: by.abs(), extent, back: by < 0 });
        }
        Some(Place { offset, terms })
    }

    /// The places that the index takes, from the first to behind the last.
    fn hull(&self) -> (i64, i64) {
        let reach: i64 = self.terms.iter().map(|it| it.by * (it.extent - 1)).sum();
        (self.offset, self.offset + reach + 1)
    }

    /// Whether the index takes each place of its hull exactly once.
    fn is_radix(&self) -> bool {
        let mut terms = self.terms.clone();
        terms.sort_by_key(|it| it.by);
        let mut by = 1;
        for term in terms {
            if term.by != by {
                return false;
            }
            by *= term.extent;
        }
        true
    }

    /// What the segments of an axis are in terms of the variables of an index into it; `None`
    /// where they cannot be told.
    pub(super) fn inside(&self, scheme: &[Segment]) -> Option<Vec<(Var, Scheme)>> {
        let (first, end) = self.hull();
        let met: Vec<&Segment> =
            scheme.iter().filter(|it| it.start < end && first < it.end()).collect();
        if met.is_empty() {
            return Some(Vec::new());
        }
        if let [Term { var, by: 1, back: false, .. }] = self.terms.as_slice() {
            if met.iter().any(|it| it.start < first || it.end() > end) {
                return None;
            }
            let shifted = |it: &&Segment| Segment { start: it.start - first, ..(*it).clone() };
            return Some(vec![(*var, met.iter().map(shifted).collect())]);
        }
        let [segment] = met.as_slice() else { return None };
        if first < segment.start || end > segment.end() {
            return None;
        }
        let mut found = None;
        let mut low = (first - segment.start) % segment.inner;
        for term in &self.terms {
            match part(term, segment)? {
                Part::High => {}
                Part::Low => low += term.by * (term.extent - 1),
                Part::Head | Part::Whole if found.is_some() || term.back => return None,
                Part::Head => {
                    let one =
                        Segment { start: 0, len: term.extent, inner: 1, ..(*segment).clone() };
                    found = Some((term.var, vec![one]));
                }
                Part::Whole => {
                    let inner = segment.inner / term.by;
                    let whole = Segment { start: 0, len: term.extent, inner, ..(*segment).clone() };
                    found = Some((term.var, vec![whole]));
                    low = 0;
                }
            }
        }
        let head = (first - segment.start) / segment.inner % segment.count;
        (low < segment.inner && head == 0).then_some(())?;
        found.map(|it| vec![it])
    }

    /// The segments of the axis that a variable's are where the index is read.
    pub(super) fn outside(&self, var: Var, scheme: &[Segment]) -> Option<Scheme> {
        let term = self.terms.iter().find(|it| it.var == var && !it.back)?;
        if let [Term { by: 1, .. }] = self.terms.as_slice() {
            let shifted = |it: &Segment| Segment { start: it.start + self.offset, ..it.clone() };
            return Some(scheme.iter().map(shifted).collect());
        }
        let [segment] = scheme else { return None };
        if !self.is_radix() || segment.start != 0 || segment.len != term.extent {
            return None;
        }
        let (start, end) = self.hull();
        let inner = segment.inner * term.by;
        Some(vec![Segment { start, len: end - start, inner, ..segment.clone() }])
    }

    /// The index when the heads of the axis are fewer; `cut` where the variable of the heads
    /// goes on to count those that there were.
    pub(super) fn rewritten(&self, scheme: &[Segment], cut: bool) -> Affine {
        let (first, end) = self.hull();
        let met = scheme.iter().find(|it| it.start <= first && end <= it.end());
        let plain = matches!(self.terms.as_slice(), [Term { by: 1, back: false, .. }]);
        let Some(segment) = met.filter(|_| !plain || cut) else {
            return self.affine(moved(first, scheme), &|term| Some(term.by));
        };
        let block = segment.inner * segment.count;
        let within = first - segment.start;
        let offset = moved(segment.start, scheme)
            + within / block * segment.inner * segment.left()
            + within % segment.inner;
        self.affine(offset, &|term| match part(term, segment) {
            Some(Part::Head) if cut => None,
            Some(Part::High) => Some(term.by / segment.count * segment.left()),
            _ => Some(term.by),
        })
    }

    fn affine(&self, offset: i64, by: &dyn Fn(&Term) -> Option<i64>) -> Affine {
        let mut sum = Affine::constant(offset);
        for term in &self.terms {
            let Some(by) = by(term) else { continue };
            let (by, start) = if term.back { (-by, by * (term.extent - 1)) } else { (by, 0) };
            sum = sum.plus(&Affine::constant(start));
            sum = sum.plus(&Affine::var(term.var).times(&Dim::constant(by)));
        }
        sum
    }
}
