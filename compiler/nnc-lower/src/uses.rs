//! What an entry is made of.

use std::collections::HashSet;

use nnc_base::Name;
use nnc_hir::Program;

use crate::frame::Frame;

/// A function or a layer that an entry calls, itself or by way of others. What stands only in
/// the branch that sizes rule out is not called.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Use {
    pub entry: Name,
    /// Such as `std.nn`.
    pub module: Name,
    /// The layer's name, or that of a function outside layers.
    pub item: Name,
    /// The field path of the layer in the model, such as `blocks.0.attn`; that of the first one
    /// where equal layers of an array are one body. Empty for a function.
    pub place: String,
}

/// The uses of all entries so far.
#[derive(Default)]
pub(crate) struct Uses(HashSet<Use>);

impl Uses {
    /// The function of a frame is entered.
    pub(crate) fn add(&mut self, program: &Program, entry: Name, frame: &Frame<'_>) {
        let place = frame.instance.as_ref().map_or_else(String::new, |it| it.place.clone());
        let (module, item) = match frame.function.owner {
            Some(layer) => (program.layers[layer].module, program.layers[layer].name),
            None => match frame.function.name {
                Some(name) => (frame.function.module, name),
                // The body of a test.
                None => return,
            },
        };
        self.0.insert(Use { entry, module, item, place });
    }

    /// In the order of their names.
    pub(crate) fn sorted(self) -> Vec<Use> {
        let mut uses: Vec<Use> = self.0.into_iter().collect();
        uses.sort_by(|a, b| {
            let names = |it: &Use| [it.entry, it.module, it.item].map(|name| name.as_str());
            (names(a), &a.place).cmp(&(names(b), &b.place))
        });
        uses
    }
}
