//! The changes that are made: a mistake that a person makes, each.

use super::places::{Facts, Places};
use nnc_base::Span;
use nnc_syntax::ast::{
    AxisGroup, AxisKind, BinaryOp, Expr, ExprKind, Index, IndexKind, Module, Reduce, StaticArg,
};

/// A text with a mistake in it.
#[derive(Clone, Debug)]
pub(super) struct Mutant {
    pub(super) operator: &'static str,
    /// The bytes that are replaced, in order, without overlap.
    edits: Vec<(Span, String)>,
}

impl Mutant {
    /// The whole text after the change.
    pub(super) fn apply(&self, text: &str) -> String {
        let mut result = String::with_capacity(text.len() + 16);
        let mut at = 0;
        for (span, new) in &self.edits {
            result.push_str(&text[at..span.start as usize]);
            result.push_str(new);
            at = span.end as usize;
        }
        result.push_str(&text[at..]);
        result
    }

    /// Whether it changes a row of a checkpoint.
    pub(super) fn is_of_checkpoint(&self) -> bool {
        matches!(self.operator, "drop-axis-map" | "swap-map-axes")
    }

    /// The lines that are changed, before and after, as a list shows them.
    pub(super) fn shown(&self, text: &str) -> String {
        let (Some(first), Some(last)) = (self.edits.first(), self.edits.last()) else {
            return String::new();
        };
        let start = text[..first.0.start as usize].rfind('\n').map_or(0, |at| at + 1);
        let end = last.0.end as usize;
        let end = text[end..].find('\n').map_or(text.len(), |at| end + at);
        let changed = self.apply(text);
        let after = &changed[start..changed.len() - (text.len() - end)];
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("  {} => {}\n", words(&text[start..end]), words(after))
    }
}

/// Collects mutants of one text.
struct Maker<'a> {
    text: &'a str,
    found: Vec<Mutant>,
}

/// All mutants of a module.
pub(super) fn mutants(text: &str, module: &Module) -> Vec<Mutant> {
    let places = Places::of(module);
    let mut maker = Maker { text, found: Vec::new() };
    maker.axes(&places);
    maker.indices(&places);
    maker.sizes(&places);
    maker.facts(&places);
    maker.guards(&places);
    maker.calls(&places);
    maker.elements(&places);
    maker.maps(&places);
    maker.found
}

