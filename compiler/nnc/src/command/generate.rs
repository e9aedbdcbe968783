//! `nnc generate`.

use super::Context;
use crate::args::{Generate, Prompt};
use nnc_driver::text::{TextStream, Tokenizer};
use nnc_driver::{Ending, Error, Generator, Sampling};
use std::io::Read;
use std::time::Instant;

pub(super) fn run(context: &mut Context<'_>, args: Generate) -> Result<u8, Error> {
    let mut session = context.session(&args.program)?;
    let model = context.model(&mut session, &args.model)?;
    context.warnings(&session);
    let entry = session.token_entry(model, args.entry.as_deref())?;
    session.keep_entry(model, entry.entry.as_str());
    let tokenizer = tokenizer(&args)?;
    let prompt = prompt(&args, tokenizer.as_ref())?;
    let runner = context.runner(&session, model, &args.target, &args.weights, false)?;
    context.times(&session);
    let sampling = Sampling {
        temperature: args.temperature,
        top_k: args.top_k,
        top_p: args.top_p,
        seed: args.weights.seed,
    };
    let mut generator = Generator::new(runner, entry, sampling)?;
    let start = Instant::now();
    let scores = generator.prompt(&prompt)?;
    let read = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let mut count = 0u32;
    let mut stream = tokenizer.as_ref().filter(|_| !args.ids).map(TextStream::new);
    let is_end = |id: u32| tokenizer.as_ref().is_some_and(|it| it.is_end(id));
    let terminal = context.terminal;
    let ending = generator.answer(scores, args.max_tokens, &is_end, &mut |id| {
        let text = match &mut stream {
            Some(stream) => stream.push(id)?,
            None if count == 0 => id.to_string(),
            None => format!(" {id}"),
        };
        count += 1;
        terminal.result(&text)
    })?;
    let rest = stream.map(TextStream::finish).transpose()?.unwrap_or_default();
    terminal.result(&format!("{rest}\n"))?;
    let time = start.elapsed().as_secs_f64();
    let speed =
        |count: f64, time: f64| format!("{count} in {time:.3} s, {:.1} a second", count / time);
    terminal.detail(&format!("prompt tokens: {}", speed(prompt.len() as f64, read)));
    terminal.detail(&format!("tokens: {}", speed(f64::from(count), time)));
    match ending {
        Ending::End => {}
        Ending::Count => terminal.detail("stopped: as many tokens as `--max-tokens` allows"),
        Ending::Full(why) => terminal.note(&format!("stopped: no room for more tokens ({why})")),
    }
    Ok(0)
}

/// The tokenizer, where one is needed.
fn tokenizer(args: &Generate) -> Result<Option<Tokenizer>, Error> {
    match (&args.tokenizer, &args.weights.weights) {
        (Some(path), _) => Tokenizer::open(path).map(Some),
        // Tokens in and tokens out need none, but the end of an answer is known by one.
        (None, Some(path)) if args.prompt.prompt_ids.is_some() && args.ids => {
            Ok(Tokenizer::open(path).ok())
        }
        (None, Some(path)) => Tokenizer::open(path).map(Some),
        (None, None) if args.prompt.prompt_ids.is_some() && args.ids => Ok(None),
        (None, None) => Err(Error::usage("there is no tokenizer")
            .help("give a weight file that has one (`--weights model.gguf`), or `--tokenizer`")),
    }
}

fn prompt(args: &Generate, tokenizer: Option<&Tokenizer>) -> Result<Vec<u32>, Error> {
    let needed = || Error::internal("a prompt of text without a tokenizer");
    match &args.prompt {
        Prompt { prompt_ids: Some(ids), .. } => Ok(ids.clone()),
        Prompt { chat: Some(text), .. } => {
            let tokenizer = tokenizer.ok_or_else(needed)?;
            let template = tokenizer.template().ok_or_else(|| {
                Error::usage("the tokenizer has no chat template")
                    .help("write the prompt as the model wants it, with `--prompt`")
            })?;
            let system = args.system.iter().map(|it| ("system", it.as_str()));
            let messages: Vec<(&str, &str)> = system.chain([("user", text.as_str())]).collect();
            // The template says what begins a conversation.
            tokenizer.encode(&template.prompt(&messages)?, false)
        }
        Prompt { prompt, .. } => {
            let text = match prompt.as_deref() {
                Some("-") => {
                    let mut text = String::new();
                    let read = std::io::stdin().read_to_string(&mut text);
                    read.map_err(|error| {
                        Error::input(format!("cannot read standard input: {error}"))
                    })?;
                    text
                }
                text => text.unwrap_or_default().to_owned(),
            };
            tokenizer.ok_or_else(needed)?.encode(&text, true)
        }
    }
}
