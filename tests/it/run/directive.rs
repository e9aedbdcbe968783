//! Reads the comments that say how a program is run.

use super::value::{Range, Value};
use nnc_graph::Elem;
use std::collections::BTreeMap;

/// All that a program's comments say.
#[derive(Clone, Default, Debug)]
pub(crate) struct Directives {
    pub(crate) params: Option<Range>,
    /// For tensors whose names match, the first that does.
    pub(crate) patterns: Vec<(String, Range)>,
    pub(crate) param: Vec<(String, Value)>,
    /// Tensors in the weight file of a model with a checkpoint block.
    pub(crate) stored: Vec<(String, Elem, Value)>,
    pub(crate) calls: Vec<Call>,
    /// By what is compared: `expected`, `optimised`, `compiled`.
    pub(crate) tolerances: BTreeMap<String, f64>,
}

/// `run` or `then`.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) line: usize,
    /// Whether state and sizes start anew.
    pub(crate) fresh: bool,
    /// `entry` or `model.entry`.
    pub(crate) entry: String,
    pub(crate) inputs: Vec<(String, Value)>,
    pub(crate) dims: Vec<(String, i64)>,
    pub(crate) results: Vec<(String, Value)>,
}

impl Directives {
    /// Where the numbers of a tensor come from that no comment gives by its name.
    pub(crate) fn range_of(&self, name: &str) -> Option<Range> {
        let own = self.patterns.iter().find(|(pattern, _)| matches(pattern, name));
        own.map(|it| it.1).or(self.params).map(|range| range.of_param(name))
    }
}

/// Whether a name is a pattern's, in which `*` stands for any letters.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((front, rest)) => name.strip_prefix(front).is_some_and(|name| {
            name.char_indices().any(|(at, _)| matches(rest, &name[at..])) || matches(rest, "")
        }),
    }
}

const STARTS: [&str; 7] =
    ["# params:", "# params ", "# param ", "# stored ", "# run:", "# then:", "# tolerance "];
const CONTINUED: &str = "#    ";

/// Reads them; a mistake is told with its line.
pub(crate) fn parse(text: &str) -> Result<Directives, String> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if STARTS.iter().any(|start| line.starts_with(start)) {
            lines.push((at + 1, line.to_owned()));
        } else if let Some((_, before)) = lines.last_mut() {
            match line.strip_prefix(CONTINUED) {
                Some(more) => {
                    before.push(' ');
                    before.push_str(more.trim());
                }
                None if line.trim().is_empty() => {}
                None => return Err(format!("line {}: `{line}` is none of {STARTS:?}", at + 1)),
            }
        }
    }
    let mut directives = Directives::default();
    for (line, text) in lines {
        directive(&mut directives, line, &text).map_err(|error| format!("line {line}: {error}"))?;
    }
    Ok(directives)
}

