//! A picture of what an entry does, as a flowchart in Mermaid's language.
//!
//! ```text
//! flowchart TD
//!     n0(["image [B, 3, H, W]"])
//!     n1["stem [B, 14, H/5, W/5]<br/>1,064 parameters"]
//!     n0 --> n1
//! ```
//!
//! A box is a field of the layer with all that is computed from it alone; where results
//! of several boxes meet in the program, there is one that says what is done with them. What
//! functions of the library compute without parameters is part of the box that takes it.
//! Layers in an array are drawn once, with how many there are of them.

use crate::numbers::count;
use crate::{Error, Failure, ModelId, Session};
use nnc_base::{FileId, Sources, Span};
use nnc_graph::{
    Binary, Entry, Graph, GraphId, Module, NestKind, Node, Op, ParamId, ReduceOp, Scalar,
    TensorType, Value,
};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write;

/// Letters of code that a box may show.
const MOST_LETTERS: usize = 28;

impl Session {
    /// A flowchart of an entry of a model, by default its first.
    pub fn emit_picture(&self, model: ModelId, entry: Option<&str>) -> Result<String, Error> {
        let module = &self.lowered(model)?.module;
        let found = match entry {
            Some(name) => module.entry(name),
            None => module.entries.first(),
        };
        let found = found.ok_or_else(|| {
            let names: Vec<&str> = module.entries.iter().map(|it| it.name.as_str()).collect();
            let name = entry.unwrap_or_default();
            let failure = Failure::new(format!("the model has no entry `{name}`"));
            Error::Usage(failure.names(name, "its entries", &names))
        })?;
        let of_library = self.modules().iter().filter(|it| it.path.starts_with("std."));
        let library = of_library.map(|it| it.file).collect();
        Ok(picture(module, found, self.sources(), library))
    }
}

fn picture(module: &Module, entry: &Entry, sources: &Sources, library: HashSet<FileId>) -> String {
    let mut chart = Chart { module, sources, library, boxes: Vec::new(), clusters: Vec::new() };
    let graph = &module.graphs[entry.graph];
    let inputs: Vec<From> = (entry.inputs.iter().zip(&graph.inputs))
        .map(|(input, ty)| From::from([chart.add(None, Key::End, input.name.as_str(), Some(ty))]))
        .collect();
    let outputs = chart.graph(entry.graph, &inputs, None);
    for ((output, value), from) in entry.outputs.iter().zip(&graph.outputs).zip(outputs) {
        let end = chart.add(None, Key::End, output.name.as_str(), Some(graph.ty(*value)));
        chart.boxes[end].from.extend(from);
    }
    chart.text()
}

/// The boxes that something comes from.
type From = BTreeSet<usize>;

struct Chart<'a> {
    module: &'a Module,
    sources: &'a Sources,
    library: HashSet<FileId>,
    boxes: Vec<Part>,
    clusters: Vec<Cluster>,
}

/// What a box stands for.
#[derive(Clone, PartialEq, Eq)]
enum Key {
    /// An input or an output of the entry.
    End,
    /// An input of what is drawn once for several.
    Passed,
    /// A field of the layer.
    Field(String),
    /// Where results meet.
    Meeting,
}

struct Part {
    cluster: Option<usize>,
    key: Key,
    label: String,
    /// Of what it gave last.
    ty: Option<TensorType>,
    parameters: u64,
    /// Boxes before it, all of lower number.
    from: From,
}

/// A graph that runs several times.
struct Cluster {
    outer: Option<usize>,
    label: String,
    count: String,
}

/// Runs of one graph, one after the other.
struct Runs {
    callee: GraphId,
    name: String,
    cluster: usize,
    times: usize,
    outputs: Vec<From>,
}

