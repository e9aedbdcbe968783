//! Checkpoint blocks: every parameter of the layer is filled once.

mod below;

use std::collections::{HashMap, HashSet};

use nnc_base::{Name, Span};
use nnc_hir::{
    AxisMap, Base, CheckpointId, CheckpointRow, FieldValue, IgnoredTensors, LayerUse, Path,
    PathRoot, PathStep, TensorType,
};
use nnc_shape::Dim;
use nnc_syntax::ast;

use self::below::Below;
use crate::body::place_in;
use crate::cx::{Cx, Scope};
use crate::errors::{checkpoints as errors, names as name_errors};
use crate::scope::{Symbol, nearest};

/// A parameter: its path with `[*]` for arrays, and where it is declared.
struct Leaf {
    path: String,
    span: Span,
}

/// How many layers are made for a use and for those that it is handed.
fn made_in(used: &LayerUse) -> usize {
    let made = used.configs.iter().filter_map(|value| match value {
        nnc_hir::ConfigValue::Layer(arg) => match arg.value.as_ref()? {
            FieldValue::Layer(used) => Some(1 + made_in(used)),
            FieldValue::Array(item, _) => match &**item {
                FieldValue::Layer(used) => Some(1 + made_in(used)),
                _ => Some(1),
            },
            _ => Some(1),
        },
        _ => None,
    });
    made.sum()
}

