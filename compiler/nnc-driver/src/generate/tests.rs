use super::{Ending, Generator, Sampling};
use crate::{Error, Params, Runner, Session};

/// Counts: the next token is the one after the last, and the state counts tokens.
const COUNTER: &str = "
dims B: batch, T: time, S: time, V: vocab

pub struct Past<B, S> { ids: f32[B, S] len: dim <= S }

pub layer Counter<V> {
    shift: param f32[V, V] = zeros

    fn step(ids: Token<V>[B, T], past: inout Past<B, S>) -> Logits[B, V] where past.len + T <= S {
        let seen[b, t] = shift[ids[b, t], 0];
        let full = past.append(seen);
        let y[b, v] = shift[ids[b, T - 1], v] + full.ids[b, 0] * 0.0;
        y as Logits
    }
    fn other(x: f32[B, V]) -> f32[B, V] = x
}

model counter = Counter<6> {
    entry step = step with { B == 1, T <= 3, S == 8 }
    entry other = other with { B == 1 }
}
";

#[test]
fn the_entry_is_found_by_its_types() {
    let session = Session::from_text("counter.nn", COUNTER);
    let texts: Vec<String> = session.check().into_iter().map(|it| it.message).collect();
    assert!(texts.is_empty(), "{texts:?}");
    let model = session.model(None).unwrap();
    let entry = session.token_entry(model, None).unwrap();
    assert_eq!((entry.entry.as_str(), entry.input.as_str(), entry.vocabulary), ("step", "ids", 6));
    assert!(session.token_entry(model, Some("other")).is_err());
}

#[test]
fn a_prompt_is_read_in_chunks_and_state_is_kept_until_it_is_full() {
    let session = Session::from_text("counter.nn", COUNTER);
    let model = session.model(None).unwrap();
    let lowered = session.lowered(model).unwrap();
    let params = Params::initial(&lowered.params, 0);
    let entry = session.token_entry(model, None).unwrap();
    let make = || {
        let runner = Runner::evaluator(&lowered.module, &params).unwrap();
        Generator::new(runner, entry.clone(), Sampling::GREEDY).unwrap()
    };
    let answer = |prompt: &[u32], count: usize, end: u32| {
        let mut generator = make();
        let scores = generator.prompt(prompt)?;
        let mut ids = Vec::new();
        let ending = generator.answer(scores, count, &|id| id == end, &mut |id| {
            ids.push(id);
            Ok(())
        })?;
        Ok::<_, Error>((ids, ending))
    };
    // All scores are 0: the first token wins.
    assert_eq!(answer(&[1, 2, 3, 4], 2, 9).unwrap(), (vec![0, 0], Ending::Count));
    assert_eq!(answer(&[1, 2, 3, 4], 2, 0).unwrap(), (vec![], Ending::End));
    // Eight places: four of the prompt, and four tokens that are read back.
    let (ids, ending) = answer(&[1, 2, 3, 4], 20, 9).unwrap();
    assert_eq!(ids.len(), 5);
    assert!(matches!(ending, Ending::Full(_)), "{ending:?}");
    assert!(answer(&[0; 9], 1, 9).is_err());
    assert!(answer(&[], 1, 9).is_err());
    let error = answer(&[6], 1, 9).unwrap_err().to_string();
    assert_eq!(error, "the tokenizer gives token 6, and the model has 6 tokens");
}