impl Chart<'_> {
    fn add(
        &mut self,
        cluster: Option<usize>,
        key: Key,
        label: &str,
        ty: Option<&TensorType>,
    ) -> usize {
        let (label, ty) = (label.to_owned(), ty.cloned());
        self.boxes.push(Part { cluster, key, label, ty, parameters: 0, from: From::new() });
        self.boxes.len() - 1
    }

    /// Draws a graph and tells which boxes its outputs come from.
    fn graph(&mut self, id: GraphId, inputs: &[From], cluster: Option<usize>) -> Vec<From> {
        let graph = &self.module.graphs[id];
        let first = self.boxes.len();
        let mut of: HashMap<Value, From> = HashMap::new();
        let mut runs: Vec<Runs> = Vec::new();
        let mut counted: HashSet<ParamId> = HashSet::new();
        for (node_id, node) in graph.nodes() {
            let given: Vec<From> =
                node.operands.iter().map(|it| of.get(it).cloned().unwrap_or_default()).collect();
            let from: From = given.iter().flatten().copied().collect();
            let results = match &node.op {
                Op::Input(at) => vec![inputs.get(*at as usize).cloned().unwrap_or_default()],
                Op::Param(_) | Op::Const(_) => Vec::new(),
                Op::Call(call) => {
                    let name = field_of(graph, &call.params, &self.module.graphs[call.callee]);
                    let again = runs.iter_mut().find(|it| {
                        (it.callee, &it.name) == (call.callee, &name)
                            && it.outputs.iter().flatten().any(|at| from.contains(at))
                    });
                    if let Some(runs) = again {
                        runs.times += 1;
                        self.clusters[runs.cluster].count = runs.times.to_string();
                        runs.outputs.clone()
                    } else {
                        let (made, outputs) = self.cluster(call.callee, &name, "", &given, cluster);
                        let kept = outputs.clone();
                        let callee = call.callee;
                        runs.push(Runs { callee, name, cluster: made, times: 1, outputs });
                        kept
                    }
                }
                Op::Scan(scan) => {
                    let name = field_of(graph, &scan.params, &self.module.graphs[scan.body]);
                    let count = scan.extent.to_string();
                    self.cluster(scan.body, &name, &count, &given, cluster).1
                }
                Op::Nest(_)
                | Op::Write { .. }
                | Op::Order { .. }
                | Op::Running(_)
                | Op::Scatter { .. }
                | Op::Reshape => {
                    let field = field(graph, node);
                    let made = match self.place(node, field, &from, first, cluster) {
                        None => from,
                        Some(at) => {
                            self.boxes[at].from.extend(from.iter().filter(|it| **it != at));
                            self.boxes[at].ty = Some(node.types[0].clone());
                            for param in params(graph, node).filter(|it| counted.insert(*it)) {
                                let size = graph.params[param].ty.size().as_constant();
                                self.boxes[at].parameters += size.unwrap_or(0).unsigned_abs();
                            }
                            From::from([at])
                        }
                    };
                    vec![made; node.types.len()]
                }
            };
            for (at, made) in results.into_iter().enumerate() {
                of.insert(Value { node: node_id, result: at as u32 }, made);
            }
        }
        graph.outputs.iter().map(|it| of.get(it).cloned().unwrap_or_default()).collect()
    }

    /// The box that a node belongs to; `None` where it belongs to those that take it.
    fn place(
        &mut self,
        node: &Node,
        field: Option<String>,
        from: &From,
        first: usize,
        cluster: Option<usize>,
    ) -> Option<usize> {
        // What no input decides is no part of the picture.
        let last = from.last().copied()?;
        if let Some(field) = field {
            let key = Key::Field(field);
            let there = (first..self.boxes.len()).rfind(|at| self.boxes[*at].key == key);
            // Never a box before one that it would need.
            return there.filter(|at| last <= *at).or_else(|| {
                let Key::Field(label) = &key else { return None };
                Some(self.add(cluster, key.clone(), label, None))
            });
        }
        if self.library.contains(&node.span.file) {
            return None;
        }
        // A mask that softmax heeds makes no new box, what is added does.
        let is_end = |at: &usize| matches!(self.boxes[*at].key, Key::End | Key::Passed);
        let sign = arithmetic(node);
        let alone = from.len() == 1 || sign.is_none() && from.range(..last).all(is_end);
        if alone && last >= first && !is_end(&last) {
            return Some(last);
        }
        let label = sign.map_or_else(|| self.meeting(node), str::to_owned);
        Some(self.add(cluster, Key::Meeting, &label, None))
    }

    /// Draws a graph that runs `count` times.
    fn cluster(
        &mut self,
        body: GraphId,
        name: &str,
        count: &str,
        given: &[From],
        outer: Option<usize>,
    ) -> (usize, Vec<From>) {
        let (label, count) = (name.to_owned(), count.to_owned());
        self.clusters.push(Cluster { outer, label, count });
        let cluster = self.clusters.len() - 1;
        let inputs: Vec<From> = (given.iter())
            .map(|from| {
                if from.is_empty() {
                    return From::new();
                }
                let at = self.add(Some(cluster), Key::Passed, "", None);
                self.boxes[at].from.extend(from);
                From::from([at])
            })
            .collect();
        (cluster, self.graph(body, &inputs, Some(cluster)))
    }

    /// What is done where results meet and is no arithmetic of elements.
    fn meeting(&self, node: &Node) -> String {
        let word = match &node.op {
            Op::Nest(nest) => match &nest.kind {
                NestKind::Reduce(it) if it.op == ReduceOp::Sum => match &it.value {
                    Scalar::Binary(Binary::Mul, ..) => Some("product"),
                    _ => None,
                },
                NestKind::Softmax { .. } => Some("softmax"),
                NestKind::Map { .. } | NestKind::Reduce(_) => None,
            },
            Op::Order { .. } => Some("sort"),
            Op::Running(_) => Some("running"),
            Op::Scatter { .. } => Some("scatter"),
            _ => None,
        };
        word.map_or_else(|| self.code(node.span), str::to_owned)
    }

    /// How the code begins that a node comes from.
    fn code(&self, span: Span) -> String {
        let text = self.sources.text(span).split_whitespace().collect::<Vec<_>>().join(" ");
        let short: String = text.chars().take(MOST_LETTERS).collect();
        if short.len() < text.len() { format!("{short}…") } else { short }
    }

    /// The chart, without ends of clusters that lead nowhere.
    fn text(&self) -> String {
        let used: HashSet<usize> =
            self.boxes.iter().flat_map(|it| it.from.iter().copied()).collect();
        let shown: Vec<usize> = (0..self.boxes.len())
            .filter(|at| self.boxes[*at].key != Key::Passed || used.contains(at))
            .collect();
        let mut text = String::from("flowchart TD\n");
        self.inside(None, &shown, 1, &mut text);
        for at in &shown {
            for from in self.boxes[*at].from.iter().filter(|it| shown.contains(it)) {
                let _ = writeln!(text, "    n{from} --> n{at}");
            }
        }
        text
    }

    /// The boxes of a cluster and the clusters in it.
    fn inside(&self, cluster: Option<usize>, shown: &[usize], depth: usize, text: &mut String) {
        let indent = "    ".repeat(depth);
        for at in shown.iter().filter(|at| self.boxes[**at].cluster == cluster) {
            let _ = writeln!(text, "{indent}n{at}{}", self.boxes[*at].text());
        }
        for (at, inner) in self.clusters.iter().enumerate().filter(|it| it.1.outer == cluster) {
            let count = match inner.count.as_str() {
                "" => String::new(),
                count => format!(" × {count}"),
            };
            let _ = writeln!(text, "{indent}subgraph s{at} [\"{}{count}\"]", escaped(&inner.label));
            self.inside(Some(at), shown, depth + 1, text);
            let _ = writeln!(text, "{indent}end");
        }
    }
}

