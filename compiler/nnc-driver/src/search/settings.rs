//! What a search was asked, as flags and as the first line of a log.

use super::members::Members;
use super::{Metric, amount};
use crate::{Error, Failure, Session};
use nnc_hir::Model;
use nnc_search::{Aims, Bound, Direction, Goal, Header, Limit, Strategy};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::path::Path;

/// The form of logs that this is.
const FORMAT: u64 = 1;

/// A search of more members than this has to say so.
const MOST_EXHAUSTIVE: u128 = 1_000_000;

/// What was given on a command line; the rest is as usual, or as a log has it.
#[derive(Clone, Default, Debug)]
pub struct Asked {
    pub program: Option<String>,
    pub model: Option<String>,
    pub entry: Option<String>,
    pub sizes: Vec<(String, i64)>,
    pub minimize: Vec<String>,
    pub maximize: Vec<String>,
    /// Metrics with amounts such as `5M` and `median`.
    pub at_most: Vec<(String, String)>,
    pub at_least: Vec<(String, String)>,
    pub strategy: Option<String>,
    pub members: Option<usize>,
    pub population: Option<usize>,
    pub tournament: Option<usize>,
    pub seed: Option<u64>,
    pub threads: Option<usize>,
    pub target: Option<String>,
    pub cpu: Option<String>,
}

/// All that decides what a search finds, but for times.
#[derive(Clone, Debug)]
pub struct Settings {
    map: Map<String, Value>,
    metrics: Vec<Metric>,
    aims: Aims,
    sizes: Vec<(String, i64)>,
    strategy: Strategy,
}

impl Asked {
    /// Only what was given.
    fn map(&self) -> Map<String, Value> {
        let mut map = Map::new();
        let mut add = |name: &str, value: Option<Value>| {
            map.extend(value.map(|value| (name.to_owned(), value)));
        };
        let list = |names: &[String]| (!names.is_empty()).then(|| json!(names));
        let pairs = |pairs: &[(String, String)]| {
            let pairs: Vec<String> = pairs.iter().map(|(a, b)| format!("{a}={b}")).collect();
            (!pairs.is_empty()).then(|| json!(pairs))
        };
        let sizes: Vec<String> =
            self.sizes.iter().map(|(name, size)| format!("{name}={size}")).collect();
        add("program", self.program.as_ref().map(|it| json!(it)));
        add("model", self.model.as_ref().map(|it| json!(it)));
        add("entry", self.entry.as_ref().map(|it| json!(it)));
        add("size", list(&sizes));
        add("minimize", list(&self.minimize));
        add("maximize", list(&self.maximize));
        add("at-most", pairs(&self.at_most));
        add("at-least", pairs(&self.at_least));
        add("strategy", self.strategy.as_ref().map(|it| json!(it)));
        add("members", self.members.map(|it| json!(it)));
        add("population", self.population.map(|it| json!(it)));
        add("tournament", self.tournament.map(|it| json!(it)));
        add("seed", self.seed.map(|it| json!(it)));
        add("threads", self.threads.map(|it| json!(it)));
        add("target", self.target.as_ref().map(|it| json!(it)));
        add("cpu", self.cpu.as_ref().map(|it| json!(it)));
        map
    }
}

impl Settings {
    /// What was asked, and where a log goes on, what it was asked, which has to be the same.
    pub fn new(asked: &Asked, log: Option<&Header>) -> Result<Settings, Error> {
        let asked = asked.map();
        let Some(log) = log else { return Settings::of(asked) };
        for (name, now) in &asked {
            // The same program may lie elsewhere; its text is compared.
            let before = log.settings().get(name);
            if name != "program" && before != Some(now) {
                return Err(changed(&format!("--{name}"), before, Some(now)));
            }
        }
        let mut map = log.settings().clone();
        if let Some(program) = asked.get("program") {
            map.insert("program".to_owned(), program.clone());
        }
        Settings::of(map)
    }

