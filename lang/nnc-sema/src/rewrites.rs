//! The `rewrite` lines of a model: which rewrite is meant, and whether it is given what it
//! takes. Whether its places are there, lowering knows.

use nnc_base::{Diagnostic, Span};
use nnc_hir::{Joined, REWRITES, Rewrite, RewriteKind, RewriteName, Step};
use nnc_syntax::ast;
use nnc_syntax::ast::RewriteArgKind as Arg;

use crate::errors::rewrites as errors;
use crate::scope::nearest;

/// A fold runs at most this many steps, those of loops counted one by one.
const MOST_STEPS: usize = 1 << 12;

type Read<T> = Result<T, Box<Diagnostic>>;

/// What a `rewrite` line means.
pub fn rewrite(written: &ast::Rewrite) -> Result<Rewrite, Box<Diagnostic>> {
    let name = written.name.as_str();
    let Some(known) = REWRITES.iter().find(|it| it.name == name) else {
        let near = nearest(name, REWRITES.iter().map(|it| it.name).collect::<Vec<_>>());
        return Err(Box::new(errors::unknown(&written.name, near)));
    };
    let kind = Reader { written, known }.kind()?;
    let args_span = match (written.args.first(), written.args.last()) {
        (Some(first), Some(last)) => Span::new(first.span.file, first.span.start, last.span.end),
        _ => written.name.span,
    };
    Ok(Rewrite {
        span: written.span,
        place: written.place.value.clone(),
        place_span: written.place.span,
        kind,
        args_span,
    })
}

struct Reader<'w> {
    written: &'w ast::Rewrite,
    known: &'static RewriteName,
}

