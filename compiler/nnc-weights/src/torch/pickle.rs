//! A machine for the part of pickle that describes data.
//!
//! Nothing is imported and nothing is called: a global is a name, and applying one to
//! arguments is recorded ([`Node::Reduce`]) for whoever looks at the result. Names that
//! `torch.save` does not write for tensors are refused, see [`ALLOWED`]. Objects live in
//! a table and refer to each other by number, so that an object that is in itself does
//! no harm. (`pickletools.py` in CPython describes the instructions.)

use std::collections::HashMap;

use crate::Problem;
use crate::cursor::Cursor;

/// The number of an object.
pub(super) type Ref = u32;

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Node {
    None,
    Bool(bool),
    Int(i64),
    /// More than 64 bits, or not written as one expects.
    OtherNumber,
    Text(String),
    Bytes,
    Tuple(Vec<Ref>),
    List(Vec<Ref>),
    Dict(Vec<(Ref, Ref)>),
    Set,
    /// `module.name`
    Global(String),
    /// A global applied to a tuple.
    Reduce(Ref, Ref),
    /// An object that the file keeps elsewhere: a storage.
    Persistent(Ref),
}

/// The object that a pickle makes.
#[derive(Debug)]
pub(super) struct Pickle {
    pub(super) nodes: Vec<Node>,
    pub(super) root: Ref,
}

const WHAT: &str = "the pickle";

/// What a pickle may name. Types of storages and elements, `torch.…Storage` and
/// `torch.float32`, are allowed by their form.
const ALLOWED: [&str; 12] = [
    "collections.OrderedDict",
    "torch._utils._rebuild_tensor",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_tensor_v3",
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state",
    "torch.Size",
    "torch.device",
    "torch.storage.UntypedStorage",
    "torch.storage.TypedStorage",
    "torch.storage._LegacyStorage",
    "torch.nn.parameter.Parameter",
];

fn is_allowed(module: &str, name: &str) -> bool {
    let path = format!("{module}.{name}");
    ALLOWED.contains(&path.as_str())
        || module == "torch"
            && ((name.ends_with("Storage") && name.len() < 40)
                || super::rebuild::element(name).is_some())
}

/// What lies on the machine's stack.
#[derive(Clone, Copy)]
enum Item {
    Object(Ref),
    Mark,
}

struct Machine {
    nodes: Vec<Node>,
    stack: Vec<Item>,
    memo: HashMap<u64, Ref>,
}

impl Pickle {
    /// Runs instructions until the one that ends a pickle.
    pub(super) fn load(cursor: &mut Cursor<'_>) -> Result<Pickle, Problem> {
        let mut machine = Machine { nodes: Vec::new(), stack: Vec::new(), memo: HashMap::new() };
        loop {
            let at = cursor.offset();
            if let Some(root) = machine.step(cursor, at)? {
                return Ok(Pickle { nodes: machine.nodes, root });
            }
        }
    }

    pub(super) fn node(&self, object: Ref) -> &Node {
        &self.nodes[object as usize]
    }

