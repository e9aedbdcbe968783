//! Answers of models that read tokens and score the next one.

mod sample;

pub use sample::Sampling;

use crate::{Error, ModelId, Runner, Session, Tensor};
use nnc_backend::Interface;
use nnc_base::Name;
use nnc_graph::Elem;
use nnc_hir::{Entry, MeaningUse, Program, Type};
use sample::Sampler;

/// An entry that reads tokens, keeps state and scores the next token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenEntry {
    pub entry: Name,
    /// The input that the tokens are.
    pub input: Name,
    /// How many tokens there are.
    pub vocabulary: usize,
}

impl Session {
    /// The entry of a model that can generate: its only tensor argument is of tokens, it
    /// has state, and it gives logits. It is found by these types and not by its name.
    pub fn token_entry(&self, model: ModelId, name: Option<&str>) -> Result<TokenEntry, Error> {
        let program = self.program()?;
        let declaration = self.declaration(model);
        let found: Vec<TokenEntry> = (declaration.entries.iter())
            .filter(|entry| name.is_none_or(|name| entry.name.as_str() == name))
            .filter_map(|entry| token_entry(program, declaration, entry))
            .collect();
        match found.as_slice() {
            [one] => Ok(one.clone()),
            [] => {
                let what = name.map_or_else(
                    || format!("no entry of `{}` generates", declaration.name),
                    |name| format!("`{name}` is no entry of `{}` that generates", declaration.name),
                );
                Err(Error::usage(what).note(
                    "an entry generates if it takes tokens and `inout` state and gives logits: \
                     `fn step(ids: Token<V>[B, T], cache: inout Cache<…>) -> Logits[B, V]`",
                ))
            }
            several => {
                let names: Vec<&str> = several.iter().map(|it| it.entry.as_str()).collect();
                Err(Error::usage(format!("{} entries generate", names.len()))
                    .help(format!("choose one with `--entry`: {}", names.join(", "))))
            }
        }
    }
}

fn token_entry(program: &Program, model: &nnc_hir::Model, entry: &Entry) -> Option<TokenEntry> {
    let function = &program.functions[entry.function];
    let (state, given): (Vec<_>, Vec<_>) =
        function.params.iter().partition(|param| param.inout.is_some());
    let [tokens] = given.as_slice() else { return None };
    if state.is_empty() {
        return None;
    }
    let of_tokens = meaning(&tokens.ty)?;
    let named = |used: &MeaningUse, name: &str| program.meanings[used.id].name.as_str() == name;
    if !named(of_tokens, "Token") || !named(meaning(&function.result)?, "Logits") {
        return None;
    }
    let layer = &program.layers[model.layer.layer];
    let size = |name: Name| {
        let at = layer.params.iter().position(|param| param.name == name)?;
        model.layer.dims.get(at)?.as_constant()
    };
    let vocabulary = of_tokens.args.first()?.eval(&size)?;
    Some(TokenEntry {
        entry: entry.name,
        input: tokens.name,
        vocabulary: usize::try_from(vocabulary).ok()?,
    })
}

fn meaning(ty: &Type) -> Option<&MeaningUse> {
    ty.as_tensor()?.elem.meaning.as_ref()
}

/// Why an answer ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ending {
    /// The model said so.
    End,
    /// As many tokens as were asked for.
    Count,
    /// The state has no room for more; the reason in the entry's words.
    Full(String),
}

/// A model that continues tokens.
pub struct Generator<'a> {
    runner: Runner<'a>,
    at: usize,
    entry: TokenEntry,
    sampler: Sampler,
}

