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
mod nothing;
mod numbers;
mod order;
mod reading;
mod reductions;
mod same;
mod transposed;
mod unread;

use std::collections::BTreeSet;

use nnc_base::{Diagnostic, Name, Span};
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
        // The `let`s that read a tensor and do nothing else.
        let mut copies = BTreeSet::new();
        for module in 0..self.modules.len() {
            let ast = self.modules[module].ast;
            for item in &ast.items {
                match &item.kind {
                    ast::ItemKind::Fn(function) => {
                        self.read_functions(module, &[], &[function], &mut copies);
                    }
                    ast::ItemKind::Layer(layer) => {
                        let head = Reading::of_layer(layer);
                        self.read_members(
                            module,
                            layer.name.name,
                            head,
                            &layer.members,
                            &mut copies,
                        );
                    }
                    ast::ItemKind::Space(space) => {
                        let head = Reading::of_members(&space.members);
                        self.read_members(
                            module,
                            space.name.name,
                            head,
                            &space.members,
                            &mut copies,
                        );
                    }
                    _ => {}
                }
            }
        }
        let mut found = self.idle_casts();
        found.extend(self.unread_places());
        for id in self.program.functions.ids() {
            found.extend(self.indices_as_numbers(id));
            found.extend(self.copies(self.function(id), &copies));
        }
        found.into_iter().for_each(|it| self.report(it));
    }

    fn read_members(
        &mut self,
        module: usize,
        owner: Name,
        head: Reading<'_>,
        members: &[ast::Member],
        copies: &mut BTreeSet<Span>,
    ) {
        let mut found = Vec::new();
        let callees = Callees::new(module, members, None, &head.exprs);
        for &expr in &head.exprs {
            found.extend(same::both_sides(expr));
            found.extend(self.exchanged_arguments(&callees, expr));
        }
        found.extend(head.sizes.iter().filter_map(|it| nothing::operator(it)));
        for layer in reading::layer_uses(members) {
            found.extend(self.exchanged_configs(module, layer));
            found.extend(self.exchanged_sizes(module, owner, layer));
        }
        found.into_iter().for_each(|it| self.report(it));
        let functions: Vec<&ast::Fn> = (members.iter())
            .filter_map(|it| match &it.kind {
                ast::MemberKind::Fn(function) => Some(function),
                _ => None,
            })
            .collect();
        self.read_functions(module, members, &functions, copies);
    }

    /// The functions of one layer, whose letters mean the same, or a function alone.
    fn read_functions(
        &mut self,
        module: usize,
        members: &[ast::Member],
        functions: &[&ast::Fn],
        copies: &mut BTreeSet<Span>,
    ) {
        let mut found = Vec::new();
        let mut orders = Orders::default();
        for function in functions {
            let reading = Reading::of(function);
            let callees = Callees::new(module, members, Some(function), &reading.exprs);
            for &expr in &reading.exprs {
                found.extend(same::both_sides(expr));
                found.extend(reductions::independent(expr));
                found.extend(reductions::softmax_ends(expr));
                found.extend(self.exchanged_arguments(&callees, expr));
            }
            found.extend(reading.sizes.iter().filter_map(|it| nothing::operator(it)));
            for nest in &reading.nests {
                if nest.is_let && matches!(nest.value.kind, ast::ExprKind::Index { .. }) {
                    copies.insert(nest.target.span);
                }
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