impl Cx<'_> {
    pub(crate) fn checkpoint(&mut self, id: CheckpointId) {
        let place = self.checkpoint_places[id.index()];
        let item = &self.modules[place.module].ast.items[place.item];
        let ast::ItemKind::Checkpoint(declared) = &item.kind else { return };
        let layer = match self.symbol(place.module, declared.layer.name) {
            Some(Symbol::Layer(layer)) => layer,
            Some(Symbol::Alias(usize::MAX, _)) => return,
            _ => {
                let layers = self.program.layers.values().map(|it| it.name.as_str());
                let near = nearest(declared.layer.as_str(), layers);
                self.report(name_errors::unknown_layer(&declared.layer, near, None));
                return;
            }
        };
        let own = self.own_use(layer);
        let mut leaves = Vec::new();
        self.leaves(&own, "", &mut leaves, &mut Vec::new());
        let mut covered: HashMap<String, Span> = HashMap::new();
        let mut below: Vec<Below> = Vec::new();
        let mut stored: HashMap<String, (Span, bool)> = HashMap::new();
        let mut rows = Vec::new();
        let mut ignored = Vec::new();
        let mut complete = true;
        // Sizes are those of the layer; constants those of the block's own module.
        let mut scope = (*self.layer_scopes[layer.index()]).clone();
        scope.module = place.module;
        for row in &declared.rows {
            let whole = row.rows.is_none();
            let before = stored.insert(without_names(&row.pattern), (row.stored.span, whole));
            // Rows of one tensor may be told one after the other.
            if let Some((first, before)) = before
                && (before || whole)
            {
                self.report(errors::stored_twice(row.stored.span, &row.stored.value, first));
                complete = false;
                continue;
            }
            let found = match &row.target {
                ast::RowTarget::Ignore => match self.row_slice(&scope, row) {
                    Some(rows) => {
                        ignored.push(IgnoredTensors {
                            span: row.span,
                            pattern: row.stored.value.clone(),
                            indices: indices(&row.pattern).map(|it| it.name).collect(),
                            rows,
                        });
                        continue;
                    }
                    None => None,
                },
                ast::RowTarget::Below { path, cast } => {
                    self.below(&scope, &own, row, (path, cast.as_ref()), &leaves, &mut below)
                }
                ast::RowTarget::Params { .. } => self.row(&scope, &own, row, &leaves, &mut covered),
                ast::RowTarget::Error => None,
            };
            match found {
                Some(row) => rows.push(row),
                None => complete = false,
            }
        }
        if complete {
            // Rows for `blocks[0]`, `blocks[1]` … are taken to cover the array.
            let arrays: HashSet<String> = covered.keys().map(|it| numbers_removed(it)).collect();
            let is_missing = |leaf: &&Leaf| {
                let own = covered.contains_key(&leaf.path) || arrays.contains(&leaf.path);
                !own && !below.iter().any(|it| it.covers(&leaf.path))
            };
            let missing: Vec<&Leaf> = leaves.iter().filter(is_missing).collect();
            if let [first, ..] = missing.as_slice() {
                let paths: Vec<&str> = missing.iter().map(|leaf| leaf.path.as_str()).collect();
                let name = declared.name;
                self.report(errors::uncovered(name.span, name.name, &paths, first.span));
            }
        }
        let checkpoint = &mut self.program.checkpoints[id];
        checkpoint.layer = layer;
        checkpoint.rows = rows;
        checkpoint.ignored = ignored;
    }

    /// A layer in terms of its own parameters.
    pub(crate) fn own_use(&self, id: nnc_hir::LayerId) -> LayerUse {
        let layer = self.layer(id);
        LayerUse {
            layer: id,
            dims: layer.params.iter().map(|param| Dim::var(param.name)).collect(),
            configs: layer
                .configs
                .iter()
                .map(|config| match config.kind {
                    nnc_hir::ConfigKind::Dim | nnc_hir::ConfigKind::Int => {
                        nnc_hir::ConfigValue::Dim(Dim::var(config.name))
                    }
                    nnc_hir::ConfigKind::Float | nnc_hir::ConfigKind::Layer => {
                        nnc_hir::ConfigValue::Config(config.name)
                    }
                    nnc_hir::ConfigKind::Bool => {
                        nnc_hir::ConfigValue::Bool(nnc_hir::Condition::Config(config.name))
                    }
                })
                .collect(),
            replaced: Vec::new(),
        }
    }

    /// All parameters of a layer; those of `if` fields that may be absent are left out
    /// where it is not known whether they are there.
    ///
    /// How often a layer contains itself is for the numbers of a model to say: what it has in
    /// itself is left out, and filled by its own name where no row does.
    fn leaves(
        &self,
        used: &LayerUse,
        prefix: &str,
        leaves: &mut Vec<Leaf>,
        open: &mut Vec<(nnc_hir::LayerId, usize)>,
    ) {
        // What is handed in is written out, so that it ends.
        let made = made_in(used);
        if open.iter().any(|(layer, around)| *layer == used.layer && *around <= made) {
            return;
        }
        open.push((used.layer, made));
        let layer = self.layer(used.layer);
        for field in &layer.fields {
            let Some(value) = place_in(layer, used, field.name) else { continue };
            let path = if prefix.is_empty() {
                field.name.to_string()
            } else {
                format!("{prefix}.{}", field.name)
            };
            self.leaves_of(&value, path, field.span, leaves, open);
        }
        open.pop();
    }

    fn leaves_of(
        &self,
        value: &FieldValue,
        path: String,
        span: Span,
        leaves: &mut Vec<Leaf>,
        open: &mut Vec<(nnc_hir::LayerId, usize)>,
    ) {
        match value {
            FieldValue::Param { .. } => leaves.push(Leaf { path, span }),
            FieldValue::Layer(used) => {
                self.leaves(used, &path, leaves, open);
                let replaced: Vec<String> = (used.replaced.iter())
                    .map(|it| {
                        let fields: Vec<&str> = it.path.iter().map(|name| name.as_str()).collect();
                        format!("{path}.{}", fields.join("."))
                    })
                    .collect();
                leaves.retain(|leaf| !replaced.contains(&leaf.path));
            }
            FieldValue::Array(element, _) => {
                self.leaves_of(element, format!("{path}[*]"), span, leaves, open);
            }
            FieldValue::If { condition, then, otherwise } => {
                match condition.eval(&|_| None, &|_| None) {
                    Some(true) => self.leaves_of(then, path, span, leaves, open),
                    Some(false) => self.leaves_of(otherwise, path, span, leaves, open),
                    None => {}
                }
            }
            FieldValue::Hole(_) | FieldValue::Absent | FieldValue::Error => {}
        }
    }

    /// A row that fills parameters; `None` for a mistake.
    fn row(
        &mut self,
        scope: &Scope,
        own: &LayerUse,
        row: &ast::CheckpointRow,
        leaves: &[Leaf],
        covered: &mut HashMap<String, Span>,
    ) -> Option<CheckpointRow> {
        let ast::RowTarget::Params { paths, cast, axes } = &row.target else { return None };
        if row.pattern.contains(&ast::PatternPart::Rest) {
            self.report(errors::rest_alone(row.stored.span, &row.stored.value));
            return None;
        }
        let pattern: Vec<ast::Ident> = indices(&row.pattern).collect();
        let mut targets = Vec::new();
        let mut indices: Vec<(Name, Dim)> = Vec::new();
        let mut ty: Option<TensorType> = None;
        let mut shapes: Vec<(Span, String, Vec<Dim>)> = Vec::new();
        for path in paths {
            let (target, found, ranges, text) = self.param_path(own, path, leaves)?;
            self.index_ranges(&pattern, &ranges, &mut indices)?;
            if let Some(named) = cast {
                let base = self.elem(scope, named)?.base;
                // `float` is f32 in checkpoints.
                let own =
                    if found.elem.base == Base::Float { &Base::F32 } else { &found.elem.base };
                if base != *own {
                    self.report(errors::cast(named.span, &base, own, path.span));
                    return None;
                }
            }
            if let Some(first) = &ty
                && first.axes.len() != found.axes.len()
            {
                let (ours, first) = (found.axes.len(), first.axes.len());
                let why = format!("`{text}` has {ours} axes, the parameter before it has {first}");
                self.report(errors::axes(path.span, &why));
                return None;
            }
            let shape = found.axes.iter().map(nnc_hir::Axis::extent).collect();
            shapes.push((path.span, text.clone(), shape));
            if let Some(first) = covered.insert(text.clone(), path.span) {
                self.report(errors::twice(path.span, &text, first));
                return None;
            }
            targets.push(target);
            ty = Some(found);
        }
        self.all_indices(&pattern, &indices)?;
        let axes = match axes {
            Some(axes) => {
                // Sizes may depend on the place in an array.
                let mut scope = scope.clone();
                for (name, _) in &indices {
                    let size = scope.size(Dim::var(*name));
                    scope.names.insert(*name, size);
                }
                Some(self.axis_map(&scope, axes, ty.as_ref(), targets.len())?)
            }
            None if targets.len() > 1 => {
                self.report(errors::axes(
                    row.span,
                    "several parameters in one tensor need an axis map",
                ));
                return None;
            }
            None => None,
        };
        if let Some(axes) = &axes {
            self.make_one_tensor(scope, &shapes, axes)?;
        }
        let rows = self.row_slice(scope, row)?;
        Some(CheckpointRow {
            span: row.span,
            pattern: row.stored.value.clone(),
            indices,
            targets,
            below: false,
            rows,
            axes,
            converts: cast.is_some(),
        })
    }

    /// Notes how far the indices of a path go, each an index of the stored name.
    fn index_ranges(
        &mut self,
        pattern: &[ast::Ident],
        ranges: &[(Name, Dim, Span)],
        indices: &mut Vec<(Name, Dim)>,
    ) -> Option<()> {
        for (name, range, span) in ranges {
            if !pattern.iter().any(|it| it.name == *name) {
                let why = "does not occur in the name in the file";
                self.report(errors::index(*span, name.as_str(), why));
                return None;
            }
            match indices.iter().find(|(it, _)| it == name) {
                Some((_, before)) if before != range => {
                    let why = format!("runs over {before} and over {range}");
                    self.report(errors::index(*span, name.as_str(), &why));
                    return None;
                }
                Some(_) => {}
                None => indices.push((*name, range.clone())),
            }
        }
        Some(())
    }

    /// Each index of the stored name is one of a path.
    fn all_indices(&mut self, pattern: &[ast::Ident], indices: &[(Name, Dim)]) -> Option<()> {
        for name in pattern {
            if !indices.iter().any(|(it, _)| *it == name.name) {
                self.report(errors::index(name.span, name.as_str(), "does not occur in the paths"));
                return None;
            }
        }
        Some(())
    }

    /// The parameters of a row have one shape, but for an axis along which they lie one after
    /// the other in the file: `o` in `[(z o)] -> [z, o]`. What the numbers of a model decide is
    /// seen when it is loaded.
    fn make_one_tensor(
        &mut self,
        scope: &Scope,
        shapes: &[(Span, String, Vec<Dim>)],
        axes: &AxisMap,
    ) -> Option<()> {
        let side_by_side = |at: usize| {
            let both = [axes.ours.first(), axes.ours.get(at + 1)];
            let [Some([count]), Some([along])] = both.map(|it| it.map(Vec::as_slice)) else {
                return false;
            };
            axes.file.iter().any(|group| group.as_slice() == [*count, *along])
        };
        for pair in shapes.windows(2) {
            let [(_, _, before), (span, text, ours)] = pair else { continue };
            let fits = |at: usize| {
                let answer = scope.facts.equal(&before[at], &ours[at]);
                side_by_side(at) || !matches!(answer, nnc_shape::Answer::Refuted(_))
            };
            if !(0..ours.len().min(before.len())).all(fits) {
                let list = |sizes: &[Dim]| {
                    sizes.iter().map(|it| scope.show(it)).collect::<Vec<_>>().join(", ")
                };
                let why = format!(
                    "`{text}` is [{}], the parameter before it is [{}]",
                    list(ours),
                    list(before)
                );
                self.report(errors::stacked(*span, &why));
                return None;
            }
        }
        Some(())
    }

    /// Follows a path down to a parameter.
    #[expect(clippy::type_complexity, reason = "the path, its type, its index ranges and its text")]
    fn param_path(
        &mut self,
        own: &LayerUse,
        path: &ast::ParamPath,
        leaves: &[Leaf],
    ) -> Option<(Path, TensorType, Vec<(Name, Dim, Span)>, String)> {
        let (value, steps, ranges, text) = self.follow(own, path, leaves)?;
        match value {
            FieldValue::Param { .. } if self.is_replaced(own, &steps) => {
                self.report(errors::replaced_path(path.span, &text));
                None
            }
            FieldValue::Param { ty, .. } => {
                Some((Path { root: PathRoot::Owner, steps }, ty, ranges, text))
            }
            _ => {
                let below = leaves.iter().find(|leaf| leaf.path.starts_with(&text));
                let near = below.map(|leaf| leaf.path.clone());
                self.report(errors::unknown_path(path.span, &text, near.as_deref()));
                None
            }
        }
    }

    /// Follows a path down to whatever it leads to.
    #[expect(clippy::type_complexity, reason = "as `param_path` gives it")]
    fn follow(
        &mut self,
        own: &LayerUse,
        path: &ast::ParamPath,
        leaves: &[Leaf],
    ) -> Option<(FieldValue, Vec<PathStep>, Vec<(Name, Dim, Span)>, String)> {
        let mut value = FieldValue::Layer(own.clone());
        let mut steps = Vec::new();
        let mut ranges = Vec::new();
        let mut text = String::new();
        for step in &path.steps {
            let next = match (step, &value) {
                (ast::PathStep::Field(name), FieldValue::Layer(used)) => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(name.as_str());
                    steps.push(PathStep::Field(name.name));
                    place_in(self.layer(used.layer), used, name.name)
                }
                (ast::PathStep::Index(name), FieldValue::Array(_, places)) => {
                    text.push_str("[*]");
                    steps.push(PathStep::Index(Dim::var(name.name)));
                    ranges.push((name.name, places.count.clone(), name.span));
                    value.item(&Dim::var(name.name))
                }
                (ast::PathStep::At(index, _), FieldValue::Array(_, places)) => {
                    if let Some(count) = places.count.as_constant().filter(|count| *index >= *count)
                    {
                        self.report(errors::outside_array(path.span, &text, *index, count));
                        return None;
                    }
                    text.push_str(&format!("[{index}]"));
                    steps.push(PathStep::Index(Dim::constant(*index)));
                    value.item(&Dim::constant(*index))
                }
                _ => None,
            };
            // Whichever branch there is has this name.
            value = match next {
                Some(FieldValue::If { condition, then, otherwise }) => match *otherwise {
                    absent @ FieldValue::Absent => {
                        let there = condition.eval(&|_| None, &|_| None);
                        if there == Some(false) { absent } else { *then }
                    }
                    FieldValue::Param { .. } | FieldValue::Layer(_) | FieldValue::Array(..)
                        if matches!(*then, FieldValue::Absent) =>
                    {
                        *otherwise
                    }
                    _ => *then,
                },
                Some(FieldValue::Error) => return None,
                Some(next) => next,
                None => {
                    let (text, near) = self.near_path(path, leaves);
                    self.report(errors::unknown_path(path.span, &text, near.as_deref()));
                    return None;
                }
            };
        }
        Some((value, steps, ranges, text))
    }

    /// Whether a field on the way replaces the parameter that a path leads to.
    fn is_replaced(&self, own: &LayerUse, steps: &[PathStep]) -> bool {
        let mut value = FieldValue::Layer(own.clone());
        for (at, step) in steps.iter().enumerate() {
            while let FieldValue::If { then, otherwise, .. } = value {
                value = if matches!(*then, FieldValue::Absent) { *otherwise } else { *then };
            }
            value = match (step, value) {
                (PathStep::Field(name), FieldValue::Layer(used)) => {
                    let rest = steps[at..].iter().map(|step| match step {
                        PathStep::Field(name) => Some(*name),
                        PathStep::Index(_) => None,
                    });
                    let rest: Option<Vec<Name>> = rest.collect();
                    if rest.is_some_and(|rest| used.replaced.iter().any(|it| it.path == rest)) {
                        return true;
                    }
                    match place_in(self.layer(used.layer), &used, *name) {
                        Some(next) => next,
                        None => return false,
                    }
                }
                (PathStep::Index(_), FieldValue::Array(element, _)) => *element,
                _ => return false,
            };
        }
        false
    }

    /// A path as it was written, and the one that was meant: if there is one that
    /// differs in indices only, or else the nearest.
    fn near_path(&self, path: &ast::ParamPath, leaves: &[Leaf]) -> (String, Option<String>) {
        let (mut written, mut fields) = (String::new(), String::new());
        let mut index = "i";
        for step in &path.steps {
            match step {
                ast::PathStep::Field(name) => {
                    let dot = if written.is_empty() { "" } else { "." };
                    written.push_str(&format!("{dot}{}", name.as_str()));
                    fields.push_str(&format!("{dot}{}", name.as_str()));
                }
                ast::PathStep::Index(name) => {
                    index = name.as_str();
                    written.push_str(&format!("[{index}]"));
                }
                ast::PathStep::At(at, _) => written.push_str(&format!("[{at}]")),
            }
        }
        let with_index = |leaf: &Leaf| leaf.path.replace("[*]", &format!("[{index}]"));
        let same = leaves.iter().find(|leaf| leaf.path.replace("[*]", "") == fields);
        let near = same.map(with_index).or_else(|| {
            let paths: Vec<String> = leaves.iter().map(with_index).collect();
            nearest(&written, paths.iter().map(String::as_str)).map(str::to_owned)
        });
        (written, near)
    }

    fn axis_map(
        &mut self,
        scope: &Scope,
        map: &ast::AxisMap,
        ty: Option<&TensorType>,
        targets: usize,
    ) -> Option<AxisMap> {
        let names = |groups: &[ast::AxisGroup]| -> Vec<Vec<Name>> {
            groups
                .iter()
                .map(|group| match group {
                    ast::AxisGroup::One(name) => vec![name.name],
                    ast::AxisGroup::Merged(parts, _) => {
                        parts.iter().map(|part| part.name.name).collect()
                    }
                })
                .collect()
        };
        let (file, ours) = (names(&map.from), names(&map.to));
        let sorted = |groups: &[Vec<Name>]| {
            let mut names: Vec<Name> = groups.iter().flatten().copied().collect();
            names.sort();
            names
        };
        if sorted(&file) != sorted(&ours) {
            self.report(errors::axes(map.span, "the two sides name different axes"));
            return None;
        }
        let mut unique = sorted(&file);
        unique.dedup();
        if unique.len() != sorted(&file).len() {
            self.report(errors::axes(map.span, "an axis is named twice on one side"));
            return None;
        }
        let expected = ty.map_or(0, |ty| ty.axes.len()) + usize::from(targets > 1);
        if ours.len() != expected {
            let why =
                format!("the right side has {} axes, the parameter needs {expected}", ours.len());
            self.report(errors::axes(map.span, &why));
            return None;
        }
        let mut sizes: Vec<(Name, Dim)> = Vec::new();
        for group in map.from.iter().chain(&map.to) {
            let ast::AxisGroup::Merged(parts, _) = group else { continue };
            for part in parts {
                let Some(size) = &part.size else { continue };
                let size = self.dim(scope, size)?.dim;
                match sizes.iter().find(|(name, _)| *name == part.name.name) {
                    Some((name, before)) if *before != size => {
                        let why = format!("`{name}` is said to be {before} and {size}");
                        self.report(errors::axes(part.span, &why));
                        return None;
                    }
                    Some(_) => {}
                    None => sizes.push((part.name.name, size)),
                }
            }
        }
        Some(AxisMap { file, ours, sizes })
    }
}