impl Maker<'_> {
    fn written(&self, span: Span) -> &str {
        &self.text[span.start as usize..span.end as usize]
    }

    fn add(&mut self, operator: &'static str, mut edits: Vec<(Span, String)>) {
        edits.sort_by_key(|(span, _)| span.start);
        let changes = edits.iter().any(|(span, new)| self.written(*span) != new);
        if changes {
            self.found.push(Mutant { operator, edits });
        }
    }

    /// Two parts in each other's place, unless they are the same words.
    fn swap(&mut self, operator: &'static str, one: Span, other: Span) {
        let (left, right) = (self.written(one).to_owned(), self.written(other).to_owned());
        if left != right {
            self.add(operator, vec![(one, right), (other, left)]);
        }
    }

    /// Each two parts of a list in each other's place.
    fn swaps(&mut self, operator: &'static str, parts: &[Span]) {
        for (at, one) in parts.iter().enumerate() {
            for other in &parts[at + 1..] {
                self.swap(operator, *one, *other);
            }
        }
    }

    /// A list without one of its items and the comma beside it.
    fn without(&mut self, operator: &'static str, items: &[Span], at: usize) {
        let mut span = items[at];
        if let Some(next) = items.get(at + 1) {
            span.end = next.start;
        } else if let Some(before) = at.checked_sub(1) {
            span.start = items[before].end;
        }
        self.add(operator, vec![(span, String::new())]);
    }

    fn axes(&mut self, places: &Places<'_>) {
        for axes in &places.axes {
            let all: Vec<Span> = axes.iter().map(|it| it.span).collect();
            let sized: Vec<Span> = (axes.iter())
                .filter(|it| !matches!(it.kind, AxisKind::Rest))
                .map(|it| it.span)
                .collect();
            self.swaps("swap-axes", &sized);
            for (at, axis) in axes.iter().enumerate() {
                if matches!(axis.kind, AxisKind::Rest) {
                    self.without("drop-rest", &all, at);
                }
            }
        }
        for dim in &places.dims {
            let Some(kind) = dim.kind else { continue };
            for other in ["batch", "time", "feat", "head"] {
                if kind.as_str() != other {
                    self.add("change-kind", vec![(kind.span, other.to_owned())]);
                }
            }
        }
    }

    fn indices(&mut self, places: &Places<'_>) {
        let rest = |index: &Index| matches!(index.kind, IndexKind::Rest);
        let lists = places.lefts.iter().map(|it| ("swap-left-indices", *it));
        let lists = lists.chain(places.reads.iter().map(|it| ("swap-read-indices", *it)));
        for (swap, list) in lists {
            let all: Vec<Span> = list.iter().map(|it| it.span).collect();
            let others: Vec<Span> = list.iter().filter(|it| !rest(it)).map(|it| it.span).collect();
            self.swaps(swap, &others);
            for (at, index) in list.iter().enumerate() {
                match &index.kind {
                    IndexKind::Rest => self.without("drop-rest", &all, at),
                    IndexKind::Broadcast => self.without("drop-broadcast", &all, at),
                    IndexKind::Split(parts) => {
                        let parts: Vec<Span> = parts.iter().map(|it| it.span).collect();
                        self.swaps("swap-split", &parts);
                    }
                    IndexKind::Expr(_) | IndexKind::Extent { .. } => {}
                }
            }
        }
        for place in &places.uses {
            for other in &place.others {
                self.add("replace-index", vec![(place.span, other.as_str().to_owned())]);
            }
        }
        for reduce in &places.reductions {
            self.reduction(reduce);
        }
    }

    /// A reduction without one of its indices; without the only one, without itself.
    fn reduction(&mut self, reduce: &Reduce) {
        let binders: Vec<Span> = reduce.binders.iter().map(|it| it.span).collect();
        if let [_] = binders.as_slice() {
            if reduce.otherwise.is_none() {
                let mut head = reduce.op_span;
                head.end = reduce.body.span.start;
                // A body in brackets starts in front of its span.
                let written = self.written(head);
                let kept = written.rfind(']').map_or("", |at| &written[at + 1..]).to_owned();
                self.add("drop-reduction", vec![(head, kept)]);
            }
            return;
        }
        for at in 0..binders.len() {
            self.without("drop-reduction", &binders, at);
        }
    }

    fn sizes(&mut self, places: &Places<'_>) {
        for number in &places.numbers {
            let ExprKind::Int(value) = number.kind else { continue };
            self.add("shift-number", vec![(number.span, (value + 1).to_string())]);
            if value > 0 {
                self.add("shift-number", vec![(number.span, (value - 1).to_string())]);
            }
        }
        for division in &places.divisions {
            let ExprKind::Binary { op, op_span, .. } = &division.kind else { continue };
            let other = if *op == BinaryOp::Divide { "//" } else { "/" };
            self.add("change-division", vec![(*op_span, other.to_owned())]);
        }
    }

    fn facts(&mut self, places: &Places<'_>) {
        for Facts { facts, keyword } in &places.facts {
            let spans: Vec<Span> = facts.iter().map(|it| it.span).collect();
            for (at, fact) in facts.iter().enumerate() {
                if spans.len() == 1 {
                    let mut span = spans[0];
                    let before = &self.text[..span.start as usize];
                    let start = if *keyword { before.rfind("where") } else { None };
                    span.start = start.map_or(span.start, |it| it as u32);
                    self.add("drop-fact", vec![(span, String::new())]);
                } else {
                    self.without("drop-fact", &spans, at);
                }
                if *keyword {
                    self.weaken(fact);
                }
            }
        }
    }

    /// A bound that is one further than it was.
    fn weaken(&mut self, fact: &Expr) {
        let ExprKind::Binary { op, right, .. } = &fact.kind else { return };
        let by = match op {
            BinaryOp::GreaterEqual | BinaryOp::Greater => "- 1",
            BinaryOp::LessEqual | BinaryOp::Less => "+ 1",
            _ => return,
        };
        let new = format!("{} {by}", self.written(right.span));
        self.add("weaken-fact", vec![(right.span, new)]);
    }

    fn guards(&mut self, places: &Places<'_>) {
        for guard in &places.guards {
            for conjunct in guard.bounds() {
                let ExprKind::Binary { op, op_span, .. } = &conjunct.kind else { continue };
                for other in flipped(*op) {
                    self.add("flip-comparison", vec![(*op_span, (*other).to_owned())]);
                }
                let whole = conjunct.span == guard.condition.span;
                match guard.reduction {
                    // From the bar to the bracket.
                    Some(reduce) if whole => {
                        let last = reduce.binders.last().map_or(conjunct.span, |it| it.span);
                        let mut span = conjunct.span;
                        span.start = last.end;
                        self.add("drop-conjunct", vec![(span, String::new())]);
                    }
                    _ => self.add("drop-conjunct", vec![(conjunct.span, "true".to_owned())]),
                }
            }
        }
    }

    fn calls(&mut self, places: &Places<'_>) {
        // Their arguments may change places.
        let symmetric = ["max", "min"];
        for (name, args) in &places.calls {
            if name.is_some_and(|it| symmetric.contains(&it.as_str())) {
                continue;
            }
            let values: Vec<Span> = args.iter().map(|it| it.value.span).collect();
            self.swaps("swap-arguments", &values);
        }
        for args in &places.statics {
            let value = |it: &StaticArg| {
                let mut span = it.span;
                if let Some(name) = it.name {
                    let after = &self.text[name.span.end as usize..it.span.end as usize];
                    let skipped = after.len() - after.trim_start_matches([' ', '=']).len();
                    span.start = name.span.end + skipped as u32;
                }
                span
            };
            let values: Vec<Span> = args.iter().map(value).collect();
            self.swaps("swap-sizes", &values);
        }
        for cast in &places.casts {
            let ExprKind::Cast { value, to } = &cast.kind else { continue };
            let mut span = to.span;
            let between = &self.text[value.span.end as usize..to.span.start as usize];
            // Brackets around the value stay.
            let word = between.rfind("as").unwrap_or(0) as u32;
            span.start = value.span.end + word;
            self.add("drop-as", vec![(span, String::new())]);
        }
    }

    fn elements(&mut self, places: &Places<'_>) {
        for element in &places.elements {
            let others: &[&str] = match element.name.as_str() {
                "f32" => &["f16", "int"],
                "f16" | "bf16" | "float" | "f64" => &["f32"],
                "int" | "i32" => &["f32", "i64"],
                "i8" | "u8" | "i64" => &["int"],
                "bool" => &["PadMask", "int"],
                "Mask" => &["PadMask"],
                "PadMask" => &["Mask"],
                "Logits" => &["Prob"],
                "Prob" => &["Logits", "LogProb"],
                "LogProb" => &["Prob"],
                _ => &["int", "f32"],
            };
            for other in others {
                self.add("change-element", vec![(element.span, (*other).to_owned())]);
            }
        }
    }

    fn maps(&mut self, places: &Places<'_>) {
        for (row, map) in &places.maps {
            let before = &self.text[row.start as usize..map.span.start as usize];
            let colon = before.rfind(':').unwrap_or(before.len()) as u32;
            let mut span = map.span;
            span.start = row.start + colon;
            self.add("drop-axis-map", vec![(span, String::new())]);
            let spans = |groups: &[AxisGroup]| -> Vec<Span> {
                let span = |it: &AxisGroup| match it {
                    AxisGroup::One(name) => name.span,
                    AxisGroup::Merged(_, span) => *span,
                };
                groups.iter().map(span).collect()
            };
            self.swaps("swap-map-axes", &spans(&map.to));
        }
    }
}

/// What a bound is taken for by mistake: one that lets more through, or the other way round.
/// A narrower one leaves points out, which is a matter of values.
fn flipped(op: BinaryOp) -> &'static [&'static str] {
    match op {
        BinaryOp::Less => &["<=", ">"],
        BinaryOp::LessEqual => &[">"],
        BinaryOp::Greater => &[">=", "<"],
        BinaryOp::GreaterEqual => &["<"],
        _ => &[],
    }
}
