//! The tensors of an object that a pickle describes.

use std::collections::{HashMap, HashSet};

use super::pickle::{Node, Pickle, Ref};
use crate::{Problem, Stored};

/// A tensor as `torch._utils._rebuild_tensor_v2` would make it.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    pub(super) storage: Storage,
    /// The first element, counted from the storage's.
    pub(super) offset: u64,
    pub(super) shape: Vec<i64>,
    /// In elements, one for each axis.
    pub(super) strides: Vec<u64>,
}

#[derive(Clone, Debug)]
pub(super) struct Storage {
    pub(super) key: String,
    pub(super) stored: Stored,
    /// Where it begins in the storage with that key: old files have storages that are
    /// parts of others.
    pub(super) view: u64,
}

#[derive(Debug)]
pub(super) struct Tensors {
    /// In the order of the pickle, each with the keys on its way joined by dots.
    pub(super) list: Vec<(String, Tensor)>,
    /// The type of each storage.
    pub(super) roots: HashMap<String, Stored>,
}

/// Containers in containers deeper than this occur in no checkpoint.
const MOST_NESTING: u32 = 32;

const LONGEST_NAME: usize = 4096;

impl Tensors {
    pub(super) fn of(pickle: &Pickle) -> Result<Tensors, Problem> {
        let mut walk = Walk {
            pickle,
            found: Tensors { list: Vec::new(), roots: HashMap::new() },
            inside: HashSet::new(),
            // Containers may be shared: without a limit a small pickle could hold more
            // tensors than there are atoms.
            left: pickle.nodes.len() * 4,
        };
        walk.visit(pickle.root, String::new(), 0)?;
        // Storages of tensors that have no name take room in old files too.
        for node in &pickle.nodes {
            if let Node::Persistent(id) = node {
                walk.storage(*id, "without a name")?;
            }
        }
        Ok(walk.found)
    }
}

struct Walk<'p> {
    pickle: &'p Pickle,
    found: Tensors,
    /// The containers on the way from the root.
    inside: HashSet<Ref>,
    left: usize,
}

fn wrong(name: &str, found: impl Into<String>) -> Problem {
    Problem::damaged(format!("tensor `{name}`"), found)
}

