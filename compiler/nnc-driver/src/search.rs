//! Searching the space of a model for members that are small, fast or good.
//!
//! [`Settings`] are what was asked; a [`Journal`] is the log on disk, which a later search
//! goes on from; [`Exploration`] finds the metrics of members, each from the program that
//! was parsed and checked once, and tells what was found as [`Explored`].
//!
//! How members are chosen is nnc-search's; here is what they cost.

mod amount;
mod evaluate;
mod journal;
mod members;
mod metric;
mod settings;
mod timing;

pub use evaluate::Target;
pub use journal::Journal;
pub use metric::Metric;
pub use nnc_search::{Direction, Finished, Limit, Worth};
pub use settings::{Asked, Settings};
pub use timing::Comparison;

use crate::{Error, Progress, Random, Session};
use evaluate::Evaluator;
use members::Members;
use nnc_hir::Model;
use nnc_lower::Hole;
use nnc_search::{Axis, Dice, Header, Member, Record, Search};
use serde_json::json;

/// So many of the best members are timed again.
const MOST_FINALISTS: usize = 5;

/// A search that is about to run.
pub struct Exploration<'a> {
    session: &'a Session,
    settings: Settings,
    members: Members,
    evaluator: Evaluator<'a>,
}

/// What a search found.
#[derive(Clone, Debug)]
pub struct Explored {
    /// How many members the space has.
    pub size: u128,
    pub metrics: Vec<Metric>,
    /// All members that were looked at, in order.
    pub found: Vec<Finished>,
    /// How many of these the log had already.
    pub known: usize,
    /// The limits with their values.
    pub limits: Vec<(Limit, f64)>,
    /// Places in `found`: those than which none is better, by the first goal.
    pub front: Vec<usize>,
    /// Places in `found`: those that keep the limits, the best first.
    pub best: Vec<usize>,
    /// How many random members the search began with.
    pub sample: usize,
    /// The place in `found` of the member that is taken: the first of the best, or where
    /// latency is the first goal, the one of them that is fastest when timed again.
    pub winner: Option<usize>,
    /// That member beside the sample's median one by latency, timed again; for searches that
    /// look at latency.
    pub comparison: Option<Comparison>,
    /// That member as a `model` block.
    pub text: Option<String>,
    /// All members by two metrics, as SVG.
    pub picture: String,
}

struct Seeded(Random);

impl Dice for Seeded {
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.0.below(i64::try_from(bound).unwrap_or(i64::MAX))).unwrap_or(0)
    }
}

