//! What becomes a function, what a value in one, and what stands where it is used.
//!
//! Each s-op that the program has a name for is a function of the input. So is what several
//! of those need and what is not said in a few words; a function then calls it, and the file
//! grows with the program and not with the ways through it.

use super::form::{Form, Forms};
use super::names::{Names, plain};
use super::ty::Types;
use crate::ast::BinaryOp;
use crate::call::Calls;
use crate::graph::{ClassId, Graph, Map};
use crate::meta::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// An s-op that the program has a name for.
pub(super) struct Root {
    /// As RASP says it: `all[a]`.
    pub(super) path: String,
    pub(super) class: ClassId,
    /// What a comment says of it.
    pub(super) docs: Vec<String>,
}

pub(super) struct Function {
    pub(super) class: ClassId,
    pub(super) name: String,
    /// The roots that it is; none if it is for others alone.
    pub(super) roots: Vec<usize>,
}

pub(super) struct Plan {
    /// In the order of the program.
    pub(super) functions: Vec<Function>,
    pub(super) of_class: HashMap<ClassId, usize>,
    /// What has a name in a function that needs it.
    pub(super) values: HashSet<ClassId>,
    /// What names a class was given by the program.
    pub(super) given: HashMap<ClassId, String>,
}

/// How much may stand where it is used once, if it has a name.
const NAMED: usize = 2;
/// How much may stand in several places.
const REPEATED: usize = 2;
/// How much may stand in one place.
const LONGEST: usize = 8;

/// What is needed for some classes, in order.
pub(super) fn needed(forms: &mut Forms<'_>, roots: impl Iterator<Item = ClassId>) -> Vec<ClassId> {
    let mut found = BTreeSet::new();
    let mut next: Vec<ClassId> = roots.collect();
    while let Some(class) = next.pop() {
        if found.insert(class) {
            next.extend(forms.of(class).operands());
        }
    }
    // What something is made of was made before it.
    found.into_iter().collect()
}

pub(super) fn plan(
    (graph, calls): (&Graph, &Calls),
    forms: &mut Forms<'_>,
    types: &Types,
    roots: &[Root],
    names: &mut Names,
) -> Plan {
    let mut by_class: BTreeMap<ClassId, Vec<usize>> = BTreeMap::new();
    for (at, root) in roots.iter().enumerate() {
        by_class.entry(root.class).or_default().push(at);
    }
    let classes = needed(forms, by_class.keys().copied());
    let given = given_names(graph, calls, &classes, roots);
    let values = values(forms, types, &classes, &by_class, &given);

    // Who needs each: a function alone, or several.
    let mut owners: HashMap<ClassId, BTreeSet<ClassId>> = HashMap::new();
    let mut shared = BTreeSet::new();
    for class in classes.iter().rev() {
        let own = owners.remove(class).unwrap_or_default();
        let is_root = by_class.contains_key(class);
        let many = own.len() > 1 && values.contains(class) && {
            let form = forms.of(*class);
            form.reduces()
                || form.operands().iter().any(|it| !values.contains(it) && forms.of(*it).reduces())
                || weight(forms, &values, *class) > LONGEST / 2
        };
        if many && !is_root {
            shared.insert(*class);
        }
        let alone = BTreeSet::from([*class]);
        let whose = if is_root || many { &alone } else { &own };
        for operand in forms.of(*class).operands() {
            owners.entry(operand).or_default().extend(whose.iter().copied());
        }
    }

    let mut functions = Vec::new();
    let mut of_class = HashMap::new();
    // Those with names have their names first.
    for (class, at) in &by_class {
        let wanted = plain(&roots[at[0]].path);
        functions.push(Function {
            class: *class,
            name: names.function(&wanted),
            roots: at.clone(),
        });
    }
    for class in shared {
        let wanted = given.get(&class).cloned().unwrap_or_else(|| local(&forms.of(class)).into());
        functions.push(Function { class, name: names.function(&wanted), roots: Vec::new() });
    }
    functions.sort_by_key(|it| it.class);
    for (at, function) in functions.iter().enumerate() {
        of_class.insert(function.class, at);
    }
    Plan { functions, of_class, values, given }
}

/// What a value without a name is called.
pub(super) fn local(form: &Form) -> &'static str {
    match form {
        Form::Count { .. } => "n",
        Form::Any { .. } => "found",
        Form::All(_) => "whole",
        Form::Aggregate { .. } => "got",
        form if form.is_selector() => "selected",
        _ => "x",
    }
}