impl Walk<'_> {
    fn visit(&mut self, object: Ref, name: String, depth: u32) -> Result<(), Problem> {
        let Some(left) = self.left.checked_sub(1) else {
            return Err(wrong(&name, "its containers are shared too often"));
        };
        self.left = left;
        let pickle = self.pickle;
        match pickle.node(object) {
            Node::Dict(items) => {
                let items = items.iter().map(|(key, value)| (self.key(*key), *value)).collect();
                self.inner(object, items, &name, depth)
            }
            Node::List(items) | Node::Tuple(items) => {
                let items = items.iter().enumerate();
                let items = items.map(|(index, item)| (Some(index.to_string()), *item)).collect();
                self.inner(object, items, &name, depth)
            }
            Node::Reduce(function, args) => {
                let (Node::Global(function), Node::Tuple(args)) =
                    (pickle.node(*function), pickle.node(*args))
                else {
                    return Err(wrong(&name, "something that is no function is called"));
                };
                self.reduce(function, args, name, depth)
            }
            Node::None
            | Node::Bool(_)
            | Node::Int(_)
            | Node::OtherNumber
            | Node::Text(_)
            | Node::Bytes
            | Node::Set
            | Node::Global(_)
            | Node::Persistent(_) => Ok(()),
        }
    }

    fn key(&self, key: Ref) -> Option<String> {
        match self.pickle.node(key) {
            Node::Text(text) => Some(text.clone()),
            Node::Int(value) => Some(value.to_string()),
            _ => None,
        }
    }

    fn inner(
        &mut self,
        object: Ref,
        items: Vec<(Option<String>, Ref)>,
        name: &str,
        depth: u32,
    ) -> Result<(), Problem> {
        if depth > MOST_NESTING || !self.inside.insert(object) {
            return Err(wrong(name, "its containers lie in each other without end"));
        }
        for (key, item) in items {
            // Under other keys there is nothing with a name.
            let Some(key) = key else { continue };
            let name = if name.is_empty() { key } else { format!("{name}.{key}") };
            if name.len() > LONGEST_NAME {
                let short: String = name.chars().take(40).collect();
                return Err(wrong(&short, format!("its name has over {LONGEST_NAME} bytes")));
            }
            self.visit(item, name, depth + 1)?;
        }
        self.inside.remove(&object);
        Ok(())
    }

    fn reduce(
        &mut self,
        function: &str,
        args: &[Ref],
        name: String,
        depth: u32,
    ) -> Result<(), Problem> {
        match function {
            "torch._utils._rebuild_tensor"
            | "torch._utils._rebuild_tensor_v2"
            | "torch._utils._rebuild_tensor_v3" => {
                let name = if name.is_empty() { "tensor".to_owned() } else { name };
                let mut tensor = self.tensor(args, &name)?;
                if function.ends_with("v3") {
                    let dtype = args.get(6).map(|dtype| self.pickle.node(*dtype));
                    let Some(Node::Global(dtype)) = dtype else {
                        return Err(wrong(&name, "its element type is missing"));
                    };
                    tensor.storage.stored = self.element_of(dtype, &name)?;
                }
                self.found.list.push((name, tensor));
                Ok(())
            }
            "torch._utils._rebuild_parameter" | "torch._utils._rebuild_parameter_with_state" => {
                match args.first() {
                    Some(data) if depth < MOST_NESTING => self.visit(*data, name, depth + 1),
                    _ => Err(wrong(&name, "a parameter has no tensor")),
                }
            }
            "torch.Size" | "torch.device" => Ok(()),
            // An ordered dict made from pairs, or a type that is called.
            _ => Err(Problem::Refused { global: format!("{function}(…)") }),
        }
    }

    fn tensor(&mut self, args: &[Ref], name: &str) -> Result<Tensor, Problem> {
        let [storage, offset, shape, strides, ..] = args else {
            return Err(wrong(name, "it is made of fewer than four parts"));
        };
        let Node::Persistent(id) = self.pickle.node(*storage) else {
            return Err(wrong(name, "its storage is not kept beside the pickle"));
        };
        let storage = self.storage(*id, name)?;
        let offset = match self.pickle.node(*offset) {
            Node::Int(offset) if *offset >= 0 => *offset as u64,
            _ => return Err(wrong(name, "its place in the storage is no number")),
        };
        let shape = self.ints(*shape).ok_or_else(|| wrong(name, "its shape is no tuple"))?;
        let strides = self.ints(*strides).ok_or_else(|| wrong(name, "its strides are no tuple"))?;
        if shape.len() != strides.len() {
            let found = format!("it has {} sizes and {} strides", shape.len(), strides.len());
            return Err(wrong(name, found));
        }
        let strides = strides.iter().map(|stride| u64::try_from(*stride));
        let strides = strides.collect::<Result<_, _>>();
        let strides = strides.map_err(|_| wrong(name, "a stride is negative"))?;
        Ok(Tensor { storage, offset, shape, strides })
    }

    /// `('storage', type, key, device, count)`, and in old files the part that it is of
    /// another one: `(key, first, count)`.
    fn storage(&mut self, id: Ref, name: &str) -> Result<Storage, Problem> {
        let Node::Tuple(parts) = self.pickle.node(id) else {
            return Err(wrong(name, "its storage is not described by a tuple"));
        };
        let mut nodes = parts.iter().map(|part| self.pickle.node(*part));
        let tag = nodes.next();
        let (Some(Node::Text(tag)), Some(Node::Global(ty)), Some(key)) =
            (tag, nodes.next(), nodes.next())
        else {
            return Err(wrong(name, "its storage has no type and key"));
        };
        if tag != "storage" {
            return Err(wrong(name, format!("a `{tag}` stands where its storage should")));
        }
        let key = match key {
            Node::Text(key) => key.clone(),
            Node::Int(key) => key.to_string(),
            _ => return Err(wrong(name, "the key of its storage is no text")),
        };
        let mut view = 0;
        if let Some(Node::Tuple(part)) = nodes.nth(2) {
            view = match part.get(1).map(|first| self.pickle.node(*first)) {
                Some(Node::Int(first)) if *first >= 0 => *first as u64,
                _ => return Err(wrong(name, "the place of its storage in another is no number")),
            };
        }
        let stored = self.element_of(ty, name)?;
        match self.found.roots.insert(key.clone(), stored) {
            Some(before) if before != stored => {
                let found = format!("its storage `{key}` holds {before} and {stored}");
                Err(wrong(name, found))
            }
            _ => Ok(Storage { key, stored, view }),
        }
    }

    fn ints(&self, object: Ref) -> Option<Vec<i64>> {
        let (Node::Tuple(items) | Node::List(items)) = self.sizes(object) else { return None };
        let int = |item: &Ref| match self.pickle.node(*item) {
            Node::Int(value) => Some(*value),
            _ => None,
        };
        items.iter().map(int).collect()
    }

    /// What is in a `torch.Size`.
    fn sizes(&self, object: Ref) -> &Node {
        let node = self.pickle.node(object);
        let Node::Reduce(function, args) = node else { return node };
        match (self.pickle.node(*function), self.pickle.node(*args)) {
            (Node::Global(function), Node::Tuple(args)) if function == "torch.Size" => {
                args.first().map_or(node, |sizes| self.pickle.node(*sizes))
            }
            _ => node,
        }
    }

    fn element_of(&self, ty: &str, tensor: &str) -> Result<Stored, Problem> {
        let name = ty.rsplit('.').next().unwrap_or(ty);
        element(name).ok_or_else(|| Problem::UnknownType {
            tensor: tensor.to_owned(),
            found: format!("`{ty}`"),
            help: "convert it in Python before saving: `tensor.float()`".to_owned(),
        })
    }
}

/// The element type of `FloatStorage`, or of `float32`.
pub(super) fn element(name: &str) -> Option<Stored> {
    Some(match name {
        "DoubleStorage" | "float64" | "double" => Stored::F64,
        "FloatStorage" | "float32" | "float" => Stored::F32,
        "HalfStorage" | "float16" | "half" => Stored::F16,
        "BFloat16Storage" | "bfloat16" => Stored::BF16,
        "LongStorage" | "int64" | "long" => Stored::I64,
        "IntStorage" | "int32" | "int" => Stored::I32,
        "ShortStorage" | "int16" | "short" => Stored::I16,
        "CharStorage" | "int8" => Stored::I8,
        // Bytes whose type the tensor says.
        "ByteStorage" | "UntypedStorage" | "uint8" => Stored::U8,
        "BoolStorage" | "bool" => Stored::Bool,
        "uint16" => Stored::U16,
        "uint32" => Stored::U32,
        "uint64" => Stored::U64,
        "float8_e4m3fn" => Stored::F8E4M3,
        "float8_e5m2" => Stored::F8E5M2,
        _ => return None,
    })
}
