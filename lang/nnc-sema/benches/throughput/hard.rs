//! Programs that are made to be hard: one thing, very many times.

/// A program of any size.
pub(super) struct Program {
    pub(super) name: &'static str,
    /// The smaller of the two sizes.
    pub(super) size: usize,
    pub(super) text: fn(usize) -> String,
    /// Whether it has mistakes, which take time as well.
    pub(super) has_errors: bool,
}

fn numbered(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect()
}

fn joined(count: usize, between: &str, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect::<Vec<_>>().join(between)
}

const DIMS: &str = "dims B: batch, D: feat, T: time, N: head, H: row\n";

fn functions(count: usize) -> String {
    let one = |at: usize| {
        format!("fn f{at}(x: f32[B, D]) -> f32[B, D] {{ let y[b, d] = 2.0 * x[b, d]; y + x }}\n")
    };
    format!("{DIMS}{}", numbered(count, one))
}

fn chained_functions(count: usize) -> String {
    let one = |at: usize| format!("fn f{}(x: f32[B, D]) -> f32[B, D] = f{at}(x)\n", at + 1);
    format!("{DIMS}fn f0(x: f32[B, D]) -> f32[B, D] = x\n{}", numbered(count, one))
}

fn fields(count: usize) -> String {
    let one = |at: usize| format!("    w{at}: param f32[D]\n");
    format!(
        "{DIMS}layer A<D> {{\n{}    fn (x: f32[B, D]) -> f32[B, D] = x * w0[_, d]\n}}\n",
        numbered(count, one)
    )
}

fn layers_of_layers(count: usize) -> String {
    let one = |at: usize| {
        format!("layer L{}<D> {{ a: L{at}<D>  fn (x: f32[B, D]) -> f32[B, D] = a(x) }}\n", at + 1)
    };
    let first = "layer L0<D> { w: param f32[D]  fn (x: f32[B, D]) -> f32[B, D] = x * w[_, d] }\n";
    format!("{DIMS}{first}{}", numbered(count, one))
}

fn statements(count: usize) -> String {
    let one = |at: usize| format!("    let y{}[b, d] = 2.0 * y{at}[b, d];\n", at + 1);
    format!("{DIMS}fn f(y0: f32[B, D]) -> f32[B, D] {{\n{}    y{count}\n}}\n", numbered(count, one))
}

fn long_sum_of_reads(count: usize) -> String {
    let sum = joined(count, " + ", |_| "x[b, d]".to_owned());
    format!("{DIMS}fn f(x: f32[B, D]) -> f32[B, D] {{ let y[b, d] = {sum}; y }}\n")
}

fn parentheses(depth: usize) -> String {
    let (open, close) = ("(x + ".repeat(depth), ")".repeat(depth));
    // Nesting is bounded, so that many lines have some.
    format!("{DIMS}fn f(x: f32[B, D]) -> f32[B, D] = {open}x{close}\n")
}

fn nested_everywhere(count: usize) -> String {
    let one = |at: usize| {
        format!("fn f{at}(x: f32[B, D]) -> f32[B, D] = {}x{}\n", "(x + ".repeat(60), ")".repeat(60))
    };
    format!("{DIMS}{}", numbered(count, one))
}

fn pipes(count: usize) -> String {
    format!(
        "{DIMS}fn f(x: f32[B, D]) -> f32[B, D] = 2.0 * x\nfn g(x: f32[B, D]) -> f32[B, D] = x{}\n",
        " |> f".repeat(count)
    )
}

fn dims_in_a_signature(count: usize) -> String {
    let params = joined(count, ", ", |at| format!("x{at}: f32[D{at}]"));
    let dims = joined(count, ", ", |at| format!("D{at}: feat"));
    format!("dims {dims}\nfn f({params}) -> f32[D0] = x0\n")
}

fn chain_of_facts(count: usize) -> String {
    let params = joined(count + 1, ", ", |at| format!("x{at}: f32[D{at}]"));
    let dims = joined(count + 1, ", ", |at| format!("D{at}: feat"));
    let facts = joined(count, ", ", |at| format!("D{at} <= D{}", at + 1));
    format!(
        "dims {dims}\nfn f({params}) -> f32[D0] where {facts} {{\n    let y[i: D0] = x{count}[i];\n    y\n}}\n"
    )
}

fn chain_of_equalities(count: usize) -> String {
    let params = joined(count + 1, ", ", |at| format!("x{at}: f32[D{at}]"));
    let dims = joined(count + 1, ", ", |at| format!("D{at}: feat"));
    let facts = joined(count, ", ", |at| format!("D{at} == D{}", at + 1));
    format!("dims {dims}\nfn f({params}) -> f32[D0] where {facts} = x0 + x{count}\n")
}

