//! What was found, as a picture: SVG.

use std::fmt::Write;

/// A metric along a side of the picture.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Axis<'a> {
    /// Such as `latency`.
    pub name: &'a str,
    /// Such as `ms`; empty for none.
    pub unit: &'a str,
    /// What values are divided by so that they are in the unit.
    pub scale: f64,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 480.0;
/// Room for numbers and names at the left, the right, above and below.
const LEFT: f64 = 84.0;
const RIGHT: f64 = 24.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 60.0;

/// Draws points, those on the front, which `front` gives in order, filled and joined.
pub fn picture(
    title: &str,
    (x, y): (Axis<'_>, Axis<'_>),
    points: &[(f64, f64)],
    front: &[usize],
) -> String {
    let horizontal = Scale::new(points.iter().map(|it| it.0 / x.scale), LEFT, WIDTH - RIGHT);
    let vertical = Scale::new(points.iter().map(|it| it.1 / y.scale), HEIGHT - BOTTOM, TOP);
    let place = |point: &(f64, f64)| {
        (horizontal.place(point.0 / x.scale), vertical.place(point.1 / y.scale))
    };
    let mut svg = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>\n\
         <text x=\"{LEFT}\" y=\"24\" font-size=\"15\">{}</text>",
        escaped(title)
    );
    for tick in horizontal.ticks() {
        let at = horizontal.place(tick);
        let (top, bottom) = (TOP, HEIGHT - BOTTOM);
        let _ = writeln!(
            svg,
            "<path d=\"M{at:.1} {top}V{bottom}\" stroke=\"#e4e4e4\"/>\n\
             <text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            bottom + 18.0,
            horizontal.label(tick)
        );
    }
    for tick in vertical.ticks() {
        let at = vertical.place(tick);
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {at:.1}H{}\" stroke=\"#e4e4e4\"/>\n\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            at + 4.0,
            vertical.label(tick)
        );
    }
    let (middle_x, middle_y) = ((LEFT + WIDTH - RIGHT) / 2.0, (TOP + HEIGHT - BOTTOM) / 2.0);
    let _ = writeln!(
        svg,
        "<path d=\"M{LEFT} {TOP}V{bottom}H{right}\" fill=\"none\" stroke=\"#444\"/>\n\
         <text x=\"{middle_x}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n\
         <text transform=\"translate(20 {middle_y}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
        HEIGHT - 16.0,
        name(x),
        name(y),
        bottom = HEIGHT - BOTTOM,
        right = WIDTH - RIGHT,
    );
    for (at, point) in points.iter().enumerate() {
        if !front.contains(&at) {
            let (x, y) = place(point);
            let _ = writeln!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"#9db4c8\" fill-opacity=\"0.7\"/>"
            );
        }
    }
    let on_front: Vec<(f64, f64)> =
        front.iter().filter_map(|at| points.get(*at)).map(place).collect();
    if on_front.len() > 1 {
        let line: Vec<String> = on_front.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"#b3261e\" stroke-width=\"1.5\"/>",
            line.join(" ")
        );
    }
    for (x, y) in on_front {
        let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"#b3261e\"/>");
    }
    svg.push_str("</svg>\n");
    svg
}

fn name(axis: Axis<'_>) -> String {
    match axis.unit {
        "" => escaped(axis.name),
        unit => format!("{} ({})", escaped(axis.name), escaped(unit)),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A straight scale between round numbers.
struct Scale {
    low: f64,
    high: f64,
    step: f64,
    /// Where the ends lie.
    from: f64,
    to: f64,
}

impl Scale {
    fn new(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Scale {
        let (least, most) = values
            .filter(|it| it.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), it| (a.min(it), b.max(it)));
        let (least, most) = if least > most { (0.0, 1.0) } else { (least, most) };
        let room = if most > least { most - least } else { least.abs().max(1.0) };
        let step = round_step(room / 6.0);
        let low = (least / step).floor() * step;
        let mut high = (most / step).ceil() * step;
        if high <= low {
            high = low + step;
        }
        Scale { low, high, step, from, to }
    }

    fn place(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    fn ticks(&self) -> impl Iterator<Item = f64> {
        let (low, step) = (self.low, self.step);
        let count = ((self.high - self.low) / self.step).round() as usize;
        (0..=count).map(move |at| low + at as f64 * step)
    }

    fn label(&self, value: f64) -> String {
        let digits = (-self.step.log10().floor()).clamp(0.0, 9.0) as usize;
        format!("{value:.digits$}")
    }
}

/// The least of 1, 2 and 5 times a power of ten that is not below.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|it| it * power);
    steps.into_iter().find(|step| *step >= least * (1.0 - 1e-9)).unwrap_or(10.0 * power)
}
