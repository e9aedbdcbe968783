//! Making a map: the rows of a checkpoint block, with the numbers of a model.

use std::collections::HashMap;

use nnc_base::{Diagnostic, Name, Span};
use nnc_hir::{CheckpointRow, ConfigValue, Model, Path, PathStep, Program};

use super::axes::{self, Places};
use super::pattern::Pattern;
use super::rows::Sliced;
use super::{FileTensor, Home, Map, Param, Part};
use crate::errors;

impl Map {
    /// The map of a model: the rows of its checkpoint block, and for parameters that
    /// no row names, the tensor with the parameter's own name. `params` are all of the
    /// model's parameters.
    pub fn new(
        program: &Program,
        model: &Model,
        params: Vec<Param>,
    ) -> Result<Map, Vec<Diagnostic>> {
        let layer = &program.layers[model.layer.layer];
        let mut env: HashMap<Name, i64> = HashMap::new();
        let mut sizes = Vec::new();
        for (param, dim) in layer.params.iter().zip(&model.layer.dims) {
            if let Some(size) = dim.as_constant() {
                env.insert(param.name, size);
                sizes.push((param.name, size));
            }
        }
        for (config, value) in layer.configs.iter().zip(&model.layer.configs) {
            if let ConfigValue::Dim(dim) = value
                && let Some(size) = dim.as_constant()
            {
                env.insert(config.name, size);
            }
        }
        let block = model.checkpoint.map(|id| &program.checkpoints[id]);
        let home = Home {
            model: model.name,
            model_span: model.span,
            sizes,
            block: block.map(|block| (block.name, block.span)),
        };
        let mut builder = Builder::new(home, params);
        // What rows say of single parameters holds before what they say of many, and of these
        // the deeper ones before those around them.
        let mut rows: Vec<(usize, &CheckpointRow)> =
            block.iter().flat_map(|block| &block.rows).enumerate().collect();
        rows.sort_by_key(|(_, row)| match row.targets.first() {
            Some(path) if row.below => usize::MAX - path.steps.len(),
            _ => 0,
        });
        for (number, row) in rows {
            if let Err(diagnostic) = builder.row(number, row, &env) {
                builder.diagnostics.push(*diagnostic);
            }
        }
        for row in block.iter().flat_map(|block| &block.ignored) {
            let pattern = Pattern::new(&row.pattern, &row.indices);
            match &row.rows {
                Some(rows) => builder.leave_out(row.span, &pattern, rows, &env),
                None => builder.map.ignored.push(pattern),
            }
        }
        builder.join_rows();
        builder.own_names();
        if builder.diagnostics.is_empty() { Ok(builder.map) } else { Err(builder.diagnostics) }
    }
}

pub(super) struct Builder {
    pub(super) map: Map,
    /// The number of each parameter.
    numbers: HashMap<String, usize>,
    /// How many items the array at a path has.
    arrays: HashMap<String, i64>,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Tensors of which rows of the block tell some rows each.
    pub(super) sliced: Vec<Sliced>,
}

pub(super) type Built<T> = Result<T, Box<Diagnostic>>;

impl Builder {
    fn new(home: Home, params: Vec<Param>) -> Builder {
        let mut arrays: HashMap<String, i64> = HashMap::new();
        for param in &params {
            for (at, _) in param.name.match_indices('.') {
                let after = &param.name[at + 1..];
                let digits = after.split('.').next().unwrap_or_default();
                if let Ok(index) = digits.parse::<i64>() {
                    let count = arrays.entry(param.name[..at].to_owned()).or_default();
                    *count = (*count).max(index + 1);
                }
            }
        }
        let numbers =
            params.iter().enumerate().map(|(number, it)| (it.name.clone(), number)).collect();
        let map = Map {
            home,
            params,
            tensors: Vec::new(),
            ignored: Vec::new(),
            by_param: HashMap::new(),
            by_name: HashMap::new(),
        };
        Builder { map, numbers, arrays, diagnostics: Vec::new(), sliced: Vec::new() }
    }

