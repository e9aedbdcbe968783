//! What is allowed and can hardly be meant: warnings about the letters of index notation
//! and the names of arguments.
//!
//! Types tell axes of different kinds and sizes apart. Where two axes, two indices or two
//! arguments have one type, what a person means is in the letters and names only; these
//! checks hold the places of a function against each other by them. Each has a spelling that
//! says that it is meant as it stands, most often letters of its own.
//!
//! They run on programs in which no error was found, and read the syntax alone.

mod arguments;
mod order;
mod reading;
mod reductions;
mod same;
mod transposed;

use nnc_base::Diagnostic;
use nnc_syntax::ast;

use crate::cx::Cx;
use arguments::Callees;
use order::Orders;
use reading::Reading;

impl Cx<'_> {
    /// Warns of what can hardly be meant, in all modules.
    pub(crate) fn intent(&mut self) {
        if self.diagnostics.iter().any(Diagnostic::is_error) {
            return;
        }
        for module in 0..self.modules.len() {
            let ast = self.modules[module].ast;
            for item in &ast.items {
                match &item.kind {
                    ast::ItemKind::Fn(function) => {
                        self.read_functions(module, &[], &[function]);
                    }
                    ast::ItemKind::Layer(layer) => self.read_members(module, &layer.members),
                    ast::ItemKind::Space(space) => self.read_members(module, &space.members),
                    _ => {}
                }
            }
        }
    }

    fn read_members(&mut self, module: usize, members: &[ast::Member]) {
        let functions: Vec<&ast::Fn> = (members.iter())
            .filter_map(|it| match &it.kind {
                ast::MemberKind::Fn(function) => Some(function),
                _ => None,
            })
            .collect();
        self.read_functions(module, members, &functions);
    }

    /// The functions of one layer, whose letters mean the same, or a function alone.
    fn read_functions(&mut self, module: usize, members: &[ast::Member], functions: &[&ast::Fn]) {
        let mut found = Vec::new();
        for layer in reading::layer_uses(members) {
            found.extend(self.exchanged_configs(module, layer));
        }
        let mut orders = Orders::default();
        for function in functions {
            let reading = Reading::of(function);
            let callees = Callees::new(module, members, &reading.exprs);
            for &expr in &reading.exprs {
                found.extend(same::both_sides(expr));
                found.extend(reductions::independent(expr));
                found.extend(self.exchanged_arguments(&callees, expr));
            }
            for nest in &reading.nests {
                found.extend(same::twice_in_a_position(nest));
                found.extend(same::diagonals(nest));
            }
            found.extend(transposed::reads(&reading.nests));
            let merged: Vec<_> = reading.nests.iter().filter_map(order::merged_otherwise).collect();
            let other = orders.other_than_before(&reading.nests);
            found.extend(other.filter(|_| merged.is_empty()));
            found.extend(merged);
        }
        for diagnostic in found {
            self.report(diagnostic);
        }
    }
}