    fn of(mut map: Map<String, Value>) -> Result<Settings, Error> {
        let mut default = |name: &str, value: Value| {
            map.entry(name).or_insert(value);
        };
        default("strategy", json!("evolution"));
        default("seed", json!(0));
        default("threads", json!(1));
        default("cpu", json!("host"));
        let evolution = map.get("strategy") == Some(&json!("evolution"));
        if evolution {
            map.entry("population").or_insert(json!(50));
            map.entry("tournament").or_insert(json!(10));
        }
        if map.get("strategy") != Some(&json!("exhaustive")) {
            map.entry("members").or_insert(json!(200));
        }
        let number = |name: &str| map.get(name).and_then(Value::as_u64).unwrap_or(0) as usize;
        let strategy = match map.get("strategy").and_then(Value::as_str).unwrap_or_default() {
            "exhaustive" => Strategy::Exhaustive,
            "random" => Strategy::Random,
            "evolution" => Strategy::Evolution {
                population: number("population").max(1),
                tournament: number("tournament").max(1),
            },
            other => {
                let names = ["exhaustive", "random", "evolution"];
                let failure = Failure::new(format!("there is no strategy `{other}`"));
                return Err(Error::Usage(failure.names(other, "the strategies", &names)));
            }
        };
        let mut settings = Settings {
            metrics: vec![Metric::Params, Metric::Flops, Metric::Memory],
            aims: Aims { goals: Vec::new(), limits: Vec::new() },
            sizes: Vec::new(),
            strategy,
            map,
        };
        settings.read_sizes()?;
        settings.read_aims()?;
        Ok(settings)
    }

