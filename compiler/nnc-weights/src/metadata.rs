//! What a file says besides its tensors.

/// Keys and values in the order of the file.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Metadata {
    pub(crate) items: Vec<(String, Value)>,
}

/// A value of GGUF's; the metadata of safetensors are strings.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    U8(u8),
    I8(i8),
    U16(u16),
    I16(i16),
    U32(u32),
    I32(i32),
    U64(u64),
    I64(i64),
    F32(f32),
    F64(f64),
    Bool(bool),
    String(String),
    Array(Array),
}

/// An array, all items of one type.
#[derive(Clone, PartialEq, Debug)]
pub enum Array {
    U8(Vec<u8>),
    I8(Vec<i8>),
    U16(Vec<u16>),
    I16(Vec<i16>),
    U32(Vec<u32>),
    I32(Vec<i32>),
    U64(Vec<u64>),
    I64(Vec<i64>),
    F32(Vec<f32>),
    F64(Vec<f64>),
    Bool(Vec<bool>),
    String(Vec<String>),
    Array(Vec<Array>),
}

impl Metadata {
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.items.iter().find(|(it, _)| it == key).map(|(_, value)| value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.items.iter().map(|(key, value)| (key.as_str(), value))
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl Value {
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// An integer of any width that fits.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::U8(value) => Some((*value).into()),
            Value::I8(value) => Some((*value).into()),
            Value::U16(value) => Some((*value).into()),
            Value::I16(value) => Some((*value).into()),
            Value::U32(value) => Some((*value).into()),
            Value::I32(value) => Some((*value).into()),
            Value::U64(value) => i64::try_from(*value).ok(),
            Value::I64(value) => Some(*value),
            Value::F32(_) | Value::F64(_) | Value::Bool(_) | Value::String(_) | Value::Array(_) => {
                None
            }
        }
    }

    /// A float of either width.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::F32(value) => Some((*value).into()),
            Value::F64(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_strings(&self) -> Option<&[String]> {
        match self {
            Value::Array(Array::String(items)) => Some(items),
            _ => None,
        }
    }

    /// An array of floats, as scores of tokens are.
    pub fn as_f32s(&self) -> Option<&[f32]> {
        match self {
            Value::Array(Array::F32(items)) => Some(items),
            _ => None,
        }
    }

    /// An array of 32-bit integers, as types of tokens are.
    pub fn as_i32s(&self) -> Option<&[i32]> {
        match self {
            Value::Array(Array::I32(items)) => Some(items),
            _ => None,
        }
    }
}