impl Part {
    fn text(&self) -> String {
        let shape = self.ty.as_ref().map_or_else(String::new, |ty| {
            let sizes: Vec<String> = ty.shape.iter().map(ToString::to_string).collect();
            format!("[{}]", sizes.join(", "))
        });
        let mut label = format!("{} {shape}", escaped(&self.label)).trim().to_owned();
        if self.parameters > 0 {
            let _ = write!(label, "<br/>{} parameters", count(self.parameters));
        }
        match self.key {
            Key::End => format!("([\"{label}\"])"),
            Key::Passed => "(( ))".to_owned(),
            Key::Field(_) => format!("[\"{label}\"]"),
            Key::Meeting => format!("(\"{label}\")"),
        }
    }
}

fn params<'a>(graph: &'a Graph, node: &'a Node) -> impl Iterator<Item = ParamId> + 'a {
    node.operands.iter().filter_map(|value| match graph.node(value.node).op {
        Op::Param(param) => Some(param),
        _ => None,
    })
}

/// The field of the layer whose parameters a node reads, with its place in an array.
fn field(graph: &Graph, node: &Node) -> Option<String> {
    let name = &graph.params[params(graph, node).next()?].name;
    let mut parts = name.split('.');
    let field = parts.next()?;
    let place = parts.next().filter(|it| it.bytes().all(|it| it.is_ascii_digit()));
    Some(place.map_or(field.to_owned(), |place| format!("{field}.{place}")))
}

/// The field whose layers a graph is run for: `blocks` of `blocks.3.norm.scale`, where
/// the parameter is `norm.scale` in the graph.
fn field_of(graph: &Graph, given: &[ParamId], callee: &Graph) -> String {
    let own = callee.params.iter().next().map(|it| it.1.name.as_str());
    let (Some(first), Some(own)) = (given.first(), own) else { return callee.name.clone() };
    let name = graph.params[*first].name.as_str();
    let path = name.strip_suffix(own).unwrap_or(name).trim_end_matches('.');
    let field = path.trim_end_matches(|it: char| it.is_ascii_digit()).trim_end_matches('.');
    field.to_owned()
}

/// The sign of what a node does with each element.
fn arithmetic(node: &Node) -> Option<&'static str> {
    match &node.op {
        Op::Nest(nest) => match &nest.kind {
            NestKind::Map { value } => sign(value),
            NestKind::Reduce(_) | NestKind::Softmax { .. } => None,
        },
        _ => None,
    }
}

fn sign(value: &Scalar) -> Option<&'static str> {
    Some(match value {
        Scalar::Binary(Binary::Add, ..) => "+",
        Scalar::Binary(Binary::Sub, ..) => "−",
        Scalar::Binary(Binary::Mul, ..) => "×",
        Scalar::Binary(Binary::Div, ..) => "÷",
        Scalar::Binary(Binary::Max, ..) => "max",
        Scalar::Binary(Binary::Min, ..) => "min",
        Scalar::Cast { value, .. } | Scalar::Unary(_, value) => return sign(value),
        _ => return None,
    })
}

/// A label as Mermaid reads it.
fn escaped(label: &str) -> String {
    label.replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;").replace('`', "'")
}

#[cfg(test)]
mod tests;