/// The indices of a stored name.
fn indices(pattern: &[ast::PatternPart]) -> impl Iterator<Item = ast::Ident> {
    pattern.iter().filter_map(|part| match part {
        ast::PatternPart::Index { name, .. } => Some(*name),
        ast::PatternPart::Text(_) | ast::PatternPart::Rest => None,
    })
}

/// A stored name as it is whatever its indices are called.
fn without_names(pattern: &[ast::PatternPart]) -> String {
    let text = |part: &ast::PatternPart| match part {
        ast::PatternPart::Index { times: 1, plus: 0, .. } => "{}".to_owned(),
        ast::PatternPart::Index { times, plus, .. } => format!("{{{times}*+{plus}}}"),
        ast::PatternPart::Rest => "*".to_owned(),
        ast::PatternPart::Text(text) => text.clone(),
    };
    pattern.iter().map(text).collect()
}

/// `blocks[3].norm` as `blocks[*].norm`.
fn numbers_removed(path: &str) -> String {
    let mut result = String::new();
    let mut inside = false;
    for c in path.chars() {
        match c {
            '[' => {
                inside = true;
                result.push_str("[*");
            }
            ']' => {
                inside = false;
                result.push(']');
            }
            _ if inside => {}
            c => result.push(c),
        }
    }
    result
}
