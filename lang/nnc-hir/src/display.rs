//! The text of a program, for people: `--emit=hir`.
//!
//! Types print as in a program where the parts of a type suffice for that; a type
//! with a meaning or a struct in it needs the [`Program`] for the names, see
//! [`Program::show`].

mod body;

use std::fmt::{self, Display, Write};

use nnc_shape::Dim;

use crate::{
    Axis, AxisSize, Base, Condition, ConfigValue, DimParam, Elem, FieldValue, Function, Layer,
    LayerUse, Places, Program, Rate, TensorType, Type,
};
use body::Printer;

/// Something with the program that its ids point into.
#[derive(Clone, Copy)]
pub struct Shown<'a, T: ?Sized> {
    program: &'a Program,
    what: &'a T,
}

impl Program {
    /// `what`, to be printed with the names of this program.
    pub fn show<'a, T: ?Sized>(&'a self, what: &'a T) -> Shown<'a, T> {
        Shown { program: self, what }
    }
}

/// Prints items with a separator in between.
fn list<T>(
    f: &mut fmt::Formatter<'_>,
    items: impl IntoIterator<Item = T>,
    mut print: impl FnMut(&mut fmt::Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        print(f, item)?;
    }
    Ok(())
}

impl Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kilo = self.numerator >= 1000 * self.denominator;
        let (numerator, unit) = if kilo { (self.numerator, "kHz") } else { (self.numerator, "Hz") };
        let denominator = self.denominator * if kilo { 1000 } else { 1 };
        if numerator.is_multiple_of(denominator) {
            write!(f, "{}{unit}", numerator / denominator)
        } else {
            let value = numerator as f64 / denominator as f64;
            write!(f, "{}{unit}", (value * 1000.0).round() / 1000.0)
        }
    }
}

impl Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Base::F64 => "f64",
            Base::F32 => "f32",
            Base::F16 => "f16",
            Base::BF16 => "bf16",
            Base::F8 => "f8",
            Base::I64 => "i64",
            Base::I32 => "int",
            Base::I8 => "i8",
            Base::U8 => "u8",
            Base::Bool => "bool",
            Base::Float => "float",
            Base::Quantised { bits, groups } => return write!(f, "q{bits}<{groups}>"),
            Base::Fixed { bits, integer } => return write!(f, "fix<{bits}, {integer}>"),
        })
    }
}

impl Display for Axis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.size {
            AxisSize::Dim(dim) => write!(f, "{dim}"),
            AxisSize::Broadcast => f.write_str("_"),
        }
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Const(value) => write!(f, "{value}"),
            Condition::Config(name) => write!(f, "{name}"),
            Condition::Given(name) => write!(f, "given({name})"),
            Condition::Compare(op, left, right) => write!(f, "{left} {} {right}", op.symbol()),
            Condition::Not(inner) => write!(f, "!({inner})"),
            Condition::And(left, right) => {
                let side = |side: &Condition| match side {
                    Condition::Or(..) => format!("({side})"),
                    _ => side.to_string(),
                };
                write!(f, "{} && {}", side(left), side(right))
            }
            Condition::Or(left, right) => write!(f, "{left} || {right}"),
        }
    }
}

impl Display for ConfigValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigValue::Dim(dim) => write!(f, "{dim}"),
            ConfigValue::Float(value) => write!(f, "{value:?}"),
            ConfigValue::Bool(condition) => write!(f, "{condition}"),
            ConfigValue::Config(name) => write!(f, "{name}"),
            ConfigValue::Layer(arg) => f.write_str(&arg.text),
        }
    }
}

impl Display for Shown<'_, Elem> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(meaning) = &self.what.meaning else {
            return write!(f, "{}", self.what.base);
        };
        let Some(declared) = self.program.meanings.get(meaning.id) else {
            return f.write_str("?");
        };
        write!(f, "{}", declared.name)?;
        let base = (declared.base.base != self.what.base).then(|| self.what.base.to_string());
        let shown = declared
            .params
            .iter()
            .zip(&meaning.args)
            .map(|(param, arg)| shown_parameter(param, arg));
        let args = base.into_iter().chain(shown);
        let args: Vec<String> = args.collect();
        if args.is_empty() { Ok(()) } else { write!(f, "<{}>", args.join(", ")) }
    }
}

