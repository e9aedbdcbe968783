//! The computation of an s-op on an input as a picture: SVG.
//!
//! Layers stand below each other. Each head is a matrix of its selector: values come in
//! from above, a column for each place, and what the places get leaves to the right, a row
//! for each. Below the heads are all s-ops that are there at the end of the layer.

use crate::errors;
use crate::graph::{Graph, NodeId, Op};
use crate::layers::Layers;
use crate::object::{Evaluated, Matrix, Run};
use crate::picture::cell;
use crate::told::described;
use crate::value::{Atom, float_text};
use nnc_base::Diagnostic;
use std::collections::BTreeSet;
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// The largest input that is drawn.
pub(crate) const MOST_PLACES: usize = 64;
/// The most s-ops and heads that are drawn.
const MOST_NODES: usize = 4096;

/// Of a letter of the picture's type.
const LETTER: f64 = 7.2;
const ROW: f64 = 20.0;
const GAP: f64 = 12.0;
/// Heads that would reach further stand in a further row.
const RIGHT_EDGE: f64 = 1400.0;

/// Draws how an s-op is computed on the input of the run.
pub fn draw(graph: &Graph, node: NodeId, run: &mut Run) -> Result<String, Box<Diagnostic>> {
    let places = run.input().atoms().len();
    if places > MOST_PLACES {
        let fault = errors::picture_too_large("places of the input", places, MOST_PLACES);
        return Err(Box::new(fault.at(graph[node].span)));
    }
    let layers = Layers::of(graph, node);
    let nodes: usize = layers.layers.iter().map(|it| it.heads.len() + it.sops.len()).sum();
    if nodes > MOST_NODES {
        let fault = errors::picture_too_large("s-ops and heads", nodes, MOST_NODES);
        return Err(Box::new(fault.at(graph[node].span)));
    }
    let tokens: Vec<String> = run.input().atoms().iter().map(cell).collect();
    let mut page = Canvas::default();
    let title = format!("{}({})", graph[node].name, run.input().written());
    page.text(GAP, 24.0, Style::Title, &title);
    page.text(GAP, 44.0, Style::Plain, &described(&layers));
    let mut y = 64.0;
    for (at, layer) in layers.layers.iter().enumerate() {
        let name = if at == 0 { "before attention".to_owned() } else { format!("layer {at}") };
        page.line(GAP, y);
        page.text(GAP, y + 18.0, Style::Strong, &name);
        y += 30.0;
        let (mut x, mut lowest) = (GAP, y);
        for (nth, selector) in layer.heads.iter().enumerate() {
            let through = through(graph, &layer.sops, *selector);
            let name = format!("head {}: {}", nth + 1, selects(graph, *selector));
            let Some(drawn) = head(graph, run, *selector, &through, &name, &tokens) else {
                continue;
            };
            if x > GAP && x + drawn.width > RIGHT_EDGE {
                (x, y) = (GAP, lowest + GAP);
            }
            lowest = lowest.max(y + drawn.height);
            let width = drawn.width;
            page.place(drawn, x, y);
            x += width + 2.0 * GAP;
        }
        if !layer.heads.is_empty() {
            y = lowest + GAP;
        }
        let rows = sops(graph, run, &layer.sops, node);
        let height = rows.height;
        page.place(rows, GAP, y);
        y += height + GAP;
    }
    Ok(page.finish())
}

/// The most letters about a head.
const LONGEST_HEAD: usize = 60;

/// A selector's name, or how it was made.
fn selects(graph: &Graph, selector: NodeId) -> String {
    let text = formula(graph, selector);
    match text.chars().count() {
        0..=LONGEST_HEAD => text,
        _ => text.chars().take(LONGEST_HEAD - 1).chain(['…']).collect(),
    }
}

fn formula(graph: &Graph, id: NodeId) -> String {
    let node = &graph[id];
    let named = |it: NodeId| graph[it].named || !graph[it].is_selector();
    // A longer formula says less.
    let part = |it: NodeId| match &graph[it].op {
        _ if named(it) => graph[it].name.clone(),
        Op::Select { .. } => formula(graph, it),
        _ => "(…)".to_owned(),
    };
    match &node.op {
        _ if node.named => node.name.clone(),
        Op::Select { key, query, compare } => {
            format!("select({}, {}, {})", graph[*key].name, graph[*query].name, compare.as_str())
        }
        Op::Not(operand) => format!("not {}", part(*operand)),
        Op::And(left, right) => format!("{} and {}", part(*left), part(*right)),
        Op::Or(left, right) => format!("{} or {}", part(*left), part(*right)),
        Op::Tokens(_) | Op::Indices | Op::Constant(_) | Op::Map(..) | Op::Aggregate { .. } => {
            node.name.clone()
        }
    }
}