fn chain_of_divisions(count: usize) -> String {
    let params = joined(count + 1, ", ", |at| format!("x{at}: f32[D{at}]"));
    let dims = joined(count + 1, ", ", |at| format!("D{at}: feat"));
    let facts = joined(count, ", ", |at| format!("D{} % D{at} == 0", at + 1));
    format!(
        "dims {dims}\nfn f({params}) -> f32[D0] where {facts} {{\n    let y[i: D{count} / D0] = 1.0;\n    x0\n}}\n"
    )
}

fn product_of_sums(count: usize) -> String {
    let factors = joined(count, "*", |at| format!("(D{at} + 1)"));
    let params = joined(count, ", ", |at| format!("x{at}: f32[D{at}]"));
    let dims = joined(count, ", ", |at| format!("D{at}: feat"));
    format!("dims {dims}\nfn f({params}) -> f32[{factors}] {{ let y[i: {factors}] = 1.0; y }}\n")
}

fn long_sum_of_dims(count: usize) -> String {
    let sum = joined(count, " + ", |at| format!("D{at}"));
    let turned = joined(count, " + ", |at| format!("D{}", count - 1 - at));
    let params = joined(count, ", ", |at| format!("x{at}: f32[D{at}]"));
    let dims = joined(count, ", ", |at| format!("D{at}: feat"));
    format!("dims {dims}\nfn f({params}) -> f32[{sum}] {{ let y[i: {turned}] = 1.0; y }}\n")
}

fn convolutions_in_a_row(count: usize) -> String {
    let one = |at: usize| format!("    c{at}: Conv2d<C, C>(k=3, s=2)\n");
    let calls = numbered(count, |at| format!(" |> c{at}"));
    // An even size of 2^40 stays a size after forty halvings; more are made of many layers.
    format!(
        "use std.nn.{{Conv2d}}\ndims B: batch, C: chan, H: row, W: col\nlayer A<C> {{\n{}    fn (x: f32[B, C, H, W]) -> f32[B, C, 1, 1] {{ let y = x{calls}; let z[b, c, i: 1, j: 1] = y[b, c, 0, 0]; z }}\n}}\n",
        numbered(count, one)
    )
}

fn mistakes(count: usize) -> String {
    let one = |at: usize| format!("fn f{at}(x: f32[B, D], y: f32[T, D]) -> f32[B, D] = x + y\n");
    format!("{DIMS}{}", numbered(count, one))
}

fn unknown_names(count: usize) -> String {
    let one = |at: usize| format!("fn f{at}(x: f32[B, D]) -> f32[B, D] = g{at}(x)\n");
    format!("{DIMS}{}", numbered(count, one))
}

fn broken_statements(count: usize) -> String {
    let one = |at: usize| format!("fn f{at}(x: f32[B, D]) -> f32[B, D] {{ let = x; x }}\n");
    format!("{DIMS}{}", numbered(count, one))
}

fn checkpoint_rows(count: usize) -> String {
    let field = |at: usize| format!("    w{at}: param f32[D]\n");
    let row = |at: usize| format!("    \"a.{at}\" = w{at}\n");
    format!(
        "{DIMS}layer A<D> {{\n{}    fn (x: f32[B, D]) -> f32[B, D] = x * w0[_, d]\n}}\ncheckpoint c for A {{\n{}}}\n",
        numbered(count, field),
        numbered(count, row)
    )
}

fn guards(count: usize) -> String {
    let guard = joined(count, " && ", |at| format!("t >= {at}"));
    format!(
        "{DIMS}fn f(x: f32[T]) -> f32[T] {{ let y[t: T] = if {guard} {{ x[t] }} else {{ 0.0 }}; y }}\n"
    )
}

pub(super) fn programs() -> Vec<Program> {
    let valid = |name, size, text| Program { name, size, text, has_errors: false };
    let wrong = |name, size, text| Program { name, size, text, has_errors: true };
    vec![
        valid("functions", 5_000, functions),
        valid("functions that call the one before", 1_250, chained_functions),
        valid("fields of a layer", 10_000, fields),
        valid("layers of layers", 1_250, layers_of_layers),
        valid("statements of a function", 2_500, statements),
        valid("a long sum of reads", 25, long_sum_of_reads),
        valid("nested brackets", 15, parentheses),
        valid("functions with nested brackets", 250, nested_everywhere),
        valid("pipes", 50, pipes),
        valid("sizes of a signature", 250, dims_in_a_signature),
        wrong("a chain of inequalities", 25, chain_of_facts),
        wrong("a chain of equalities", 250, chain_of_equalities),
        wrong("a chain of divisions", 10, chain_of_divisions),
        wrong("a product of sums of sizes", 16, product_of_sums),
        valid("a long sum of sizes", 60, long_sum_of_dims),
        wrong("convolutions in a row", 8, convolutions_in_a_row),
        wrong("mistakes", 1_250, mistakes),
        wrong("unknown names", 1_250, unknown_names),
        wrong("statements that do not parse", 1_250, broken_statements),
        valid("rows of a checkpoint", 1_250, checkpoint_rows),
        valid("conjuncts of a guard", 25, guards),
    ]
}