/// A name that the program assigned to a node of the class, the last of its own code.
fn given_names(
    graph: &Graph,
    calls: &Calls,
    classes: &[ClassId],
    roots: &[Root],
) -> HashMap<ClassId, String> {
    let wanted: HashSet<ClassId> = classes.iter().copied().collect();
    let mut given = HashMap::new();
    // What a function of the program gives is called as it is, if it has no other name.
    for (_, call) in calls.iter().filter(|(_, it)| !it.library) {
        if let Some(node) = call.result.as_ref().and_then(Value::node) {
            given.insert(graph[node].class, plain(call.def.name.name.as_str()));
        }
    }
    for (_, node) in graph.nodes().iter() {
        if wanted.contains(&node.class) && node.named && !node.span.is_none() {
            let name = node.name.split('(').next().unwrap_or_default().trim();
            if !name.is_empty() && name.chars().all(|it| it.is_alphanumeric() || it == '_') {
                given.insert(node.class, plain(name));
            }
        }
    }
    for root in roots {
        given.insert(root.class, plain(&root.path));
    }
    given
}

/// How many operations stand where a class is written out.
pub(super) fn weight(forms: &mut Forms<'_>, values: &HashSet<ClassId>, class: ClassId) -> usize {
    let form = forms.of(class);
    let mut weight = usize::from(!form.operands().is_empty());
    weight += match &*form {
        Form::Map(Map::In(items) | Map::Entry(items), _) => items.len() / 2,
        Form::Map(Map::Key(items), _) => items.len() / 2,
        Form::Map(Map::If, _) => 1,
        _ => 0,
    };
    for operand in form.operands() {
        if !values.contains(&operand) {
            weight += self::weight(forms, values, operand);
        }
    }
    weight
}

fn values(
    forms: &mut Forms<'_>,
    types: &Types,
    classes: &[ClassId],
    roots: &BTreeMap<ClassId, Vec<usize>>,
    given: &HashMap<ClassId, String>,
) -> HashSet<ClassId> {
    let mut uses: HashMap<ClassId, usize> = HashMap::new();
    for class in classes {
        let form = forms.of(*class);
        // In a choice among entries it is written once for each.
        let times = match &*form {
            Form::Map(Map::Entry(items) | Map::In(items), _) => items.len(),
            Form::Map(Map::Key(items), _) => items.len(),
            Form::Map(Map::Binary(BinaryOp::Plus | BinaryOp::Modulo), _)
                if types
                    .get(*class)
                    .is_none_or(|it| it.is_text() || *it == super::ty::Ty::Float) =>
            {
                2
            }
            _ => 1,
        };
        for operand in form.operands() {
            *uses.entry(operand).or_default() += times;
        }
    }
    let mut values = HashSet::new();
    for class in classes {
        let form = forms.of(*class);
        if form.operands().is_empty() {
            continue;
        }
        let weight = weight(forms, &values, *class);
        let uses = uses.get(class).copied().unwrap_or(0);
        let named = given.contains_key(class);
        let root = roots.contains_key(class);
        let is_value = match &*form {
            form if form.reduces() => true,
            Form::At { .. } => root,
            form if form.is_selector() => {
                (named && weight > 2 * NAMED && uses > 1)
                    || (uses > 1 && weight > 2 * LONGEST)
                    || weight > 3 * LONGEST
            }
            _ if root => weight > 1,
            _ => (named && weight > NAMED) || (uses > 1 && weight > REPEATED) || weight > LONGEST,
        };
        if is_value {
            values.insert(*class);
        }
    }
    // A reduction of which one value is made stands in it: `(count[k | …] 1) - 1`.
    for class in classes {
        let form = forms.of(*class);
        let Form::Map(map, operands) = &*form else { continue };
        let once = |it: &ClassId| uses.get(it) == Some(&1) && !given.contains_key(it);
        let known = values.contains(class) || given.contains_key(class);
        if !known || matches!(map, Map::If | Map::Entry(_) | Map::Key(_) | Map::In(_)) {
            continue;
        }
        for operand in operands {
            if once(operand) && forms.of(*operand).reduces() && values.remove(operand) {
                values.insert(*class);
            }
        }
    }
    values
}
