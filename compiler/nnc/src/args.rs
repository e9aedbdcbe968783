//! What may be asked for on the command line.

use clap::builder::PossibleValuesParser;
use clap::{Args as Group, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

/// Compiler for nn, a typed language in which people describe neural networks
#[derive(Parser, Debug)]
#[command(name = "nnc", version, about, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 all is well; 1 a program or another input has mistakes; \
    2 what was asked for does not exist or the machine does not allow it; 101 the compiler is at \
    fault; `nnc equiv` also 3, 4 and 5")]
pub(crate) struct Args {
    #[command(flatten)]
    pub common: Common,
    #[command(subcommand)]
    pub command: Command,
}

/// What all commands understand.
#[derive(Group, Clone, Debug)]
pub(crate) struct Common {
    /// How messages are told
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    #[arg(help_heading = "Messages")]
    pub message_format: MessageFormat,
    /// Whether messages have colours; `auto` heeds NO_COLOR and CLICOLOR_FORCE
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    #[arg(help_heading = "Messages")]
    pub color: Color,
    /// Tell mistakes alone
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = "Messages")]
    pub quiet: bool,
    /// Tell times and what was decided
    #[arg(short, long, global = true, help_heading = "Messages")]
    pub verbose: bool,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum MessageFormat {
    /// With the code around the mistake
    #[default]
    Human,
    /// One line a message
    Short,
    /// One JSON object a line
    Json,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Check(Check),
    Build(Build),
    Run(Run),
    Generate(Generate),
    #[cfg(feature = "llvm")]
    Bench(Bench),
    #[cfg(feature = "llvm")]
    Profile(Profile),
    Params(Params),
    Cost(Cost),
    Search(Search),
    Type(Type),
    Equiv(Equiv),
    Fill(Fill),
    Explain(Explain),
    Import(Import),
    Rasp(Rasp),
    Opt(Opt),
    Test(Test),
    Zoo(Zoo),
    Completions(Completions),
}

/// Find the mistakes in a program
#[derive(Group, Debug)]
pub(crate) struct Check {
    #[command(flatten)]
    pub program: Program,
    #[command(flatten)]
    pub model: Network,
    /// Also compare the header of this file with the model
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub weights: Option<PathBuf>,
}

/// Compile a model, or show it on its way
#[derive(Group, Debug)]
pub(crate) struct Build {
    #[command(flatten)]
    pub program: Program,
    #[command(flatten)]
    pub model: Network,
    #[command(flatten)]
    pub target: Target,
    /// What to make, in this order of a program's way; what of it is text goes to standard
    /// output unless `--output` says otherwise [default: what the target makes]
    #[arg(long, value_name = "STAGE", value_delimiter = ',', value_parser = stages())]
    pub emit: Vec<String>,
    /// The file to write, or where several are made, the folder
    #[arg(short, long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub output: Option<PathBuf>,
    /// Also write the parameters of this file as the compiled code wants them
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub weights: Option<PathBuf>,
    /// Make the weights of a transformer that computes this function of a sequence of tokens,
    /// and the model that they are for, in the folder `--output` [default: its name]
    #[arg(long, value_name = "FUNCTION", conflicts_with_all = ["emit", "weights", "model"])]
    #[arg(help_heading = "Transformers")]
    pub as_transformer: Option<String>,
    /// A size of the function, such as V=4; that of the sequence is the greatest length
    #[arg(long, value_name = "NAME=N", value_parser = size, requires = "as_transformer")]
    #[arg(help_heading = "Transformers")]
    pub size: Vec<(String, i64)>,
}

