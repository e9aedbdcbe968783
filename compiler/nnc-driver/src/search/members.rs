//! The members of a model's space: between choices by number and choices in a program.

use crate::{Error, Failure};
use nnc_base::Sources;
use nnc_hir::{Chosen, Model};
use nnc_lower::Hole;
use nnc_search::{Member, Slot, Space};

/// The holes that are searched, with the candidates that each may have: one where the model
/// has chosen, else all.
#[derive(Clone, Debug)]
pub(super) struct Members {
    space: Space,
    holes: Vec<Searched>,
    size: u128,
}

#[derive(Clone, Debug)]
struct Searched {
    hole: Hole,
    /// The candidates in the hole by those of the slot.
    candidates: Vec<usize>,
}

impl Members {
    pub(super) fn new(holes: &[Hole], model: &Model) -> Result<Members, Error> {
        let chosen = |hole: &Hole| {
            let found = model.chosen.iter().find(|it| it.hole == hole.place);
            found.map(|it| it.candidate)
        };
        let mut searched: Vec<Searched> = Vec::new();
        let mut slots: Vec<Slot> = Vec::new();
        // The slot of each hole that may be there.
        let mut places: Vec<Option<usize>> = Vec::new();
        for hole in holes {
            let within = match hole.within {
                None => Some(None),
                Some((outer, candidate)) => places[outer].and_then(|slot| {
                    let at = searched[slot].candidates.iter().position(|it| *it == candidate)?;
                    Some(Some((slot, u32::try_from(at).ok()?)))
                }),
            };
            let Some(within) = within else {
                places.push(None);
                continue;
            };
            places.push(Some(slots.len()));
            let candidates = match chosen(hole) {
                Some(only) => vec![only],
                None => (0..hole.candidates.len()).collect(),
            };
            slots.push(Slot { candidates: candidates.len() as u32, within });
            searched.push(Searched { hole: hole.clone(), candidates });
        }
        if slots.iter().all(|slot| slot.candidates < 2) {
            let name = model.name;
            let failure =
                Failure::new(format!("`{name}` leaves no hole open, so it has one member"));
            return Err(Error::Usage(failure.help(
                "search a model of a `space`, or of a layer that has spaces in it, and leave out \
                 the `choose` lines of the holes that are to be searched",
            )));
        }
        let Some(space) = Space::new(slots) else {
            let empty = holes.iter().find(|hole| hole.candidates.is_empty());
            let name = empty.map_or("a hole", |hole| hole.written.as_str());
            return Err(Error::input(format!("`{name}` has no candidates, so there is no member"))
                .help("give the hole at least one candidate"));
        };
        let narrowed: Vec<Hole> = space
            .slots()
            .iter()
            .zip(&searched)
            .map(|(slot, it)| Hole {
                candidates: it
                    .candidates
                    .iter()
                    .map(|at| it.hole.candidates[*at].clone())
                    .collect(),
                within: slot.within.map(|(outer, at)| (outer, at as usize)),
                ..it.hole.clone()
            })
            .collect();
        Ok(Members { space, size: nnc_lower::members(&narrowed), holes: searched })
    }

    pub(super) fn space(&self) -> &Space {
        &self.space
    }

    pub(super) fn size(&self) -> u128 {
        self.size
    }

    /// Each hole with the names of its candidates, to be kept with a log.
    pub(super) fn holes(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        self.holes.iter().map(|it| {
            let names = it.candidates.iter().map(|at| it.hole.candidates[*at].as_str());
            (it.hole.written.as_str(), names.collect())
        })
    }

    /// What a model of this member chooses.
    pub(super) fn chosen(&self, member: &Member) -> Vec<Chosen> {
        let there = self.there(member);
        there
            .map(|(hole, candidate)| Chosen {
                span: hole.span,
                hole: hole.place.clone(),
                candidate,
            })
            .collect()
    }

    fn there(&self, member: &Member) -> impl Iterator<Item = (&Hole, usize)> {
        let choices = member.choices().to_vec();
        self.holes.iter().enumerate().filter_map(move |(at, it)| {
            let candidate = *it.candidates.get(choices[at] as usize)?;
            self.space.is_there(&choices, at).then_some((&it.hole, candidate))
        })
    }

    /// The member as a program has it: the model's own block with the lines that choose.
    pub(super) fn text(&self, sources: &Sources, model: &Model, member: &Member) -> String {
        let own = |hole: &Hole| model.chosen.iter().any(|it| it.hole == hole.place);
        let lines: Vec<(&str, &str)> = (self.there(member))
            .filter(|(hole, _)| !own(hole))
            .map(|(hole, at)| (hole.written.as_str(), hole.candidates[at].as_str()))
            .collect();
        let width = lines.iter().map(|it| it.0.chars().count()).max().unwrap_or(0);
        let lines: String = lines
            .iter()
            .map(|(hole, candidate)| format!("    choose {hole:<width$} = {candidate}\n"))
            .collect();
        let written = sources
            .get(model.span.file)
            .and_then(|file| file.text.get(model.span.start as usize..model.span.end as usize));
        let head = format!("model {}", model.name);
        match written.and_then(|text| text.strip_prefix(head.as_str())) {
            Some(rest) => {
                let (front, back) = rest.split_once('{').unwrap_or((rest, "\n}"));
                format!(
                    "{head}_found{} {{\n{lines}{}\n",
                    front.trim_end(),
                    back.trim_start_matches('\n')
                )
            }
            None => lines,
        }
    }
}