/// The aggregates of a layer that use a selector.
fn through(graph: &Graph, sops: &[NodeId], selector: NodeId) -> Vec<(NodeId, NodeId)> {
    let used = |id: &NodeId| match &graph[*id].op {
        Op::Aggregate { selector: it, value, .. } if *it == selector => Some((*value, *id)),
        _ => None,
    };
    sops.iter().filter_map(used).collect()
}

/// A head: its matrix with what comes in above and what leaves at the right.
fn head(
    graph: &Graph,
    run: &mut Run,
    selector: NodeId,
    through: &[(NodeId, NodeId)],
    name: &str,
    tokens: &[String],
) -> Option<Canvas> {
    let value = run.value(graph, selector).ok()?;
    let Evaluated::Selector(matrix) = &*value else { return None };
    let mut inputs: Vec<(&str, Vec<Atom>)> = Vec::new();
    let mut results: Vec<(&str, Vec<Atom>)> = Vec::new();
    let mut seen = BTreeSet::new();
    for (value, result) in through {
        if seen.insert(graph[*value].class) {
            inputs.push((&graph[*value].name, values(graph, run, *value)?));
        }
        results.push((&graph[*result].name, values(graph, run, *result)?));
    }
    let mut canvas = Canvas::default();
    canvas.text(0.0, 12.0, Style::Plain, name);
    let names = inputs.iter().map(|it| it.0.width()).chain(tokens.iter().map(|it| it.width()));
    let left = names.max().unwrap_or(0) as f64 * LETTER + GAP;
    let cells = inputs.iter().flat_map(|it| &it.1).map(|it| brief(it).width());
    let widest = cells.chain(tokens.iter().map(|it| it.width())).max().unwrap_or(1);
    let column = (widest as f64 * LETTER + 6.0).max(ROW);
    let mut y = ROW;
    for (name, values) in &inputs {
        canvas.text_to(left - 6.0, y + 14.0, name);
        for (key, value) in values.iter().enumerate() {
            canvas.cell(left + key as f64 * column, y, column, value);
        }
        y += ROW + 4.0;
    }
    for (key, token) in tokens.iter().enumerate() {
        canvas.text_in(left + (key as f64 + 0.5) * column, y + 14.0, token);
    }
    // Where the results' names stand, too.
    let header = y + 14.0;
    y += ROW;
    for (query, token) in tokens.iter().enumerate() {
        canvas.text_to(left - 6.0, y + query as f64 * ROW + 14.0, token);
    }
    canvas.matrix(left, y, column, matrix);
    let mut x = left + matrix.size as f64 * column + GAP;
    for (name, values) in &results {
        let widest = values.iter().map(|it| brief(it).width()).max().unwrap_or(1);
        let column = (widest as f64 * LETTER + 6.0).max(ROW);
        canvas.text(x, header, Style::Plain, name);
        for (query, value) in values.iter().enumerate() {
            canvas.cell(x, y + query as f64 * ROW, column, value);
        }
        x += column.max(name.width() as f64 * LETTER) + GAP;
    }
    Some(canvas)
}

/// The s-ops of a layer, a row each; of those with equal values one.
fn sops(graph: &Graph, run: &mut Run, sops: &[NodeId], drawn: NodeId) -> Canvas {
    let mut rows: Vec<NodeId> = Vec::new();
    for id in sops {
        if matches!(graph[*id].op, Op::Constant(_)) {
            continue;
        }
        match rows.iter_mut().find(|it| graph[**it].class == graph[*id].class) {
            // The name that says more.
            Some(known) => {
                if *id == drawn || (*known != drawn && !graph[*known].named && graph[*id].named) {
                    *known = *id;
                }
            }
            None => rows.push(*id),
        }
    }
    let widest = rows.iter().map(|it| graph[*it].name.width()).max().unwrap_or(0);
    let left = widest as f64 * LETTER + GAP;
    let mut canvas = Canvas::default();
    let mut y = 0.0;
    for id in rows {
        let Some(values) = values(graph, run, id) else { continue };
        let style = if id == drawn { Style::Strong } else { Style::Plain };
        canvas.text(0.0, y + 14.0, style, &graph[id].name);
        let widest = values.iter().map(|it| brief(it).width()).max().unwrap_or(1);
        let column = (widest as f64 * LETTER + 6.0).max(ROW);
        for (at, value) in values.iter().enumerate() {
            canvas.cell(left + at as f64 * column, y, column, value);
        }
        y += ROW + 4.0;
    }
    canvas
}

