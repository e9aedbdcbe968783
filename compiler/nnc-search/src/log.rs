//! The log of a search as text: JSON, a line for what was asked and one for each member.
//!
//! Lines are only ever added, each with its end in one piece; a last line without its end
//! was cut off, and what it says is found again.

use crate::aims::Worth;
use crate::space::Member;
use serde_json::{Map, Value, json};
use std::fmt;

/// What a search was asked: the first line.
#[derive(Clone, PartialEq, Debug)]
pub struct Header(Map<String, Value>);

/// A member that was looked at, with its number from 0 on.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    pub number: usize,
    pub member: Member,
    pub worth: Worth,
}

/// What a text has.
#[derive(Clone, PartialEq, Debug)]
pub struct Log {
    /// `None` if nothing is left of the first line.
    pub header: Option<Header>,
    /// Choices with what was found, in order; whether the choices are those of a member is
    /// for the reader to see.
    pub records: Vec<(Vec<u32>, Worth)>,
    /// How many bytes of the text are whole lines.
    pub bytes: usize,
}

/// A line that is no line of a log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogError {
    /// From 1 on.
    pub line: usize,
    pub what: String,
}

impl Header {
    pub fn new(settings: Map<String, Value>) -> Header {
        Header(settings)
    }

    pub fn settings(&self) -> &Map<String, Value> {
        &self.0
    }

    pub fn to_line(&self) -> String {
        format!("{}\n", Value::Object(self.0.clone()))
    }

    /// The first setting that is not the same, with both values.
    pub fn difference(&self, other: &Header) -> Option<(String, String, String)> {
        let names = self.0.keys().chain(other.0.keys());
        let mut names = names.filter(|name| self.0.get(*name) != other.0.get(*name));
        let name = names.next()?;
        let show = |settings: &Map<String, Value>| match settings.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
            None => "nothing".to_owned(),
        };
        Some((name.clone(), show(&self.0), show(&other.0)))
    }
}

impl Record {
    /// `names` are those of the metrics.
    pub fn to_line(&self, names: &[String]) -> String {
        let mut metrics = Map::new();
        for (name, value) in names.iter().zip(&self.worth.metrics) {
            if let Some(value) = value {
                metrics.insert(name.clone(), json!(value));
            }
        }
        let mut line = json!({
            "number": self.number,
            "member": self.member.choices(),
            "metrics": metrics,
        });
        if let (Some(failure), Some(line)) = (&self.worth.failure, line.as_object_mut()) {
            line.insert("failure".to_owned(), json!(failure));
        }
        format!("{line}\n")
    }
}

/// Reads a log; `names` tells the names of the metrics from its header.
pub fn read(
    text: &str,
    names: impl FnOnce(&Header) -> Result<Vec<String>, String>,
) -> Result<Log, LogError> {
    let bytes = text.rfind('\n').map_or(0, |end| end + 1);
    let mut lines = text[..bytes].lines().enumerate();
    let mut log = Log { header: None, records: Vec::new(), bytes };
    let Some((_, first)) = lines.next() else { return Ok(log) };
    let wrong = |line: usize, what: &str| LogError { line: line + 1, what: what.to_owned() };
    let header = match serde_json::from_str(first) {
        Ok(Value::Object(settings)) => Header(settings),
        Ok(_) => return Err(wrong(0, "a JSON object is expected")),
        Err(error) => return Err(wrong(0, &no_json(&error))),
    };
    let names = names(&header).map_err(|what| wrong(0, &what))?;
    log.header = Some(header);
    for (at, line) in lines {
        let value: Value =
            serde_json::from_str(line).map_err(|error| wrong(at, &no_json(&error)))?;
        let number = value.get("number").and_then(Value::as_u64);
        if number != Some(log.records.len() as u64) {
            let expected = log.records.len();
            return Err(wrong(at, &format!("member {expected} is expected here")));
        }
        let record = record(&value, &names);
        log.records.push(record.ok_or_else(|| wrong(at, "this is no member"))?);
    }
    Ok(log)
}

fn no_json(error: &serde_json::Error) -> String {
    format!("this is no JSON from column {} on", error.column())
}

fn record(value: &Value, names: &[String]) -> Option<(Vec<u32>, Worth)> {
    let choices = value.get("member")?.as_array()?.iter();
    let choices: Option<Vec<u32>> =
        choices.map(|it| it.as_u64().and_then(|it| u32::try_from(it).ok())).collect();
    let metrics = value.get("metrics")?.as_object()?;
    let metrics = names.iter().map(|name| metrics.get(name).and_then(Value::as_f64)).collect();
    let failure = value.get("failure").and_then(Value::as_str).map(str::to_owned);
    Some((choices?, Worth { metrics, failure }))
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for LogError {}
