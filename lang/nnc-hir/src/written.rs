//! A use of a layer as one would write it.

use nnc_base::Name;
use nnc_shape::Dim;

use crate::{ConfigValue, FieldValue, Layer, LayerUse, Program};

impl Layer {
    /// What a use of the layer that does not give config `at` gets, where `dims` are its
    /// sizes and `before` its configs up to there.
    pub fn default_of(
        &self,
        at: usize,
        dims: &[Dim],
        before: &[ConfigValue],
    ) -> Option<ConfigValue> {
        let default = self.configs.get(at)?.default.as_ref()?;
        let given = |name: Name| {
            let place = self.configs.iter().position(|config| config.name == name)?;
            before.get(place)
        };
        let value = default.substitute(&|name| {
            if let Some(param) = self.params.iter().position(|param| param.name == name) {
                return dims.get(param).cloned();
            }
            match given(name)? {
                ConfigValue::Dim(dim) => Some(dim.clone()),
                ConfigValue::Float(_)
                | ConfigValue::Bool(_)
                | ConfigValue::Config(_)
                | ConfigValue::Layer(_) => None,
            }
        });
        Some(match value {
            ConfigValue::Config(name) => given(name).cloned().unwrap_or(ConfigValue::Config(name)),
            ConfigValue::Bool(condition) => {
                ConfigValue::Bool(condition.with_configs(&|name| match given(name)? {
                    ConfigValue::Bool(condition) => Some(condition.clone()),
                    ConfigValue::Dim(_)
                    | ConfigValue::Float(_)
                    | ConfigValue::Config(_)
                    | ConfigValue::Layer(_) => None,
                }))
            }
            value @ (ConfigValue::Dim(_) | ConfigValue::Float(_) | ConfigValue::Layer(_)) => value,
        })
    }
}

impl Program {
    /// A chain of layers as one would write it in the fewest words: sizes by place, and of
    /// the configs, by name, those that are not the default.
    pub fn written(&self, chain: &[LayerUse]) -> String {
        let parts: Vec<String> = chain.iter().map(|used| self.written_use(used)).collect();
        parts.join(" >> ")
    }

    fn written_use(&self, used: &LayerUse) -> String {
        let Some(layer) = self.layers.get(used.layer) else { return "?".to_owned() };
        let mut text = layer.name.to_string();
        if !used.dims.is_empty() {
            let dims: Vec<String> = used.dims.iter().map(Dim::to_string).collect();
            text.push_str(&format!("<{}>", dims.join(", ")));
        }
        let configs = layer.configs.iter().zip(&used.configs).enumerate();
        let given = configs.filter(|(at, (_, value))| {
            layer.default_of(*at, &used.dims, &used.configs[..*at]).as_ref() != Some(*value)
        });
        let given: Vec<String> =
            given.map(|(_, (config, value))| self.written_config(config.name, value)).collect();
        if !given.is_empty() {
            text.push_str(&format!("({})", given.join(", ")));
        }
        text
    }

    /// `k=3`, or `inner: Mlp<D, F>` for a layer that is made for the one it is given to.
    pub(crate) fn written_config(&self, name: Name, value: &ConfigValue) -> String {
        let ConfigValue::Layer(arg) = value else { return format!("{name}={value}") };
        match &arg.value {
            Some(FieldValue::Layer(used)) => format!("{name}: {}", self.written_use(used)),
            Some(FieldValue::Array(item, places)) => match &**item {
                FieldValue::Layer(used) => {
                    format!("{name}: [{}; {places}]", self.written_use(used))
                }
                item => format!("{name}: [{}; {places}]", self.show(item)),
            },
            Some(value) => format!("{name}: {}", self.show(value)),
            None => format!("{name}={}", arg.text),
        }
    }
}