/// A parameter of a meaning as a program writes it: `16kHz` for 16000 of kind `rate`.
pub fn shown_parameter(param: &DimParam, value: &Dim) -> String {
    let hertz = value.as_constant().filter(|_| param.is_rate());
    let rate = hertz.and_then(|it| Rate::new(u64::try_from(it).ok()?, 1));
    rate.map_or_else(|| value.to_string(), |rate| rate.to_string())
}

impl Display for Shown<'_, TensorType> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ty = self.what;
        write!(f, "{}", self.program.show(&ty.elem))?;
        if ty.is_scalar() {
            return Ok(());
        }
        let pack = ty.pack.then(|| "..".to_owned());
        let axes: Vec<String> =
            pack.into_iter().chain(ty.axes.iter().map(|axis| axis.to_string())).collect();
        write!(f, "[{}]", axes.join(", "))
    }
}

impl Display for Shown<'_, Type> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            Type::Tensor(tensor) => write!(f, "{}", self.program.show(tensor)),
            Type::Dim(dim) => write!(f, "dim {dim}"),
            Type::Tuple(parts) => {
                f.write_char('(')?;
                list(f, parts, |f, part| write!(f, "{}", self.program.show(part)))?;
                f.write_char(')')
            }
            Type::Struct { id, dims, lens } => {
                match self.program.structs.get(*id) {
                    Some(it) => write!(f, "{}", it.name)?,
                    None => f.write_char('?')?,
                }
                f.write_char('<')?;
                list(f, dims, |f, dim| write!(f, "{dim}"))?;
                f.write_char('>')?;
                if !lens.is_empty() {
                    f.write_str(" at ")?;
                    list(f, lens, |f, len| write!(f, "{len}"))?;
                }
                Ok(())
            }
            Type::Array(item, places) => write!(f, "[{}; {places}]", self.program.show(&**item)),
            Type::Layer(layer) => write!(f, "{}", self.program.show(layer)),
            Type::Function(arrow) => {
                match arrow.inputs.as_slice() {
                    [input] => write!(f, "{}", self.program.show(input))?,
                    inputs => {
                        f.write_char('(')?;
                        list(f, inputs, |f, input| write!(f, "{}", self.program.show(input)))?;
                        f.write_char(')')?;
                    }
                }
                write!(f, " -> {}", self.program.show(&arrow.output))
            }
            Type::Error => f.write_char('?'),
        }
    }
}

impl Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.name {
            write!(f, "{name} in ")?;
        }
        write!(f, "{}", self.count)
    }
}

impl Display for Shown<'_, LayerUse> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(layer) = self.program.layers.get(self.what.layer) else {
            return f.write_char('?');
        };
        if let Some(arrow) = self.program.arrow_of(self.what) {
            return write!(f, "{}", self.program.show(&Type::Function(Box::new(arrow))));
        }
        write!(f, "{}", layer.name)?;
        if !self.what.dims.is_empty() {
            f.write_char('<')?;
            list(f, &self.what.dims, |f, dim| write!(f, "{dim}"))?;
            f.write_char('>')?;
        }
        if !self.what.configs.is_empty() {
            f.write_char('(')?;
            list(f, layer.configs.iter().zip(&self.what.configs), |f, (config, value)| {
                f.write_str(&self.program.written_config(config.name, value))
            })?;
            f.write_char(')')?;
        }
        if !self.what.replaced.is_empty() {
            f.write_str(" with { ")?;
            list(f, &self.what.replaced, |f, it| {
                let path: Vec<&str> = it.path.iter().map(|name| name.as_str()).collect();
                write!(f, "{} = …", path.join("."))
            })?;
            f.write_str(" }")?;
        }
        Ok(())
    }
}