/// Run an entry of a model
#[derive(Group, Debug)]
pub(crate) struct Run {
    #[command(flatten)]
    pub program: Program,
    #[command(flatten)]
    pub model: Network,
    /// The entry, where the model has several
    #[arg(long, value_name = "NAME")]
    pub entry: Option<String>,
    /// An input: `NAME=FILE`, `NAME=[[1, 2], [3, 4]]`, or a file whose tensors are called as
    /// the inputs are (npy, npz, safetensors)
    #[arg(short, long, value_name = "SPEC")]
    pub input: Vec<String>,
    /// Make inputs that are not given of random numbers
    #[arg(long)]
    pub random: bool,
    /// A size that no input's shape gives, such as T=16
    #[arg(long, value_name = "NAME=N", value_parser = size)]
    pub size: Vec<(String, i64)>,
    /// Give a value on the way, too: what a layer gives, such as `blocks.3.attn`, or a `let` in
    /// its function, such as `blocks.3.attn.p`; `*` stands for any text
    #[arg(long, value_name = "NAME")]
    pub trace: Vec<String>,
    /// Put something else in the place of a value on the way: `NAME=FILE`, `NAME=[[1, 2]]`, or
    /// `NAME=0` for one number everywhere
    #[arg(long, value_name = "SPEC")]
    pub replace: Vec<String>,
    /// List the values on the way that can be traced or replaced, and run nothing
    #[arg(long)]
    pub trace_points: bool,
    /// Where the outputs go: a .safetensors, .npz or .npy file, or a folder for npy files
    /// [default: as text to standard output]
    #[arg(short, long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub output: Option<PathBuf>,
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub weights: Weights,
}

/// Time an entry beside what the machine can do at most
#[cfg(feature = "llvm")]
#[derive(Group, Debug)]
pub(crate) struct Bench {
    #[command(flatten)]
    pub program: Program,
    #[command(flatten)]
    pub model: Network,
    /// The entry, where the model has several
    #[arg(long, value_name = "NAME")]
    pub entry: Option<String>,
    /// An input as `nnc run` takes it [default: random numbers]
    #[arg(short, long, value_name = "SPEC")]
    pub input: Vec<String>,
    /// A size, such as T=16
    #[arg(long, value_name = "NAME=N", value_parser = size)]
    pub size: Vec<(String, i64)>,
    /// How often the entry is run, at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub rounds: usize,
    /// After how many seconds no new round begins
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub seconds: u64,
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub weights: Weights,
}

/// Time each kernel of an entry beside what the machine can do at most
#[cfg(feature = "llvm")]
#[derive(Group, Debug)]
pub(crate) struct Profile {
    #[command(flatten)]
    pub bench: Bench,
    /// What a row of the table stands for
    #[arg(long, value_enum, default_value_t, value_name = "WHAT")]
    pub by: By,
    /// Show all rows and not only those that take most of the time
    #[arg(long)]
    pub all: bool,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
    /// Also write the last round as a trace that Chrome and Perfetto show
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub trace: Option<PathBuf>,
}

#[cfg(feature = "llvm")]
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) enum By {
    /// A kernel of the plan
    #[default]
    Kernel,
    /// A line of the source that kernels come from
    Line,
}

/// Continue text with a model that reads tokens and scores the next
#[derive(Group, Debug)]
pub(crate) struct Generate {
    #[command(flatten)]
    pub program: Program,
    #[command(flatten)]
    pub model: Network,
    /// The entry, where several take tokens and state and give logits
    #[arg(long, value_name = "NAME")]
    pub entry: Option<String>,
    #[command(flatten)]
    pub prompt: Prompt,
    /// What a system says before a conversation
    #[arg(long, value_name = "TEXT", requires = "chat")]
    pub system: Option<String>,
    /// A `tokenizer.json` or a GGUF file [default: the weight file]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub tokenizer: Option<PathBuf>,
    /// Stop after so many tokens
    #[arg(short = 'n', long, value_name = "N", default_value_t = 256)]
    pub max_tokens: usize,
    /// How freely tokens are chosen; at 0 the most likely one is taken
    #[arg(long, value_name = "X", default_value_t = 0.0, value_parser = at_least_zero)]
    #[arg(help_heading = "Sampling")]
    pub temperature: f64,
    /// Choose among so many of the most likely tokens; 0 for all
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Sampling")]
    pub top_k: usize,
    /// Choose among the most likely tokens that together have this chance
    #[arg(long, value_name = "P", default_value_t = 1.0, value_parser = chance)]
    #[arg(help_heading = "Sampling")]
    pub top_p: f64,
    /// Print the numbers of the tokens and not their text
    #[arg(long)]
    pub ids: bool,
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub weights: Weights,
}

