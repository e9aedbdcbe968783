//! What is said of two chains of layers against the closed forms of their sizes.
//!
//! The closed forms are written anew here, as Dumoulin and Visin, "A guide to convolution
//! arithmetic", 2016, have them (relationships 6, 7, 14 and 15), and are gone through for all
//! sizes up to a bound that is beyond every period of the chains.

use crate::Random;
use crate::questions::{library_session, parsed, root};
use nnc_base::Name;
use nnc_sema::{Answer, Chain, Equivalence, Questions};
use std::collections::BTreeMap;

/// Sizes up to this one are gone through: more than the periods of any two chains.
const FAR: i64 = 1500;
const PAIRS: usize = 600;

#[derive(Clone, Copy, PartialEq, Debug)]
enum Layer {
    Conv { k: i64, s: i64, d: i64, p: i64 },
    Pool { max: bool, k: i64, s: i64, p: i64 },
    Ceil { k: i64, s: i64, p: i64 },
    Transposed { k: i64, s: i64, d: i64, p: i64, extra: i64 },
}

impl Layer {
    fn text(self) -> String {
        match self {
            Layer::Conv { k, s, d, p } => format!("Conv1d<C, C>(k={k}, s={s}, d={d}, p={p})"),
            Layer::Pool { max: true, k, s, p } => format!("MaxPool1d({k}, s={s}, p={p})"),
            Layer::Pool { max: false, k, s, p } => format!("AvgPool1d({k}, s={s}, p={p})"),
            Layer::Ceil { k, s, p } => format!("CeilMaxPool1d({k}, s={s}, p={p})"),
            Layer::Transposed { k, s, d, p, extra } => {
                format!("ConvTranspose1d<C, C>(k={k}, s={s}, d={d}, p={p}, extra={extra})")
            }
        }
    }

    /// What it makes of `n` steps, if it takes so many.
    fn of(self, n: i64) -> Option<i64> {
        match self {
            Layer::Conv { k, s, d, p } => {
                let room = n + 2 * p - (d * (k - 1) + 1);
                (room >= 0).then(|| room / s + 1)
            }
            Layer::Pool { k, s, p, .. } => {
                let room = n + 2 * p - k;
                (room >= 0).then(|| room / s + 1)
            }
            Layer::Ceil { k, s, p } => {
                let mut windows = 0;
                // Each starts on the sequence or on the padding before it, and the last is the
                // first to reach the end of the padding.
                let mut start = 0;
                while start < n + p && (windows == 0 || start - s + k < n + 2 * p) {
                    windows += 1;
                    start += s;
                }
                (n + 2 * p + s > k).then_some(windows)
            }
            Layer::Transposed { k, s, d, p, extra } => {
                let size = s * (n - 1) + d * (k - 1) + 1 - 2 * p + extra;
                (size >= 1).then_some(size)
            }
        }
    }
}

/// By how much a chain shrinks what is long, as a fraction.
fn stride(chain: &[Layer]) -> (i64, i64) {
    chain.iter().fold((1, 1), |(down, up), layer| match *layer {
        Layer::Conv { s, .. } | Layer::Pool { s, .. } | Layer::Ceil { s, .. } => (down * s, up),
        Layer::Transposed { s, .. } => (down, up * s),
    })
}

struct Dice(Random);

impl Dice {
    fn below(&mut self, end: i64) -> i64 {
        self.0.below(end)
    }

    fn from(&mut self, first: i64, last: i64) -> i64 {
        first + self.below(last - first + 1)
    }

    fn conv(&mut self) -> Layer {
        let (k, d) = (self.from(1, 5), self.from(1, 3));
        Layer::Conv { k, s: self.from(1, 3), d, p: self.from(0, 4) }
    }

    fn layer(&mut self) -> Layer {
        let k = self.from(1, 5);
        match self.below(6) {
            0 | 1 => self.conv(),
            2 | 3 => {
                let (max, p) = (self.below(2) == 0, self.below(k));
                Layer::Pool { max, k, s: self.from(1, 4), p }
            }
            4 => Layer::Ceil { k, s: self.from(1, 3), p: self.below(k) },
            _ => {
                let (s, d) = (self.from(1, 3), self.from(1, 2));
                let extra = self.below(s);
                Layer::Transposed { k, s, d, p: self.from(0, 2), extra }
            }
        }
    }

    /// The first is a convolution, so that all chains name the channels alike.
    fn chain(&mut self) -> Vec<Layer> {
        let mut chain = vec![self.conv()];
        for _ in 0..self.below(3) {
            chain.push(self.layer());
        }
        chain
    }

    /// A chain that is like another one in parts.
    fn like(&mut self, chain: &[Layer]) -> Vec<Layer> {
        let mut like = chain.to_vec();
        for _ in 0..self.from(1, 2) {
            let at = self.below(like.len() as i64) as usize;
            let by = self.from(-2, 2);
            match &mut like[at] {
                Layer::Conv { k, d, p, .. } => {
                    // The same room, by another window.
                    (*k, *p) = ((*k + 2 * by).max(1), (*p + *d * by).max(0));
                }
                Layer::Pool { k, p, .. } | Layer::Ceil { k, p, .. } => {
                    *k = (*k + by).max(1);
                    *p = (*p).min(*k - 1);
                }
                Layer::Transposed { k, p, .. } => {
                    (*k, *p) = ((*k + 2 * by).max(1), (*p + by).max(0));
                }
            }
        }
        if self.below(4) == 0 {
            like.push(self.layer());
        }
        like
    }
}