impl Reader<'_> {
    fn kind(&self) -> Read<RewriteKind> {
        let args = self.written.args.as_slice();
        match (self.known.name, args) {
            ("order", [list]) => {
                Ok(RewriteKind::Order { steps: self.order(list)?, joined: Joined::Mean })
            }
            ("order", [list, word]) => {
                let joined = match &word.kind {
                    Arg::Word(it) if it.as_str() == "sum" => Joined::Sum,
                    Arg::Word(it) if it.as_str() == "mean" => Joined::Mean,
                    Arg::Word(it) if it.as_str() == "branches" => Joined::Branches,
                    _ => {
                        let words = "behind the list, `mean`, `sum` or `branches`";
                        return Err(self.takes(word.span, words));
                    }
                };
                Ok(RewriteKind::Order { steps: self.order(list)?, joined })
            }
            ("drop", [list]) => Ok(RewriteKind::Drop(self.items(list)?)),
            ("tie", [list]) => Ok(RewriteKind::Tie(self.items(list)?)),
            ("heads", [list]) => {
                let items = self.items(list)?;
                if items.is_empty() {
                    return Err(self.takes(list.span, "at least one head that is kept"));
                }
                for (at, item) in items.iter().enumerate() {
                    if items[..at].contains(item) {
                        let why = format!("each head once, and {item} is there twice");
                        return Err(self.takes(list.span, &why));
                    }
                }
                Ok(RewriteKind::Heads(items))
            }
            ("loop", [arg]) => self.looped(arg),
            ("average", []) => Ok(RewriteKind::Average(None)),
            ("average", [arg]) => match &arg.kind {
                Arg::Word(word) if word.as_str() == "off" => Ok(RewriteKind::AverageOff),
                Arg::List(rows) => Ok(RewriteKind::Average(Some(
                    rows.iter().map(|row| self.numbers(row)).collect::<Read<_>>()?,
                ))),
                _ => Err(self.takes(arg.span, "nothing, `off`, or a list of weights a step")),
            },
            ("parallel", []) => Ok(RewriteKind::Parallel),
            ("rank", [arg]) => match arg.kind {
                Arg::Int(rank) if rank >= 1 => Ok(RewriteKind::Rank(rank)),
                _ => Err(self.takes(arg.span, "a rank of at least 1")),
            },
            ("write_heads", [arg]) => match arg.kind {
                Arg::Int(1) => Ok(RewriteKind::OneWriteHead),
                _ => Err(self.takes(arg.span, "1: keys and values are left with one head")),
            },
            (_, []) => Err(self.takes(self.written.name.span, "something behind its name")),
            (_, [first, ..]) => {
                let most = usize::from(!self.known.takes.is_empty());
                let extra = args.get(most).unwrap_or(first);
                Err(self.takes(extra.span, "no more"))
            }
        }
    }

    fn takes(&self, at: Span, what: &str) -> Box<Diagnostic> {
        Box::new(errors::takes(at, self.known, what))
    }

    /// Steps one after the other.
    fn order(&self, list: &ast::RewriteArg) -> Read<Vec<Step>> {
        let Arg::List(args) = &list.kind else {
            return Err(self.takes(list.span, "a list of items in `[…]`"));
        };
        let mut steps = Vec::new();
        for arg in args {
            steps.extend(self.steps(arg)?);
            if steps.len() > MOST_STEPS {
                let why = format!("at most {MOST_STEPS} steps");
                return Err(self.takes(arg.span, &why));
            }
        }
        Ok(steps)
    }

    fn steps(&self, arg: &ast::RewriteArg) -> Read<Vec<Step>> {
        match &arg.kind {
            Arg::Int(at) if *at >= 0 => Ok(vec![Step::Item(*at)]),
            Arg::Range(..) => Ok(self.range(arg)?.map(Step::Item).collect()),
            Arg::List(_) => self.order(arg),
            Arg::Side(args) => {
                let mut ways = Vec::new();
                for arg in args {
                    match &arg.kind {
                        // Each item of a range is one of those side by side.
                        Arg::Range(..) => {
                            ways.extend(self.range(arg)?.map(|at| vec![Step::Item(at)]));
                        }
                        _ => ways.push(self.steps(arg)?),
                    }
                }
                if ways.is_empty() {
                    return Err(self.takes(arg.span, "at least one item in `(…)`"));
                }
                Ok(vec![Step::Side(ways)])
            }
            Arg::Times(inner, times) => {
                let steps = self.steps(inner)?;
                let times = usize::try_from(*times).unwrap_or(usize::MAX);
                if steps.len().saturating_mul(times) > MOST_STEPS {
                    let why = format!("at most {MOST_STEPS} steps");
                    return Err(self.takes(arg.span, &why));
                }
                Ok(std::iter::repeat_n(steps, times).flatten().collect())
            }
            Arg::Int(_) | Arg::Float(_) | Arg::Word(_) => {
                Err(self.takes(arg.span, "items by their places, which are counted from 0"))
            }
        }
    }

    fn range(&self, arg: &ast::RewriteArg) -> Read<std::ops::Range<i64>> {
        match arg.kind {
            Arg::Range(from, to) if to.saturating_sub(from) > MOST_STEPS as i64 => {
                Err(self.takes(arg.span, &format!("at most {MOST_STEPS} items")))
            }
            Arg::Range(from, to) if from < to => Ok(from..to),
            _ => Err(self.takes(arg.span, "a range that begins before it ends, such as `4..8`")),
        }
    }

    /// Places alone.
    fn items(&self, list: &ast::RewriteArg) -> Read<Vec<i64>> {
        let steps = self.order(list)?;
        let items = steps.into_iter().map(|step| match step {
            Step::Item(at) => Ok(at),
            Step::Side(_) => Err(self.takes(list.span, "items alone, none side by side")),
        });
        items.collect()
    }

    fn looped(&self, arg: &ast::RewriteArg) -> Read<RewriteKind> {
        let wrong = |at| Err(self.takes(at, "a range and how often it is run"));
        let Arg::Times(inner, times) = &arg.kind else { return wrong(arg.span) };
        let Arg::List(list) = &inner.kind else { return wrong(inner.span) };
        let [range] = list.as_slice() else { return wrong(inner.span) };
        let range = match range.kind {
            Arg::Int(at) if at >= 0 => at..at + 1,
            _ => self.range(range)?,
        };
        let steps = usize::try_from(range.end - range.start).unwrap_or(0);
        let all = usize::try_from(*times).unwrap_or(usize::MAX).saturating_mul(steps);
        if all > MOST_STEPS || *times < 1 {
            return Err(self.takes(arg.span, &format!("from 1 to {MOST_STEPS} steps")));
        }
        Ok(RewriteKind::Loop { from: range.start, to: range.end, times: *times })
    }

    fn numbers(&self, row: &ast::RewriteArg) -> Read<Vec<f64>> {
        let Arg::List(items) = &row.kind else {
            return Err(self.takes(row.span, "a list of numbers for each step"));
        };
        let numbers = items.iter().map(|item| match item.kind {
            Arg::Int(value) => Ok(value as f64),
            Arg::Float(value) => Ok(value),
            _ => Err(self.takes(item.span, "numbers")),
        });
        numbers.collect()
    }
}