impl<'a> Exploration<'a> {
    /// Finds the holes of the model that are open, and what can be said of all members.
    pub fn new(
        session: &'a Session,
        settings: Settings,
        target: Target<'a>,
    ) -> Result<Exploration<'a>, Error> {
        let id = session.model(settings.model())?;
        let model = session.declaration(id);
        let program = session.program()?;
        let holes = nnc_lower::holes(program, model).map_err(Error::Program)?;
        let members = Members::new(&holes, model)?;
        let settings = settings.of_model(session, model)?;
        if let Some(threads) = settings.threads() {
            nnc_runtime::set_threads(threads);
        }
        let evaluator = Evaluator::new(program, model.clone(), &members, &settings, target)?;
        Ok(Exploration { session, settings, members, evaluator })
    }

    /// How many members there are.
    pub fn size(&self) -> u128 {
        self.members.size()
    }

    /// Goes on from what the journal has to the end, and writes each member into it before
    /// the next.
    pub fn run(mut self, mut journal: Journal, progress: &dyn Progress) -> Result<Explored, Error> {
        let header = self.settings.header(self.session, &self.members)?;
        let kept = journal.reference(&header, &self.members)?;
        let reference = match &kept {
            Some((reference, nominal)) => {
                self.evaluator.keep_reference(reference, *nominal)?;
                Some((reference.clone(), *nominal))
            }
            None => self.evaluator.find_reference()?,
        };
        let mut settings = header.settings().clone();
        if let Some((reference, nominal)) = reference {
            settings.insert("reference".to_owned(), json!(reference.choices()));
            settings.insert("reference_ms".to_owned(), json!(nominal));
        }
        journal.begin(&Header::new(settings))?;
        let names: Vec<String> =
            self.settings.metrics().iter().map(|it| it.name().to_owned()).collect();
        let dice = Seeded(Random::new(self.settings.seed(), "search"));
        let count = usize::try_from(self.members.size()).unwrap_or(usize::MAX);
        let count = count.min(self.settings.members());
        let mut search = Search::new(
            self.members.space().clone(),
            self.settings.aims(),
            self.settings.strategy(),
            count,
            Box::new(dice),
        );
        let known = self.replay(&mut search, &mut journal)?;
        progress.begin("members", count as u64);
        progress.advance(known as u64);
        let result = nnc_search::run(&mut search, &mut self.evaluator, &mut |record: &Record| {
            journal.append(&record.to_line(&names))?;
            progress.advance(1);
            Ok(())
        });
        progress.end();
        result?;
        self.told(&search, known)
    }

    /// Gives a search what the log has, as if it had been found again.
    fn replay(&self, search: &mut Search<'_>, journal: &mut Journal) -> Result<usize, Error> {
        let records = journal.records();
        let known = records.len();
        for (at, (choices, worth)) in records.into_iter().enumerate() {
            let expected = search.propose();
            let member = search.space().member(&choices);
            match (expected, member) {
                (Some(expected), Some(member)) if expected == member => {
                    search.record(member, worth);
                }
                _ => return Err(journal.another(at)),
            }
        }
        Ok(known)
    }

    fn told(mut self, search: &Search<'_>, known: usize) -> Result<Explored, Error> {
        let (found, aims) = (search.found(), search.aims());
        let limits = search.final_limits();
        let best = nnc_search::best(found, aims, &limits);
        let front = nnc_search::front(found, aims, &limits);
        let sample = search.sample().map_or(found.len(), <[Finished]>::len);
        // Of many that were timed, the best are those that were lucky, too.
        let metrics = self.settings.metrics();
        let first = aims.goals.first().and_then(|goal| metrics.get(goal.metric));
        let finalists = if first == Some(&Metric::Latency) { MOST_FINALISTS } else { 1 };
        let finalists: Vec<usize> = best.iter().copied().take(finalists).collect();
        let members: Vec<&Member> = finalists.iter().map(|at| &found[*at].member).collect();
        let comparisons = self.evaluator.compare(&members, &found[..sample])?;
        let mut again: Vec<(usize, Comparison)> = finalists.into_iter().zip(comparisons).collect();
        again.sort_by(|left, right| left.1.ratio.total_cmp(&right.1.ratio));
        let comparison = again.first().map(|it| it.1);
        let winner = again.first().map(|it| it.0).or(best.first().copied());
        let text = winner.map(|at| {
            let model = self.evaluator.model();
            self.members.text(self.session.sources(), model, &found[at].member)
        });
        let picture = self.picture(found, &front);
        Ok(Explored {
            size: self.members.size(),
            metrics: self.settings.metrics().to_vec(),
            found: found.to_vec(),
            known,
            limits,
            front,
            best,
            sample,
            winner,
            comparison,
            text,
            picture,
        })
    }

    /// By the first two of: the goals, the metrics with limits, FLOPs, parameters.
    fn picture(&self, found: &[Finished], front: &[usize]) -> String {
        let metrics = self.settings.metrics();
        let aims = self.settings.aims();
        let goals = aims.goals.iter().map(|it| it.metric);
        let limits = aims.limits.iter().map(|it| it.metric);
        let mut shown: Vec<usize> = goals.chain(limits).chain([1, 0]).collect();
        let mut seen = Vec::new();
        shown.retain(|it| {
            !seen.contains(it) && {
                seen.push(*it);
                true
            }
        });
        let (x, y) = (shown[0], shown[1]);
        let value = |at: usize, it: &Finished| it.worth.metrics.get(at).copied().flatten();
        let points: Vec<(usize, (f64, f64))> = (found.iter().enumerate())
            .filter_map(|(at, it)| Some((at, (value(x, it)?, value(y, it)?))))
            .collect();
        let place = |at: &usize| points.iter().position(|it| it.0 == *at);
        let front: Vec<usize> = front.iter().filter_map(place).collect();
        let points: Vec<(f64, f64)> = points.into_iter().map(|it| it.1).collect();
        let axis = |metric: &'_ Metric, values: &mut dyn Iterator<Item = f64>| {
            let most = values.fold(0.0f64, |most, it| most.max(it.abs()));
            metric.scale(most)
        };
        let (x, y) = (&metrics[x], &metrics[y]);
        let (unit_x, scale_x) = axis(x, &mut points.iter().map(|it| it.0));
        let (unit_y, scale_y) = axis(y, &mut points.iter().map(|it| it.1));
        let axes = (
            Axis { name: x.name(), unit: unit_x, scale: scale_x },
            Axis { name: y.name(), unit: unit_y, scale: scale_y },
        );
        let title = format!("{}: {} members", self.evaluator.model().name, points.len());
        nnc_search::picture(&title, axes, &points, &front)
    }
}

/// A model with the first candidate in each hole that it leaves open.
pub(crate) fn first_member(holes: &[Hole], model: &Model) -> Option<Model> {
    let members = Members::new(holes, model).ok()?;
    let chosen = members.chosen(&members.space().first());
    Some(Model { chosen, ..model.clone() })
}

/// The choices of a member as its lines in a log have them.
pub fn choices(member: &Member) -> String {
    let choices: Vec<String> = member.choices().iter().map(u32::to_string).collect();
    choices.join(" ")
}