    fn list(&self, name: &str) -> Vec<String> {
        let items = self.map.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    fn read_sizes(&mut self) -> Result<(), Error> {
        for text in self.list("size") {
            let pair = text
                .split_once('=')
                .and_then(|(name, size)| Some((name.to_owned(), size.parse::<i64>().ok()?)));
            self.sizes.push(pair.ok_or_else(|| Error::input(format!("`{text}` is no size")))?);
        }
        Ok(())
    }

    fn read_aims(&mut self) -> Result<(), Error> {
        // Latency is looked at last, since it costs most.
        let (mut goals, mut limits) = (Vec::new(), Vec::new());
        for (flag, direction) in
            [("minimize", Direction::Minimize), ("maximize", Direction::Maximize)]
        {
            goals.extend(self.list(flag).into_iter().map(|name| (name, direction)));
        }
        for (flag, direction) in
            [("at-most", Direction::Minimize), ("at-least", Direction::Maximize)]
        {
            for text in self.list(flag) {
                let (name, amount) = text.split_once('=').unwrap_or((text.as_str(), ""));
                let bound = amount::bound(&Metric::of_name(name), amount)?;
                limits.push((name.to_owned(), direction, bound));
            }
        }
        if goals.is_empty() {
            return Err(Error::usage("nothing says which members are good").help(
                "add a goal, such as `--minimize latency` or `--maximize ENTRY` for an entry \
                 that gives one number",
            ));
        }
        let names = goals.iter().map(|it| &it.0).chain(limits.iter().map(|it| &it.0));
        let mentioned: Vec<Metric> = names.map(|name| Metric::of_name(name)).collect();
        for metric in &mentioned {
            if *metric != Metric::Latency && !self.metrics.contains(metric) {
                self.metrics.push(metric.clone());
            }
        }
        if mentioned.contains(&Metric::Latency) {
            self.metrics.push(Metric::Latency);
        }
        let place = |name: &str| {
            let metric = Metric::of_name(name);
            self.metrics.iter().position(|it| *it == metric).unwrap_or(0)
        };
        self.aims.goals = goals
            .iter()
            .map(|(name, direction)| Goal { metric: place(name), direction: *direction })
            .collect();
        for (at, goal) in self.aims.goals.iter().enumerate() {
            if self.aims.goals[..at].iter().any(|it| it.metric == goal.metric) {
                let name = self.metrics[goal.metric].name();
                return Err(Error::usage(format!("{name} is a goal twice")));
            }
        }
        self.aims.limits = limits
            .iter()
            .map(|(name, direction, bound)| Limit {
                metric: place(name),
                direction: *direction,
                bound: *bound,
            })
            .collect();
        Ok(())
    }

    /// With what follows from the model: names that were left out, and that everything that
    /// is named is there.
    pub(super) fn of_model(mut self, session: &Session, model: &Model) -> Result<Settings, Error> {
        let names: Vec<&str> = model.entries.iter().map(|it| it.name.as_str()).collect();
        let metrics = self.metrics.clone();
        for metric in &metrics {
            let Metric::Entry(name) = metric else { continue };
            let Some(entry) = model.entries.iter().find(|it| it.name.as_str() == name) else {
                let fixed = Metric::FIXED;
                let known: Vec<&str> =
                    fixed.iter().map(Metric::name).chain(names.iter().copied()).collect();
                let failure = Failure::new(format!("there is no metric `{name}`"));
                return Err(Error::Usage(
                    failure
                        .names(name, "the metrics", &known)
                        .note("every entry of the model that gives one number is a metric"),
                ));
            };
            let result = &session.program()?.functions[entry.function].result;
            let scalar =
                matches!(result, nnc_hir::Type::Tensor(it) if it.axes.is_empty() && !it.pack);
            if !scalar {
                let result = session.program()?.show(result).to_string();
                return Err(Error::usage(format!(
                    "`{name}` gives {result}, and a metric is one number"
                ))
                .help("write an entry whose function gives `f32[]`"));
            }
        }
        let entry = match self.text("entry") {
            Some(name) => name.to_owned(),
            None => {
                // Entries that are metrics are looked at for what they give.
                let others: Vec<&str> = (names.iter().copied())
                    .filter(|it| !metrics.contains(&Metric::Entry((*it).to_owned())))
                    .collect();
                match others.as_slice() {
                    [only] => (*only).to_owned(),
                    [] if names.len() == 1 => names[0].to_owned(),
                    _ => {
                        return Err(Error::usage(format!(
                            "`{}` has {} entries",
                            model.name,
                            names.len()
                        ))
                        .help(format!(
                            "choose the one to count and time with `--entry`: {}",
                            names.join(", ")
                        )));
                    }
                }
            }
        };
        if !names.contains(&entry.as_str()) {
            let failure = Failure::new(format!("`{}` has no entry `{entry}`", model.name));
            return Err(Error::Usage(failure.names(&entry, "its entries", &names)));
        }
        let mut dims: Vec<&str> = (model.entries.iter())
            .flat_map(|it| &session.best_program().functions[it.function].dims)
            .map(|dim| dim.name.as_str())
            .collect();
        dims.sort_unstable();
        dims.dedup();
        if let Some((wrong, _)) = self.sizes.iter().find(|it| !dims.contains(&it.0.as_str())) {
            let failure = Failure::new(format!("no entry has a size `{wrong}`"));
            return Err(Error::Usage(failure.names(wrong, "the sizes", &dims)));
        }
        self.map.insert("model".to_owned(), json!(model.name.as_str()));
        self.map.insert("entry".to_owned(), json!(entry));
        Ok(self)
    }

    /// The first line of a log.
    pub(super) fn header(&self, session: &Session, members: &Members) -> Result<Header, Error> {
        if self.strategy == Strategy::Exhaustive
            && !self.map.contains_key("members")
            && members.size() > MOST_EXHAUSTIVE
        {
            return Err(Error::usage(format!("the space has {} members", members.size())).help(
                "choose some of them with `--strategy evolution` or `random`, or say with \
                 `--members` where to stop",
            ));
        }
        let mut map = self.map.clone();
        for name in ["reference", "reference_ms"] {
            map.remove(name);
        }
        let metrics: Vec<&str> = self.metrics.iter().map(Metric::name).collect();
        let holes: Vec<Value> = (members.holes())
            .map(|(hole, candidates)| json!({ "hole": hole, "candidates": candidates }))
            .collect();
        map.insert("search".to_owned(), json!(FORMAT));
        map.insert("version".to_owned(), json!(env!("CARGO_PKG_VERSION")));
        map.insert("metrics".to_owned(), json!(metrics));
        map.insert("holes".to_owned(), json!(holes));
        map.insert("text".to_owned(), json!(hash(session)));
        Ok(Header::new(map))
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.map.get(name).and_then(Value::as_str)
    }

    pub fn program(&self) -> Option<&Path> {
        self.text("program").map(Path::new)
    }

    pub fn model(&self) -> Option<&str> {
        self.text("model")
    }

    pub(super) fn entry(&self) -> &str {
        self.text("entry").unwrap_or_default()
    }

    /// The target's name, if one was asked for.
    pub fn target(&self) -> Option<&str> {
        self.text("target")
    }

    pub(super) fn cpu(&self) -> &str {
        self.text("cpu").unwrap_or("host")
    }

    pub(super) fn sizes(&self) -> &[(String, i64)] {
        &self.sizes
    }

    pub(super) fn seed(&self) -> u64 {
        self.map.get("seed").and_then(Value::as_u64).unwrap_or(0)
    }

    pub(super) fn threads(&self) -> Option<usize> {
        self.map.get("threads").and_then(Value::as_u64).map(|it| it as usize)
    }

    /// How many members are looked at, at most.
    pub(super) fn members(&self) -> usize {
        let count = self.map.get("members").and_then(Value::as_u64);
        count.map_or(usize::MAX, |it| usize::try_from(it).unwrap_or(usize::MAX))
    }

    /// In the order in which they are looked at.
    pub(super) fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    pub(super) fn aims(&self) -> Aims {
        self.aims.clone()
    }

    pub(super) fn strategy(&self) -> Strategy {
        self.strategy
    }

    /// Whether a limit is the median of the sample.
    pub fn has_median(&self) -> bool {
        self.aims.limits.iter().any(|limit| limit.bound == Bound::Median)
    }
}

/// The names of a log's metrics, from its first line.
pub(super) fn metric_names(header: &Header) -> Result<Vec<String>, String> {
    let settings = header.settings();
    if settings.get("search").and_then(Value::as_u64) != Some(FORMAT) {
        return Err("this is no log of a search that this version can read".to_owned());
    }
    let names = settings.get("metrics").and_then(Value::as_array);
    let names = names.ok_or("the names of the metrics are missing")?;
    Ok(names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// That a log is of this search.
pub(super) fn changed(name: &str, before: Option<&Value>, now: Option<&Value>) -> Error {
    let show = |value: Option<&Value>| match value {
        Some(Value::String(text)) => format!("`{text}`"),
        Some(Value::Array(items)) => {
            let items: Vec<String> =
                items.iter().map(|it| it.as_str().map_or(it.to_string(), str::to_owned)).collect();
            format!("`{}`", items.join(", "))
        }
        Some(value) => format!("`{value}`"),
        None => "not given".to_owned(),
    };
    Error::usage(format!(
        "the log is of another search: {name} was {}, and is {}",
        show(before),
        show(now)
    ))
    .help("ask for what the log was asked, or begin another log")
}

/// The hash of all files of the program.
fn hash(session: &Session) -> String {
    let mut hash = Sha256::new();
    for module in session.modules() {
        if let Some(file) = session.sources().get(module.file) {
            hash.update((file.text.len() as u64).to_le_bytes());
            hash.update(file.text.as_bytes());
        }
    }
    crate::weights::hex(&hash.finalize())
}