fn values(graph: &Graph, run: &mut Run, id: NodeId) -> Option<Vec<Atom>> {
    match &*run.value(graph, id).ok()? {
        Evaluated::Sequence(sequence) => Some(sequence.values.clone()),
        Evaluated::Selector(_) => None,
    }
}

/// A value in so few letters that it fits in a cell.
fn brief(value: &Atom) -> String {
    match value {
        Atom::Float(it) if it.abs() < 1e6 => float_text((it * 1e3).round() / 1e3),
        Atom::Text(_) => {
            let text = cell(value);
            match text.chars().count() {
                0..=8 => text,
                _ => text.chars().take(7).chain(['…']).collect(),
            }
        }
        value => value.to_string(),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Title,
    Strong,
    Plain,
}

/// A part of the picture, in places of its own.
#[derive(Default)]
struct Canvas {
    body: String,
    width: f64,
    height: f64,
}

// Writing to a string does not fail.
impl Canvas {
    fn reach(&mut self, x: f64, y: f64) {
        self.width = self.width.max(x);
        self.height = self.height.max(y);
    }

    fn text(&mut self, x: f64, y: f64, style: Style, text: &str) {
        let (look, scale) = match style {
            Style::Title => (" font-size=\"15\" font-weight=\"bold\"", 1.25),
            Style::Strong => (" font-weight=\"bold\"", 1.0),
            Style::Plain => ("", 1.0),
        };
        let _ =
            writeln!(self.body, "<text x=\"{x:.1}\" y=\"{y:.1}\"{look}>{}</text>", escaped(text));
        self.reach(x + text.width() as f64 * LETTER * scale, y + 4.0);
    }

    /// A text that ends at a place.
    fn text_to(&mut self, x: f64, y: f64, text: &str) {
        let text = escaped(text);
        let _ = writeln!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"end\">{text}</text>"
        );
        self.reach(x, y + 4.0);
    }

    /// A text around a place.
    fn text_in(&mut self, x: f64, y: f64, text: &str) {
        let text = escaped(text);
        let _ = writeln!(
            self.body,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{text}</text>"
        );
    }

    /// A value in a box; whoever points at it sees all of it.
    fn cell(&mut self, x: f64, y: f64, width: f64, value: &Atom) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{ROW}\" \
             fill=\"#f4f6f8\" stroke=\"#c3ccd4\"><title>{}</title></rect>",
            escaped(&cell(value))
        );
        self.text_in(x + width / 2.0, y + 14.0, &brief(value));
        self.reach(x + width, y + ROW);
    }

    fn matrix(&mut self, x: f64, y: f64, column: f64, matrix: &Matrix) {
        let (width, height) = (matrix.size as f64 * column, matrix.size as f64 * ROW);
        let _ = writeln!(
            self.body,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
             fill=\"white\" stroke=\"#444\"/>"
        );
        for query in 0..matrix.size {
            for key in matrix.row(query) {
                let _ = writeln!(
                    self.body,
                    "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" \
                     fill=\"#2f6690\"/>",
                    x + key as f64 * column + 1.0,
                    y + query as f64 * ROW + 1.0,
                    column - 2.0,
                    ROW - 2.0,
                );
            }
        }
        self.reach(x + width, y + height);
    }

    /// A line over the whole width, which is known at the end.
    fn line(&mut self, x: f64, y: f64) {
        let _ = writeln!(self.body, "<path d=\"M{x} {y:.1}h{RIGHT_EDGE}\" stroke=\"#c3ccd4\"/>");
    }

    fn place(&mut self, part: Canvas, x: f64, y: f64) {
        let _ = writeln!(self.body, "<g transform=\"translate({x:.1} {y:.1})\">");
        self.body.push_str(&part.body);
        self.body.push_str("</g>\n");
        self.reach(x + part.width, y + part.height);
    }

    fn finish(self) -> String {
        let (width, height) = (self.width + GAP, self.height + GAP);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"monospace\" font-size=\"12\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{}</svg>\n",
            self.body
        )
    }
}

fn escaped(text: &str) -> String {
    let seen = text.chars().map(|it| if it.is_control() { '\u{fffd}' } else { it });
    let text: String = seen.collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