/// What is to be continued.
#[derive(Group, Debug)]
#[group(required = true, multiple = false)]
pub(crate) struct Prompt {
    /// Answer this, as the model's chat template puts it
    #[arg(long, value_name = "TEXT")]
    pub chat: Option<String>,
    /// Continue this text as it is; `-` reads standard input
    #[arg(long, value_name = "TEXT")]
    pub prompt: Option<String>,
    /// Continue these tokens, separated by commas; no tokenizer is needed with `--ids`
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    pub prompt_ids: Option<Vec<u32>>,
}

/// List the parameters of a model
#[derive(Group, Debug)]
pub(crate) struct Params {
    #[command(flatten)]
    pub program: Program,
    #[command(flatten)]
    pub model: Network,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// Count the operations and the memory of a model, as formulas and as numbers
#[derive(Group, Debug)]
pub(crate) struct Cost {
    #[command(flatten)]
    pub program: Program,
    #[command(flatten)]
    pub model: Network,
    /// The entry [default: all], or a function of a sequence of tokens: what it needs as a
    /// transformer
    #[arg(long, value_name = "NAME")]
    pub entry: Option<String>,
    /// A size that the numbers are for, such as T=128 [default: the greatest]
    #[arg(long, value_name = "NAME=N", value_parser = size)]
    pub size: Vec<(String, i64)>,
    /// Also list what costs less than a thousandth
    #[arg(long)]
    pub all: bool,
    /// As JSON
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub target: Target,
}

/// Find members of a space that are small, fast or good
///
/// Metrics are `params`, `flops`, `memory` (bytes of values on the way), `latency` (of the
/// compiled member, timed in turns with another so that what else the machine does is divided
/// out), and every entry of the model that gives one number: it is run with random inputs and
/// random parameters. All but latency follow from the seed.
#[derive(Group, Debug)]
pub(crate) struct Search {
    /// A .nn file, which brings what it uses, or a folder of them [default: the log's]
    #[arg(value_name = "PROGRAM", value_hint = ValueHint::AnyPath)]
    #[arg(required_unless_present = "resume")]
    pub program: Option<PathBuf>,
    #[command(flatten)]
    pub model: Model,
    /// The entry that is counted and timed, where the model has several
    #[arg(long, value_name = "NAME")]
    pub entry: Option<String>,
    /// A size that the numbers are for, such as T=128 [default: the greatest]
    #[arg(long, value_name = "NAME=N", value_parser = size)]
    pub size: Vec<(String, i64)>,
    /// A metric that is to be small; with several goals the front of all is found
    #[arg(long, value_name = "METRIC", help_heading = "Goals")]
    pub minimize: Vec<String>,
    /// A metric that is to be large
    #[arg(long, value_name = "METRIC", help_heading = "Goals")]
    pub maximize: Vec<String>,
    /// A limit, such as `params=5M`, `memory=512KiB`, `latency=2.5ms`; `median` is that of the
    /// random members that the search begins with
    #[arg(long, value_name = "METRIC=X", value_parser = amount, help_heading = "Goals")]
    pub at_most: Vec<(String, String)>,
    /// A limit, such as `flops=median`
    #[arg(long, value_name = "METRIC=X", value_parser = amount, help_heading = "Goals")]
    pub at_least: Vec<(String, String)>,
    /// How to go through the space: `exhaustive`, `random` or `evolution` [default: evolution]
    #[arg(long, value_name = "NAME", help_heading = "Strategy")]
    pub strategy: Option<String>,
    /// How many members to look at, at most [default: 200; an exhaustive search looks at all]
    #[arg(long, value_name = "N", value_parser = at_least_one, help_heading = "Strategy")]
    pub members: Option<u32>,
    /// How many members live at one time, and how many random ones there are at first
    /// [default: 50]
    #[arg(long, value_name = "N", value_parser = at_least_one, help_heading = "Strategy")]
    pub population: Option<u32>,
    /// Of how many, drawn by chance, the best has a child [default: 10]
    #[arg(long, value_name = "N", value_parser = at_least_one, help_heading = "Strategy")]
    pub tournament: Option<u32>,
    /// Decides all random numbers [default: 0]
    #[arg(long, value_name = "N", help_heading = "Strategy")]
    pub seed: Option<u64>,
    /// How many threads a member computes with [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,
    /// What runs the members: a back end, or the reference `evaluator`
    #[arg(long, value_name = "NAME")]
    pub target: Option<String>,
    /// The machine in the words of the target [default: host]
    #[arg(long, value_name = "NAME")]
    pub cpu: Option<String>,
    /// The log to write, a line a member [default: MODEL.search.jsonl]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with = "resume")]
    pub log: Option<PathBuf>,
    /// Go on with a log: what it has is not looked at again
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub resume: Option<PathBuf>,
    /// Draw all members by two metrics into this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub svg: Option<PathBuf>,
    /// How many of the best to list
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub top: usize,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// Show the type of a layer: what it takes and what it gives, as formulas over sizes
#[derive(Group, Debug)]
#[command(override_usage = "nnc type [PROGRAM] <LAYER>")]
pub(crate) struct Type {
    /// A layer, or layers one after the other, such as 'Conv2d<C, K>(k=3) >> MaxPool(2)'; sizes
    /// that are not given stay open. In front of it, the program whose names it uses [default:
    /// those of the library]
    #[arg(value_name = "LAYER", num_args = 1..=2, required = true)]
    pub layer: Vec<String>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// Tell whether two layers have the same type: everywhere, under a condition, at some sizes
#[derive(Group, Debug)]
#[command(override_usage = "nnc equiv [OPTIONS] [PROGRAM] <FIRST> <SECOND>")]
#[command(after_help = "Exit codes: 0 completely equivalent, or with `--at`, equivalent there; \
    3 type-equivalent: under a condition, or with other domains or elements; 4 instant-equivalent: \
    at some sizes only; 5 not equivalent")]
pub(crate) struct Equiv {
    /// Two layers, each as `nnc type` takes it. In front of them, the program whose names they
    /// use [default: those of the library]
    #[arg(value_name = "LAYER", num_args = 2..=3, required = true)]
    pub layers: Vec<String>,
    /// Answer for these sizes, such as H=32,W=32
    #[arg(long, value_name = "NAME=N", value_delimiter = ',', value_parser = size)]
    pub at: Vec<(String, i64)>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// List what fits into the holes of a program: each `?`, and those of its spaces
#[derive(Group, Debug)]
#[command(after_help = "Exit codes: 0 something fits into each hole; 3 nothing fits into one")]
pub(crate) struct Fill {
    #[command(flatten)]
    pub program: Program,
    /// The hole: its name in a space, `?`, or of several `?`, `?1`, `?2` and so on in the order
    /// of the text [default: all]
    #[arg(long, value_name = "NAME")]
    pub hole: Option<String>,
    /// Write a candidate into the program: by its number in the list, or as `nnc fill` writes it,
    /// such as `Linear<D, F>`
    #[arg(long, value_name = "N")]
    pub apply: Option<String>,
    /// Go through the configs of layers that decide sizes up to this value
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub up_to: i64,
    /// Go through a config up to another value, such as `k=9`
    #[arg(long, value_name = "CONFIG=N", value_parser = size)]
    pub config: Vec<(String, i64)>,
    /// How many candidates of each kind to list
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub top: usize,
    /// Also list what does not fit, and why
    #[arg(long)]
    pub all: bool,
    /// As JSON, with all that was tried
    #[arg(long)]
    pub json: bool,
}

/// Show what a message's code means
#[derive(Group, Debug)]
pub(crate) struct Explain {
    /// Such as E0201; without it, all codes are listed
    pub code: Option<String>,
}

/// List the architectures that come with the compiler, or take one to start from
#[derive(Group, Debug)]
pub(crate) struct Zoo {
    /// The architecture; without it, all are listed with parameters and FLOPs
    pub name: Option<String>,
    /// The folder to write its files to [default: its page and its program as text to standard
    /// output]
    #[arg(short, long, value_name = "FOLDER", value_hint = ValueHint::DirPath, requires = "name")]
    pub output: Option<PathBuf>,
    /// JSON instead of text
    #[arg(long, conflicts_with = "name")]
    pub json: bool,
}

/// Talk with the RASP language of select and aggregate
#[derive(Group, Debug)]
#[command(after_help = "Statements end in `;`. S-ops and selectors are shown on the running \
    example, which `set example \"hello\"` sets; `draw(sop, \"text\");` draws how an s-op is \
    computed, layer by layer. On a terminal, Tab completes names, Ctrl-C gives a statement up, \
    and `exit`, `quit` or Ctrl-D ends; mistakes end nothing, and the exit code is 0. \
    Otherwise it is 1 if there were mistakes.")]
pub(crate) struct Rasp {
    /// Files of statements, which are run first; `-` is standard input. On a terminal the
    /// console follows, which knows their names [default: standard input]
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
    /// Where pictures go, as NAME.svg [default: the current folder]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub svg: Option<PathBuf>,
}

/// Write a program of another language as a `.nn` file
///
/// A RASP program (`.rasp`) is run, and each s-op that it gives a name becomes a function of the
/// sequence. S-ops in a list or a dict are called `name_key`.
#[derive(Group, Debug)]
pub(crate) struct Import {
    /// The file, read by how its name ends: `.rasp` is RASP
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// The file to write [default: standard output]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Write over a file that exists
    #[arg(long, requires = "output")]
    pub force: bool,
    /// Where some s-ops have no place in the language, write the others
    #[arg(long)]
    pub partial: bool,
}

/// Run passes over a graph in text form
#[derive(Group, Debug)]
pub(crate) struct Opt {
    /// A file as `nnc build --emit=graph` makes; `-` is standard input
    #[arg(value_hint = ValueHint::FilePath, required_unless_present = "list")]
    pub graph: Option<PathBuf>,
    /// The passes in order, separated by commas [default: the usual ones]
    #[arg(long, value_name = "NAMES")]
    pub passes: Option<String>,
    /// Also print the graph as these passes leave it
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub dump_after: Vec<String>,
    /// Write the graph after every pass into this folder, numbered
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub dump_dir: Option<PathBuf>,
    /// Run the first so many passes, to find the one that broke something
    #[arg(long, value_name = "N")]
    pub stop_after: Option<usize>,
    /// Tell the time and the effect of each pass
    #[arg(long)]
    pub report: bool,
    /// List the passes
    #[arg(long)]
    pub list: bool,
}

/// Run the `test` blocks of a program
#[derive(Group, Debug)]
pub(crate) struct Test {
    #[command(flatten)]
    pub program: Program,
    /// Run the tests that have this in their names
    #[arg(default_value = "", hide_default_value = true)]
    pub filter: String,
    /// What runs them: a back end, the reference `evaluator`, or `all` that are present
    #[arg(long, value_name = "NAME", default_value = "all")]
    pub target: String,
    /// The machine in the words of the target
    #[arg(long, value_name = "NAME", default_value = "host")]
    pub cpu: String,
}

/// Print what a shell needs to complete nnc's words
#[derive(Group, Debug)]
pub(crate) struct Completions {
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// What is to be compiled.
#[derive(Group, Debug)]
pub(crate) struct Program {
    /// A .nn file, which brings what it uses, or a folder of them
    #[arg(value_name = "PROGRAM", value_hint = ValueHint::AnyPath)]
    pub path: PathBuf,
}

/// Which part of it.
#[derive(Group, Debug)]
pub(crate) struct Model {
    /// The model, where the program has several
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
}

/// Which part of it, and how that is changed.
#[derive(Group, Debug)]
pub(crate) struct Network {
    /// The model, where the program has several
    #[arg(long, value_name = "NAME")]
    pub model: Option<String>,
    /// Change the network, in the words of a `rewrite` line of the model: 'blocks: drop [3, 5]',
    /// 'blocks.*.attn: heads [0, 2]'; `--help` lists all rewrites
    #[arg(long, value_name = "PLACE: REWRITE", long_help = rewrites())]
    pub rewrite: Vec<String>,
}

/// For what machine.
#[derive(Group, Debug)]
pub(crate) struct Target {
    /// What runs the program: a back end, or the reference `evaluator`
    #[arg(long, value_name = "NAME")]
    pub target: Option<String>,
    /// The machine in the words of the target
    #[arg(long, value_name = "NAME", default_value = "host")]
    pub cpu: String,
}

/// The numbers of a model.
#[derive(Group, Debug)]
pub(crate) struct Weights {
    /// A file with the model's parameters: safetensors, GGUF, torch or npz [default: each
    /// parameter as the program says that it starts]
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub weights: Option<PathBuf>,
    /// Decides all random numbers
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// How many threads compute [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,
}

fn at_least_zero(text: &str) -> Result<f64, String> {
    let value: Option<f64> = text.parse().ok().filter(|it: &f64| it.is_finite() && *it >= 0.0);
    value.ok_or_else(|| "a number of at least 0 is wanted".to_owned())
}

fn chance(text: &str) -> Result<f64, String> {
    let value: Option<f64> = text.parse().ok().filter(|it: &f64| *it > 0.0 && *it <= 1.0);
    value.ok_or_else(|| "a number above 0 and at most 1 is wanted".to_owned())
}

/// `T=16`
fn size(text: &str) -> Result<(String, i64), String> {
    let pair = text.split_once('=').and_then(|(name, value)| {
        Some((name.trim().to_owned(), value.trim().parse().ok()?)).filter(|it| !it.0.is_empty())
    });
    pair.ok_or_else(|| "a size is written NAME=N, such as T=16".to_owned())
}

/// `params=5M`
fn amount(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').map(|(name, amount)| (name.trim(), amount.trim()));
    match pair.filter(|(name, amount)| !name.is_empty() && !amount.is_empty()) {
        Some((name, amount)) => Ok((name.to_owned(), amount.to_owned())),
        None => Err("a limit is written METRIC=X, such as params=5M".to_owned()),
    }
}

fn at_least_one(text: &str) -> Result<u32, String> {
    let count: Option<u32> = text.parse().ok().filter(|it| *it > 0);
    count.ok_or_else(|| "a number of at least 1 is wanted".to_owned())
}

/// What `--rewrite` takes.
fn rewrites() -> String {
    let mut text = "Change the network, in the words of a `rewrite` line of the model, such as \
        'blocks: drop [3, 5]'. A place is a field path, in which `*` stands for any text. A \
        checkpoint is that of the network as it is written\n"
        .to_owned();
    for it in nnc_driver::REWRITES {
        let written = format!("{} {}", it.name, it.takes);
        text.push_str(&format!("\n{written:<32} {}", it.about));
    }
    text
}

fn stages() -> PossibleValuesParser {
    PossibleValuesParser::new(nnc_driver::Stage::all().map(nnc_driver::Stage::name))
}