impl<'a> Generator<'a> {
    pub fn new(
        runner: Runner<'a>,
        entry: TokenEntry,
        sampling: Sampling,
    ) -> Result<Generator<'a>, Error> {
        let at = runner.entry(Some(entry.entry.as_str()))?;
        Ok(Generator { runner, at, entry, sampler: Sampler::new(sampling) })
    }

    fn interface(&self) -> &Interface {
        &self.runner.interfaces()[self.at]
    }

    /// The most tokens that the entry takes at once.
    fn chunk(&self) -> usize {
        let interface = self.interface();
        let at = interface.entry.inputs.iter().position(|it| it.name == self.entry.input);
        let axis = at.and_then(|at| interface.inputs[at].shape.last());
        let most = axis.and_then(|axis| {
            axis.eval(&|name| interface.dims.iter().find(|it| it.name == name)?.max)
        });
        most.and_then(|it| usize::try_from(it).ok()).unwrap_or(1).max(1)
    }

    /// Tokens as the entry's input: all axes before the last are 1.
    fn input(&self, ids: &[u32]) -> Tensor {
        let interface = self.interface();
        let at = interface.entry.inputs.iter().position(|it| it.name == self.entry.input);
        let rank = at.map_or(1, |at| interface.inputs[at].rank());
        let elem = at.map_or(Elem::I32, |at| interface.inputs[at].elem);
        let mut shape = vec![1; rank.saturating_sub(1)];
        shape.push(ids.len());
        let values: Vec<i64> = ids.iter().map(|id| i64::from(*id)).collect();
        Tensor::from_ints(elem, shape, &values)
    }

    /// Reads tokens and gives the scores of the next.
    fn read(&mut self, ids: &[u32]) -> Result<Vec<f32>, Error> {
        let tensor = self.input(ids);
        let name = self.entry.input;
        let outputs = self.runner.run(self.at, &[(name.as_str(), &tensor)], &[])?;
        let scores = outputs.first().map(|(_, tensor)| tensor.to_f32()).unwrap_or_default();
        // Of scores at every position, those at the last.
        let start = scores.len().checked_sub(self.entry.vocabulary);
        let scores = start.map(|start| scores[start..].to_vec()).ok_or_else(|| {
            Error::internal(format!("`{}` gives too few scores", self.entry.entry))
        })?;
        if let Some(at) = scores.iter().position(|it| it.is_nan()) {
            return Err(Error::input(format!("the score of token {at} is not a number"))
                .help("check the weights: `nnc check --weights`"));
        }
        Ok(scores)
    }

    /// Reads a prompt, in chunks of as many tokens as the entry takes, and scores the
    /// token after it.
    pub fn prompt(&mut self, ids: &[u32]) -> Result<Vec<f32>, Error> {
        if ids.is_empty() {
            return Err(Error::input("the prompt has no tokens"));
        }
        if let Some(id) = ids.iter().find(|id| **id as usize >= self.entry.vocabulary) {
            return Err(Error::input(format!(
                "the tokenizer gives token {id}, and the model has {} tokens",
                self.entry.vocabulary
            ))
            .help("take the tokenizer of this model: `--tokenizer FILE`"));
        }
        let mut scores = Vec::new();
        for chunk in ids.chunks(self.chunk()) {
            scores = self.read(chunk)?;
        }
        Ok(scores)
    }

    /// Continues after scores of the next token, at most `count` tokens; each is handed
    /// to `token`, but for the one that ends the answer.
    pub fn answer(
        &mut self,
        mut scores: Vec<f32>,
        count: usize,
        is_end: &dyn Fn(u32) -> bool,
        token: &mut dyn FnMut(u32) -> Result<(), Error>,
    ) -> Result<Ending, Error> {
        for left in (0..count).rev() {
            let id = self.sampler.choose(&scores);
            if is_end(id) {
                return Ok(Ending::End);
            }
            token(id)?;
            if left == 0 {
                break;
            }
            let next = self.input(&[id]);
            let name = self.entry.input;
            if let Err(error) = self.runner.sizes(self.at, &[(name.as_str(), &next)], &[]) {
                return Ok(Ending::Full(error.to_string()));
            }
            scores = self.read(&[id])?;
        }
        Ok(Ending::Count)
    }
}

#[cfg(test)]
mod tests;