    /// The number, if the pickle is one.
    pub(super) fn int(&self) -> Option<i64> {
        match self.node(self.root) {
            Node::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// The value of a key, if the pickle is a dict that has it and it is a bool.
    pub(super) fn bool_in_dict(&self, key: &str) -> Option<bool> {
        let Node::Dict(items) = self.node(self.root) else { return None };
        let (_, value) =
            items.iter().find(|(it, _)| matches!(self.node(*it), Node::Text(it) if it == key))?;
        match self.node(*value) {
            Node::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The texts, if the pickle is a list of them.
    pub(super) fn strings(&self) -> Option<Vec<String>> {
        let Node::List(items) = self.node(self.root) else { return None };
        let text = |item: &Ref| match self.node(*item) {
            Node::Text(text) => Some(text.clone()),
            _ => None,
        };
        items.iter().map(text).collect()
    }
}

fn damaged(at: u64, found: impl std::fmt::Display) -> Problem {
    Problem::damaged(WHAT, format!("at byte {at}, {found}"))
}

impl Machine {
    /// One instruction; the result at the last of them.
    fn step(&mut self, cursor: &mut Cursor<'_>, at: u64) -> Result<Option<Ref>, Problem> {
        match cursor.u8(WHAT)? {
            // PROTO, FRAME, STOP
            0x80 => {
                let version = cursor.u8(WHAT)?;
                if version > 5 {
                    return Err(damaged(at, format!("the protocol is {version}, and 5 the last")));
                }
            }
            0x95 => drop(cursor.u64(WHAT)?),
            b'.' => return self.pop(at).map(Some),
            // Constants
            b'N' => self.push(Node::None),
            0x88 => self.push(Node::Bool(true)),
            0x89 => self.push(Node::Bool(false)),
            b'J' => {
                let value = cursor.u32(WHAT)? as i32;
                self.push(Node::Int(value.into()));
            }
            b'K' => {
                let value = cursor.u8(WHAT)?;
                self.push(Node::Int(value.into()));
            }
            b'M' => {
                let value = cursor.u16(WHAT)?;
                self.push(Node::Int(value.into()));
            }
            b'I' => {
                let node = match cursor.line(WHAT)? {
                    b"00" => Node::Bool(false),
                    b"01" => Node::Bool(true),
                    digits => number(digits),
                };
                self.push(node);
            }
            b'L' => {
                let digits = cursor.line(WHAT)?;
                self.push(number(digits.strip_suffix(b"L").unwrap_or(digits)));
            }
            0x8a => {
                let len = cursor.u8(WHAT)?;
                let bytes = cursor.take(len.into(), WHAT)?;
                self.push(little(bytes));
            }
            0x8b => {
                let len = cursor.u32(WHAT)?;
                let bytes = cursor.take(len.into(), WHAT)?;
                self.push(little(bytes));
            }
            b'G' => {
                cursor.take(8, WHAT)?;
                self.push(Node::OtherNumber);
            }
            b'F' => {
                cursor.line(WHAT)?;
                self.push(Node::OtherNumber);
            }
            // Texts and bytes: BINUNICODE, SHORT_BINUNICODE, BINUNICODE8, UNICODE,
            // BINSTRING and SHORT_BINSTRING (of Python 2), and the forms of bytes.
            b'X' | b'T' => {
                let len = cursor.u32(WHAT)?;
                self.text(cursor.take(len.into(), WHAT)?);
            }
            0x8c | b'U' => {
                let len = cursor.u8(WHAT)?;
                self.text(cursor.take(len.into(), WHAT)?);
            }
            0x8d => {
                let len = cursor.u64(WHAT)?;
                self.text(cursor.take(len, WHAT)?);
            }
            b'V' => self.text(cursor.line(WHAT)?),
            b'B' => {
                let len = cursor.u32(WHAT)?;
                cursor.take(len.into(), WHAT)?;
                self.push(Node::Bytes);
            }
            b'C' => {
                let len = cursor.u8(WHAT)?;
                cursor.take(len.into(), WHAT)?;
                self.push(Node::Bytes);
            }
            0x8e | 0x96 => {
                let len = cursor.u64(WHAT)?;
                cursor.take(len, WHAT)?;
                self.push(Node::Bytes);
            }
            // Containers
            b'(' => self.stack.push(Item::Mark),
            b')' => self.push(Node::Tuple(Vec::new())),
            b']' => self.push(Node::List(Vec::new())),
            b'}' => self.push(Node::Dict(Vec::new())),
            0x8f => self.push(Node::Set),
            0x85 => self.tuple(1, at)?,
            0x86 => self.tuple(2, at)?,
            0x87 => self.tuple(3, at)?,
            b't' => {
                let items = self.marked(at)?;
                self.push(Node::Tuple(items));
            }
            b'l' => {
                let items = self.marked(at)?;
                self.push(Node::List(items));
            }
            b'd' => {
                let items = pairs(self.marked(at)?, at)?;
                self.push(Node::Dict(items));
            }
            0x91 => {
                self.marked(at)?;
                self.push(Node::Set);
            }
            b'a' => {
                let item = self.pop(at)?;
                self.extend(vec![item], at)?;
            }
            b'e' => {
                let items = self.marked(at)?;
                self.extend(items, at)?;
            }
            b's' => {
                let (value, key) = (self.pop(at)?, self.pop(at)?);
                self.set(vec![(key, value)], at)?;
            }
            b'u' => {
                let items = pairs(self.marked(at)?, at)?;
                self.set(items, at)?;
            }
            0x90 => {
                self.marked(at)?;
            }
            // The stack and the memo
            b'0' => {
                self.stack.pop().ok_or_else(|| damaged(at, "the stack is empty"))?;
            }
            b'1' => drop(self.marked(at)?),
            b'2' => {
                let top = self.top(at)?;
                self.stack.push(Item::Object(top));
            }
            b'q' => {
                let place = cursor.u8(WHAT)?;
                self.remember(place.into(), at)?;
            }
            b'r' => {
                let place = cursor.u32(WHAT)?;
                self.remember(place.into(), at)?;
            }
            b'p' => {
                let place = place(cursor.line(WHAT)?, at)?;
                self.remember(place, at)?;
            }
            0x94 => self.remember(self.memo.len() as u64, at)?,
            b'h' => {
                let place = cursor.u8(WHAT)?;
                self.recall(place.into(), at)?;
            }
            b'j' => {
                let place = cursor.u32(WHAT)?;
                self.recall(place.into(), at)?;
            }
            b'g' => {
                let place = place(cursor.line(WHAT)?, at)?;
                self.recall(place, at)?;
            }
            // Names, and what is made of them
            b'c' => {
                let module = String::from_utf8_lossy(cursor.line(WHAT)?).into_owned();
                let name = String::from_utf8_lossy(cursor.line(WHAT)?).into_owned();
                self.global(&module, &name)?;
            }
            0x93 => {
                let (name, module) = (self.pop(at)?, self.pop(at)?);
                let (Node::Text(module), Node::Text(name)) = (self.node(module), self.node(name))
                else {
                    return Err(damaged(at, "a name is no text"));
                };
                let (module, name) = (module.clone(), name.clone());
                self.global(&module, &name)?;
            }
            b'R' => {
                let (args, function) = (self.pop(at)?, self.pop(at)?);
                let (Node::Global(name), Node::Tuple(items)) =
                    (self.node(function), self.node(args))
                else {
                    return Err(damaged(at, "something that is no function is called"));
                };
                let dict = match (name.as_str(), items.as_slice()) {
                    ("collections.OrderedDict", []) => Some(Vec::new()),
                    // As Python 2 wrote it.
                    ("collections.OrderedDict", [list]) => self.listed_pairs(*list),
                    _ => None,
                };
                self.push(dict.map_or(Node::Reduce(function, args), Node::Dict));
            }
            b'b' => {
                // Attributes, such as `_metadata` of a module's state; of an ordered
                // dict they are of no interest, and nothing else has any.
                self.pop(at)?;
                let object = self.top(at)?;
                if !matches!(self.node(object), Node::Dict(_)) {
                    return Err(damaged(at, "something that is no dict is given attributes"));
                }
            }
            b'Q' => {
                let id = self.pop(at)?;
                self.push(Node::Persistent(id));
            }
            // What makes instances of classes: INST, OBJ, NEWOBJ, NEWOBJ_EX, EXT, …
            other => {
                let found = format!("there is instruction {other:#04x}, which tensors do not need");
                return Err(Problem::header(
                    WHAT,
                    found,
                    "load the file in Python and save `model.state_dict()` as safetensors",
                ));
            }
        }
        Ok(None)
    }

    fn node(&self, object: Ref) -> &Node {
        &self.nodes[object as usize]
    }

    fn push(&mut self, node: Node) {
        self.stack.push(Item::Object(self.nodes.len() as Ref));
        self.nodes.push(node);
    }

    fn text(&mut self, bytes: &[u8]) {
        self.push(Node::Text(String::from_utf8_lossy(bytes).into_owned()));
    }

    fn pop(&mut self, at: u64) -> Result<Ref, Problem> {
        match self.stack.pop() {
            Some(Item::Object(object)) => Ok(object),
            Some(Item::Mark) | None => Err(damaged(at, "the stack is empty")),
        }
    }

    fn top(&self, at: u64) -> Result<Ref, Problem> {
        match self.stack.last() {
            Some(Item::Object(object)) => Ok(*object),
            Some(Item::Mark) | None => Err(damaged(at, "the stack is empty")),
        }
    }

    /// What was pushed since the last mark.
    fn marked(&mut self, at: u64) -> Result<Vec<Ref>, Problem> {
        let mark = self.stack.iter().rposition(|item| matches!(item, Item::Mark));
        let mark = mark.ok_or_else(|| damaged(at, "there is no mark on the stack"))?;
        let items = self.stack.drain(mark..).filter_map(|item| match item {
            Item::Object(object) => Some(object),
            Item::Mark => None,
        });
        Ok(items.collect())
    }

    fn tuple(&mut self, count: usize, at: u64) -> Result<(), Problem> {
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(self.pop(at)?);
        }
        items.reverse();
        self.push(Node::Tuple(items));
        Ok(())
    }

    fn extend(&mut self, items: Vec<Ref>, at: u64) -> Result<(), Problem> {
        let object = self.top(at)?;
        match &mut self.nodes[object as usize] {
            Node::List(list) => list.extend(items),
            _ => return Err(damaged(at, "something that is no list is appended to")),
        }
        Ok(())
    }

    fn set(&mut self, items: Vec<(Ref, Ref)>, at: u64) -> Result<(), Problem> {
        let object = self.top(at)?;
        match &mut self.nodes[object as usize] {
            Node::Dict(dict) => dict.extend(items),
            _ => return Err(damaged(at, "something that is no dict is given keys")),
        }
        Ok(())
    }

    /// A list of lists of two.
    fn listed_pairs(&self, list: Ref) -> Option<Vec<(Ref, Ref)>> {
        let Node::List(items) = self.node(list) else { return None };
        let pair = |item: &Ref| match self.node(*item) {
            Node::List(pair) | Node::Tuple(pair) => match pair.as_slice() {
                [key, value] => Some((*key, *value)),
                _ => None,
            },
            _ => None,
        };
        items.iter().map(pair).collect()
    }

    fn remember(&mut self, place: u64, at: u64) -> Result<(), Problem> {
        let object = self.top(at)?;
        self.memo.insert(place, object);
        Ok(())
    }

    fn recall(&mut self, place: u64, at: u64) -> Result<(), Problem> {
        let object = self.memo.get(&place);
        let object = *object.ok_or_else(|| damaged(at, format!("nothing has number {place}")))?;
        self.stack.push(Item::Object(object));
        Ok(())
    }

    fn global(&mut self, module: &str, name: &str) -> Result<(), Problem> {
        if !is_allowed(module, name) {
            return Err(Problem::Refused { global: format!("{module}.{name}") });
        }
        self.push(Node::Global(format!("{module}.{name}")));
        Ok(())
    }
}

fn pairs(items: Vec<Ref>, at: u64) -> Result<Vec<(Ref, Ref)>, Problem> {
    let (pairs, rest) = items.as_chunks();
    if !rest.is_empty() {
        return Err(damaged(at, "a key has no value"));
    }
    Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect())
}

fn place(digits: &[u8], at: u64) -> Result<u64, Problem> {
    match number(digits) {
        Node::Int(place) if place >= 0 => Ok(place as u64),
        _ => Err(damaged(at, "a number in the memo is none")),
    }
}

fn number(digits: &[u8]) -> Node {
    match std::str::from_utf8(digits).ok().and_then(|digits| digits.trim().parse().ok()) {
        Some(value) => Node::Int(value),
        None => Node::OtherNumber,
    }
}

/// A two's complement number of any length.
fn little(bytes: &[u8]) -> Node {
    if bytes.len() > 8 {
        return Node::OtherNumber;
    }
    let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let mut wide = [if negative { 0xff } else { 0 }; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    Node::Int(i64::from_le_bytes(wide))
}