    /// All tensors of a row.
    fn row(&mut self, number: usize, row: &CheckpointRow, env: &HashMap<Name, i64>) -> Built<()> {
        let names: Vec<Name> = row.indices.iter().map(|(name, _)| *name).collect();
        let pattern = Pattern::new(&row.pattern, &names);
        self.places(number, row, &pattern, &names, &mut Vec::new(), env)
    }

    /// The tensors of a row where its first indices are `index`; the range of the next may
    /// depend on them.
    fn places(
        &mut self,
        number: usize,
        row: &CheckpointRow,
        pattern: &Pattern,
        names: &[Name],
        index: &mut Vec<i64>,
        env: &HashMap<Name, i64>,
    ) -> Built<()> {
        let here = index.clone();
        let value = |name: Name| {
            let at = names.iter().position(|it| *it == name);
            at.and_then(|at| here.get(at).copied()).or_else(|| env.get(&name).copied())
        };
        let Some((name, range)) = row.indices.get(index.len()) else {
            return self.tensor(number, row, pattern, &value);
        };
        let Some(range) = range.eval(&value) else {
            return Err(Box::new(errors::open_range(row.span, *name)));
        };
        for at in 0..range {
            index.push(at);
            self.places(number, row, pattern, names, index, env)?;
            index.pop();
        }
        Ok(())
    }

    /// The tensor of a row for some numbers of its indices.
    fn tensor(
        &mut self,
        number: usize,
        row: &CheckpointRow,
        pattern: &Pattern,
        value: &dyn Fn(Name) -> Option<i64>,
    ) -> Built<()> {
        let name = pattern.fill(value).unwrap_or_else(|| row.pattern.clone());
        if row.below {
            return self.below(number, row, &name, value);
        }
        let mut found = Vec::new();
        let mut absent = Vec::new();
        for target in &row.targets {
            let path = self.path(target, row.span, value)?;
            match self.numbers.get(&path) {
                Some(param) => found.push(*param),
                // A field that this model's sizes leave out: `if bias { … }`.
                None => absent.push(path),
            }
        }
        if found.is_empty() {
            return Ok(());
        }
        if let Some(path) = absent.first() {
            return Err(Box::new(errors::partly_absent(
                row.span,
                &name,
                path,
                self.map.home.model,
            )));
        }
        let params: Vec<&Param> = found.iter().map(|param| &self.map.params[*param]).collect();
        let elem = params[0].elem;
        if let Some(other) = params.iter().find(|param| param.elem != elem) {
            return Err(Box::new(errors::mixed(row.span, params[0], other)));
        }
        let places = match &row.axes {
            None => axes::same(params[0]),
            Some(axes) => {
                let size = |name: Name| {
                    let written = axes.sizes.iter().find(|(it, _)| *it == name);
                    written.and_then(|(_, size)| size.eval(value))
                };
                axes::places(axes, &params, &size)
                    .map_err(|why| errors::axes(row.span, &name, &why))?
            }
        };
        let axes = row.axes.as_ref().map(|axes| shown_axes(&axes.file));
        let tensor = FileTensor {
            name,
            elem,
            shape: Vec::new(),
            parts: Vec::new(),
            left_out: Vec::new(),
            axes,
            span: row.span,
            row: Some(number),
            converts: row.converts,
        };
        match &row.rows {
            Some(rows) => self.slice(tensor, places, &found, rows, value),
            None => self.add(tensor, places, &found),
        }
    }