impl Display for Shown<'_, FieldValue> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |value| self.program.show(value);
        match self.what {
            FieldValue::Param { ty, init } => {
                write!(f, "param {} = {}", self.program.show(ty), init.name)?;
                if init.args.is_empty() {
                    return Ok(());
                }
                f.write_char('(')?;
                list(f, &init.args, |f, arg| write!(f, "{arg:?}"))?;
                f.write_char(')')
            }
            FieldValue::Layer(layer) => write!(f, "{}", self.program.show(layer)),
            FieldValue::Array(item, places) => {
                let item: &FieldValue = item;
                write!(f, "[{}; {places}]", self.program.show(item))
            }
            FieldValue::If { condition, then, otherwise } => {
                let (then, otherwise): (&FieldValue, &FieldValue) = (then, otherwise);
                write!(f, "if {condition} {{ {} }} else {{ {} }}", show(then), show(otherwise))
            }
            FieldValue::Absent => f.write_str("absent"),
            FieldValue::Error => f.write_str("<error>"),
            FieldValue::Hole(hole) => {
                write!(
                    f,
                    "hole {} -> {} in {{ ",
                    self.program.show(&hole.input),
                    self.program.show(&hole.output)
                )?;
                list(f, &hole.candidates, |f, candidate| f.write_str(&candidate.text))?;
                f.write_str(" }")
            }
        }
    }
}

impl Display for Shown<'_, Layer> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layer = self.what;
        let word = if layer.space { "space" } else { "layer" };
        write!(f, "{word} {}.{}", layer.module, layer.name)?;
        if !layer.params.is_empty() {
            f.write_char('<')?;
            list(f, &layer.params, |f, param| write!(f, "{}", param.name))?;
            f.write_char('>')?;
        }
        if !layer.configs.is_empty() {
            f.write_char('(')?;
            list(f, &layer.configs, |f, config| {
                write!(f, "{}", config.name)?;
                match &config.default {
                    Some(value) => write!(f, " = {value}"),
                    None => Ok(()),
                }
            })?;
            f.write_char(')')?;
        }
        facts(f, &layer.facts)?;
        f.write_str(" {\n")?;
        for alias in &layer.aliases {
            writeln!(f, "    const {} = {}", alias.name, alias.value)?;
        }
        for field in &layer.fields {
            writeln!(f, "    {}: {}", field.name, self.program.show(&field.value))?;
        }
        for &function in &layer.functions {
            let text = self.program.show(&self.program.functions[function]).to_string();
            for line in text.lines() {
                writeln!(f, "    {line}")?;
            }
        }
        f.write_str("}\n")
    }
}

fn facts(f: &mut fmt::Formatter<'_>, facts: &[Condition]) -> fmt::Result {
    if facts.is_empty() {
        return Ok(());
    }
    f.write_str(" where ")?;
    list(f, facts, |f, fact| write!(f, "{fact}"))
}

impl Display for Shown<'_, Function> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let function = self.what;
        f.write_str("fn")?;
        if let Some(name) = function.name {
            write!(f, " {name}")?;
        }
        if !function.dims.is_empty() {
            f.write_char('<')?;
            list(f, &function.dims, |f, dim| write!(f, "{}", dim.name))?;
            f.write_char('>')?;
        }
        f.write_char('(')?;
        list(f, &function.params, |f, param| {
            let inout = if param.inout.is_some() { "inout " } else { "" };
            let optional = if param.optional { "?" } else { "" };
            write!(f, "{}: {inout}{}{optional}", param.name, self.program.show(&param.ty))
        })?;
        write!(f, ") -> {}", self.program.show(&function.result))?;
        facts(f, &function.facts)?;
        f.write_str(" {\n")?;
        let mut printer = Printer::new(self.program, function);
        printer.block(&function.body);
        f.write_str(&printer.out)?;
        f.write_str("}\n")
    }
}

impl Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (_, layer) in self.layers.iter() {
            writeln!(f, "{}", self.show(layer))?;
        }
        for (_, function) in self.functions.iter() {
            if function.owner.is_none() {
                writeln!(f, "# {}\n{}", function.module, self.show(function))?;
            }
        }
        for model in &self.models {
            writeln!(f, "model {} = {} {{", model.name, self.show(&model.layer))?;
            for rewrite in &model.rewrites {
                writeln!(f, "    {rewrite}")?;
            }
            for entry in &model.entries {
                write!(f, "    entry {} with {{ ", entry.name)?;
                list(f, &entry.facts, |f, fact| write!(f, "{fact}"))?;
                f.write_str(" }\n")?;
            }
            f.write_str("}\n")?;
        }
        Ok(())
    }
}