fn directive(directives: &mut Directives, line: usize, text: &str) -> Result<(), String> {
    if let Some(rest) = text.strip_prefix("# params:") {
        let mut reader = Reader::new(rest);
        directives.params = Some(reader.random()?);
        return reader.end();
    }
    if let Some(rest) = text.strip_prefix("# params ") {
        let (pattern, rest) = rest.split_once(':').ok_or("`params PATTERN: random(SEED)`")?;
        let mut reader = Reader::new(rest);
        directives.patterns.push((pattern.trim().to_owned(), reader.random()?));
        return reader.end();
    }
    if let Some(rest) = text.strip_prefix("# param ") {
        let mut reader = Reader::new(rest);
        let name = reader.name()?;
        reader.take("=")?;
        directives.param.push((name, reader.value()?));
        return reader.end();
    }
    if let Some(rest) = text.strip_prefix("# stored ") {
        let mut reader = Reader::new(rest);
        let name = reader.name()?;
        let elem = if reader.accept(":") { reader.elem()? } else { Elem::F32 };
        reader.take("=")?;
        let value = reader.value()?;
        directives.stored.push((name, elem, value));
        return reader.end();
    }
    if let Some(rest) = text.strip_prefix("# tolerance ") {
        let (what, reason) = rest.split_once(':').unwrap_or((rest, ""));
        let parts: Vec<&str> = what.split_whitespace().collect();
        let [kind @ ("expected" | "optimised" | "compiled"), number] = parts.as_slice() else {
            return Err("`tolerance expected|optimised|compiled NUMBER: REASON`".to_owned());
        };
        if reason.trim().is_empty() {
            return Err("a tolerance needs a reason".to_owned());
        }
        let number = number.parse().map_err(|_| format!("`{number}` is no number"))?;
        directives.tolerances.insert((*kind).to_owned(), number);
        return Ok(());
    }
    let fresh = text.starts_with("# run:");
    let mut reader = Reader::new(text.split_once(':').map_or("", |it| it.1));
    let entry = reader.name()?;
    let mut call =
        Call { line, fresh, entry, inputs: Vec::new(), dims: Vec::new(), results: Vec::new() };
    reader.take("(")?;
    while !reader.accept(")") {
        let name = reader.name()?;
        reader.take("=")?;
        call.inputs.push((name, reader.value()?));
        if !reader.accept(",") {
            reader.take(")")?;
            break;
        }
    }
    if reader.accept("where") {
        loop {
            let name = reader.name()?;
            reader.take("=")?;
            call.dims.push((name, reader.integer()?));
            if !reader.accept(",") {
                break;
            }
        }
    }
    reader.take("=>")?;
    loop {
        let name = reader.name()?;
        reader.take("=")?;
        call.results.push((name, reader.value()?));
        if !reader.accept(",") {
            break;
        }
    }
    if !call.fresh && directives.calls.is_empty() {
        return Err("`then` has no call before it".to_owned());
    }
    directives.calls.push(call);
    reader.end()
}

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Reader<'a> {
        Reader { rest: text.trim_start() }
    }

    fn accept(&mut self, word: &str) -> bool {
        match self.rest.strip_prefix(word) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn take(&mut self, word: &str) -> Result<(), String> {
        if self.accept(word) {
            return Ok(());
        }
        Err(format!("`{word}` expected before `{}`", self.rest))
    }

    fn end(&self) -> Result<(), String> {
        if self.rest.is_empty() { Ok(()) } else { Err(format!("`{}` is left over", self.rest)) }
    }

    fn word(&mut self, part: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|it| !part(it)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        word
    }

    /// `random(SEED)` or `random(SEED, LOW, HIGH)`.
    fn random(&mut self) -> Result<Range, String> {
        let word = self.name()?;
        if word != "random" {
            return Err(format!("`random(SEED)` expected, found `{word}`"));
        }
        Ok(self.range()?.0)
    }

    fn name(&mut self) -> Result<String, String> {
        let word = self.word(|it| it.is_alphanumeric() || matches!(it, '_' | '.' | '/'));
        if word.is_empty() {
            return Err(format!("a name expected before `{}`", self.rest));
        }
        Ok(word.to_owned())
    }

    fn number<T: std::str::FromStr>(&mut self) -> Result<T, String> {
        let word = self.word(|it| it.is_alphanumeric() || matches!(it, '.' | '-' | '+'));
        word.parse().map_err(|_| format!("a number expected, found `{word}{}`", self.rest))
    }

    fn elem(&mut self) -> Result<Elem, String> {
        let name = self.name()?;
        Elem::from_name(&name).ok_or_else(|| format!("`{name}` is no element type"))
    }

    fn integer(&mut self) -> Result<i64, String> {
        self.number()
    }

    fn shape(&mut self) -> Result<Vec<usize>, String> {
        self.take("[")?;
        let mut shape = Vec::new();
        while !self.accept("]") {
            shape.push(self.number()?);
            if !self.accept(",") {
                self.take("]")?;
                break;
            }
        }
        Ok(shape)
    }

    /// `(SEED, [SHAPE], LOW, HIGH)`; all but the seed may be left out.
    fn range(&mut self) -> Result<(Range, Option<Vec<usize>>), String> {
        self.take("(")?;
        let mut range = Range { seed: self.number()?, low: -1.0, high: 1.0 };
        let mut shape = None;
        let mut more = self.accept(",");
        if more && self.rest.starts_with('[') {
            shape = Some(self.shape()?);
            more = self.accept(",");
        }
        if more {
            range.low = self.number()?;
            self.take(",")?;
            range.high = self.number()?;
        }
        self.take(")")?;
        Ok((range, shape))
    }

    fn value(&mut self) -> Result<Value, String> {
        if self.accept("expected") {
            return Ok(Value::Expected);
        }
        if self.accept("finite") {
            self.take("(")?;
            let shape = self.shape()?;
            self.take(")")?;
            return Ok(Value::Finite { shape });
        }
        if self.accept("random") {
            let (range, shape) = self.range()?;
            let shape = shape.ok_or("`random(SEED, [SHAPE])` needs its shape here")?;
            return Ok(Value::Random { range, shape });
        }
        if self.accept("integers") {
            self.take("(")?;
            let seed = self.number()?;
            self.take(",")?;
            let shape = self.shape()?;
            self.take(",")?;
            let low = self.integer()?;
            self.take(",")?;
            let end = self.integer()?;
            self.take(")")?;
            return Ok(Value::Integers { seed, shape, low, end });
        }
        let (mut shape, mut numbers) = (Vec::new(), Vec::new());
        self.literal(0, &mut shape, &mut numbers)?;
        Ok(Value::Literal { shape, numbers })
    }

    /// A number or a list of literals of one shape.
    fn literal(
        &mut self,
        depth: usize,
        shape: &mut Vec<usize>,
        numbers: &mut Vec<f64>,
    ) -> Result<(), String> {
        if !self.accept("[") {
            if depth != shape.len() {
                return Err(format!("a list expected before `{}`", self.rest));
            }
            let number = if self.accept("true") {
                1.0
            } else if self.accept("false") {
                0.0
            } else {
                self.number()?
            };
            numbers.push(number);
            return Ok(());
        }
        let first = depth == shape.len() && numbers.is_empty();
        if first {
            shape.push(0);
        } else if depth >= shape.len() {
            return Err("a number expected, found a list".to_owned());
        }
        let mut count = 0;
        while !self.accept("]") {
            self.literal(depth + 1, shape, numbers)?;
            count += 1;
            if !self.accept(",") {
                self.take("]")?;
                break;
            }
        }
        if first {
            shape[depth] = count;
        } else if shape[depth] != count {
            return Err(format!("a list of {count} where {} are expected", shape[depth]));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Value, parse};

    fn value(text: &str) -> Result<Value, String> {
        let call = format!("# run: f(x = {text}) => y = 1");
        Ok(parse(&call)?.calls.remove(0).inputs.remove(0).1)
    }

    #[test]
    fn lists_have_one_shape() {
        let literal = value("[[1, -inf, nan], [true, 2e-3, 0]]");
        let Ok(Value::Literal { shape, numbers }) = literal else { panic!("{literal:?}") };
        assert_eq!(shape, [2, 3]);
        assert_eq!((numbers[1], numbers[3], numbers[4]), (f64::NEG_INFINITY, 1.0, 0.002));
        for wrong in ["[[1, 2], [3]]", "[1, [2]]", "[[1], 2]", "[1", "one"] {
            assert!(value(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_call_has_inputs_sizes_and_results() {
        let text = "fn f() {}\n# run: step(cache.k = 1,\n#     x = [2]) where S = 3 => y = expected, cache.len = 4\n";
        let call = parse(text).unwrap().calls.remove(0);
        assert_eq!((call.line, call.entry.as_str(), call.inputs.len()), (2, "step", 2));
        assert_eq!(call.dims, [("S".to_owned(), 3)]);
        assert_eq!(call.results[0], ("y".to_owned(), Value::Expected));
    }

    #[test]
    fn a_pattern_stands_for_any_letters() {
        let text =
            "# params: random(1)\n# params *norm*.weight: random(2, 0.5, 1)\n# run: f() => y = 1";
        let directives = parse(text).unwrap();
        let low = |name: &str| directives.range_of(name).map(|it| it.low);
        assert_eq!(low("blocks.0.norm1.weight"), Some(0.5));
        assert_eq!(low("norm.weight"), Some(0.5));
        for other in ["blocks.0.norm1.bias", "norm.weights", "weight", "nor.weight"] {
            assert_eq!(low(other), Some(-1.0), "{other}");
        }
    }

    #[test]
    fn what_is_no_directive_is_refused() {
        for wrong in [
            "# run: f() => y = 1\n# ruun: f() => y = 1",
            "# run: f() y = 1",
            "# then: f() => y = 1",
            "# tolerance expected 1e-3",
            "# params: zeros(3)",
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