    /// A tensor for each parameter of a layer or an array that no other row names.
    fn below(
        &mut self,
        number: usize,
        row: &CheckpointRow,
        start: &str,
        value: &dyn Fn(Name) -> Option<i64>,
    ) -> Built<()> {
        let Some(target) = row.targets.first() else { return Ok(()) };
        let path = self.path(target, row.span, value)?;
        let dot = if path.is_empty() { "" } else { "." };
        for param in 0..self.map.params.len() {
            let info = &self.map.params[param];
            let rest = info.name.strip_prefix(&path).and_then(|rest| rest.strip_prefix(dot));
            let Some(rest) = rest.filter(|_| !self.map.by_param.contains_key(&info.name)) else {
                continue;
            };
            let tensor = FileTensor {
                name: format!("{start}{rest}"),
                elem: info.elem,
                shape: Vec::new(),
                parts: Vec::new(),
                left_out: Vec::new(),
                axes: None,
                span: row.span,
                row: Some(number),
                converts: row.converts,
            };
            let places = axes::same(info);
            self.add(tensor, places, &[param])?;
        }
        Ok(())
    }

    pub(super) fn add(
        &mut self,
        tensor: FileTensor,
        places: Places,
        params: &[usize],
    ) -> Built<()> {
        if let Some(before) = self.map.by_name.get(&tensor.name) {
            let first = self.map.tensors[*before].span;
            return Err(Box::new(errors::stored_twice(tensor.span, &tensor.name, first)));
        }
        for (part, param) in params.iter().enumerate() {
            let name = &self.map.params[*param].name;
            let place = (self.map.tensors.len(), part);
            if let Some((before, _)) = self.map.by_param.insert(name.clone(), place) {
                let first = self.map.tensors.get(before).map_or(tensor.span, |it| it.span);
                return Err(Box::new(errors::filled_twice(tensor.span, name, first)));
            }
        }
        let parts =
            params.iter().zip(places.views).map(|(param, view)| Part { param: *param, view });
        let tensor = FileTensor { shape: places.shape, parts: parts.collect(), ..tensor };
        self.map.by_name.insert(tensor.name.clone(), self.map.tensors.len());
        self.map.tensors.push(tensor);
        Ok(())
    }

    /// The parameter's name, such as `blocks.3.attn.wq.weight`.
    fn path(&self, path: &Path, at: Span, value: &dyn Fn(Name) -> Option<i64>) -> Built<String> {
        let mut text = String::new();
        for step in &path.steps {
            match step {
                PathStep::Field(name) => {
                    if !text.is_empty() {
                        text.push('.');
                    }
                    text.push_str(name.as_str());
                }
                PathStep::Index(index) => {
                    let Some(number) = index.eval(value) else {
                        return Err(Box::new(errors::open_index(at, &text, index)));
                    };
                    // An array that is not there at all is in a branch not taken.
                    if let Some(count) = self.arrays.get(&text)
                        && !(0..*count).contains(&number)
                    {
                        let model = self.map.home.model;
                        return Err(Box::new(errors::outside(at, &text, number, *count, model)));
                    }
                    text.push_str(&format!(".{number}"));
                }
            }
        }
        Ok(text)
    }

    /// The parameters that no row names.
    fn own_names(&mut self) {
        for number in 0..self.map.params.len() {
            let param = &self.map.params[number];
            if self.map.by_param.contains_key(&param.name) || !self.diagnostics.is_empty() {
                continue;
            }
            let places = axes::same(param);
            let tensor = FileTensor {
                name: param.name.clone(),
                elem: param.elem,
                shape: Vec::new(),
                parts: Vec::new(),
                left_out: Vec::new(),
                axes: None,
                span: param.span,
                row: None,
                converts: false,
            };
            if let Err(diagnostic) = self.add(tensor, places, &[number]) {
                self.diagnostics.push(*diagnostic);
            }
        }
    }
}

/// `[i, (z o)]`
fn shown_axes(groups: &[Vec<Name>]) -> String {
    let groups = groups.iter().map(|names| match names.as_slice() {
        [one] => one.to_string(),
        names => {
            let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
            format!("({})", names.join(" "))
        }
    });
    format!("[{}]", groups.collect::<Vec<_>>().join(", "))
}