fn through(chain: &[Layer], n: i64) -> Option<i64> {
    chain.iter().try_fold(n, |n, layer| layer.of(n))
}

/// Whether conditions on `T` hold of a size.
fn holds(conditions: &[String], size: i64) -> bool {
    let compare = |text: &str| {
        let text = text.strip_prefix('T').unwrap_or_else(|| panic!("{text}")).trim();
        let (left, rest) = match text.strip_prefix("% ") {
            Some(rest) => {
                let (divisor, rest) = rest.split_once(' ').unwrap();
                (size.rem_euclid(divisor.parse().unwrap()), rest)
            }
            None => (size, text),
        };
        let (op, right) = rest.split_once(' ').unwrap();
        let right: i64 = right.parse().unwrap();
        match op {
            "==" => left == right,
            "!=" => left != right,
            "<=" => left <= right,
            ">=" => left >= right,
            other => panic!("{other}"),
        }
    };
    conditions.iter().all(|it| it.split(" || ").any(|it| it.split(" && ").all(compare)))
}

/// In what the answer is wrong.
fn mistake(found: &Equivalence, chains: &[Vec<Layer>; 2]) -> Option<String> {
    let sizes = || (1..=FAR).map(|n| (n, through(&chains[0], n), through(&chains[1], n)));
    let both = || sizes().filter_map(|(n, first, second)| Some((n, first?, second?)));
    let asks = [&found.first_asks, &found.second_asks];
    for (n, first, second) in sizes() {
        let own = [first, second].map(|it| it.is_some());
        for (at, other) in [(0, 1), (1, 0)] {
            if own[other] && own[at] != holds(asks[at], n) {
                return Some(format!("what only one of them asks is wrong at {n}"));
            }
        }
    }
    if !found.exactly {
        return Some("it is not exact".to_owned());
    }
    let conditional = !matches!(found.answer, Answer::Different);
    let wrong = both()
        .find(|(n, first, second)| (first == second) != (conditional && holds(&found.guards, *n)));
    if let Some((n, first, second)) = wrong {
        return Some(format!("{n} gives {first} and {second}"));
    }
    // Chains of different strides part for good, though it may be late.
    let [(down, up), (down2, up2)] = [&chains[0], &chains[1]].map(|it| stride(it));
    let together = down * up2 == down2 * up;
    let often = together && both().any(|(n, first, second)| n > FAR / 2 && first == second);
    let asks = !found.first_asks.is_empty() || !found.second_asks.is_empty();
    let fits = match found.answer {
        Answer::Complete => found.guards.is_empty() && !asks,
        Answer::Type => often && (asks || !found.guards.is_empty()),
        Answer::Instant => !often && found.same_at.is_some(),
        Answer::Different => true,
    };
    if !fits {
        return Some("the answer is of another kind".to_owned());
    }
    for (wanted, instance) in [(true, &found.same_at), (false, &found.different_at)] {
        let Some(instance) = instance else { continue };
        let size = instance.sizes.iter().find(|(name, _)| *name == Name::new("T"));
        let n = size.map(|it| it.1)?;
        let given = [&chains[0], &chains[1]].map(|it| through(it, n));
        if (given[0] == given[1]) != wanted || instance.first.is_ok() != given[0].is_some() {
            return Some(format!("{instance:?}"));
        }
    }
    let shown = [(Answer::Instant, &found.same_at), (Answer::Different, &found.different_at)];
    let unseen = shown.iter().any(|(answer, it)| *answer == found.answer && it.is_none());
    unseen.then(|| "no sizes show it".to_owned())
}

/// Wu, Saxena and Jain, 2021: complete, type and instant equivalence of layers.
#[test]
fn chains_are_equivalent_where_their_closed_forms_are_equal() {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
    let seed = std::env::var("NNC_SEED").ok().and_then(|it| it.parse().ok()).unwrap_or(now);
    println!("NNC_SEED={seed}");
    let mut random = Dice(Random::new(seed, "chains"));
    let session = library_session();
    let mut sources = session.sources().clone();
    let modules = session.module_inputs().unwrap();
    let mut questions = Questions::new(&modules);
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut asked = 0;
    while asked < PAIRS {
        let first = random.chain();
        let second = if random.below(3) == 0 { random.chain() } else { random.like(&first) };
        let chains = [first, second];
        // A chain whose layers never fit together is no question.
        if chains.iter().any(|it| (1..=FAR).all(|n| through(it, n).is_none())) {
            continue;
        }
        asked += 1;
        let texts = chains
            .each_ref()
            .map(|chain| chain.iter().map(|it| it.text()).collect::<Vec<_>>().join(" >> "));
        let layers = texts.each_ref().map(|it| parsed(&mut sources, "chain", it).unwrap());
        let [first, second] = [0, 1].map(|at| Chain { layers: &layers[at], text: &texts[at] });
        let found = questions.equiv(root(&session), first, second, &[]).unwrap();
        *seen.entry(format!("{:?}", found.answer)).or_default() += 1;
        if let Some(mistake) = mistake(&found, &chains) {
            wrong.push(format!(
                "{mistake}\n  {}\n  {}\n  {:?} where {:?}; asks {:?} and {:?}",
                texts[0], texts[1], found.answer, found.guards, found.first_asks, found.second_asks
            ));
        }
    }
    println!("{seen:?}");
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
    assert!(seen.len() == 4 && seen.values().all(|it| *it >= 5), "{seen:?}");
}
