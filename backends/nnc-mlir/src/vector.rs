//! Lanes of vectors.

use crate::builder::Attribute;
use crate::{Builder, Type, Value};

impl Builder<'_> {
    /// One lane in every lane; a vector stays as it is.
    pub fn broadcast(&self, value: Value, lanes: u32) -> Value {
        if value.ty.lanes == lanes || value.ty.is_vector() {
            return value;
        }
        let ty = value.ty.kind.lanes(lanes);
        match value.constant {
            Some(known) => self.constant(ty, known),
            None => self.value("vector.broadcast", &[value], ty, &[]),
        }
    }

    /// One lane of a vector.
    pub fn extract(&self, vector: Value, lane: u32) -> Value {
        if !vector.ty.is_vector() {
            return vector;
        }
        let position = [i64::from(lane)];
        let attributes = [("static_position", Attribute::Ints(&position))];
        self.value("vector.extract", &[vector], vector.ty.kind.one(), &attributes)
    }

    /// The vector with one lane replaced.
    pub fn insert(&self, lane: Value, vector: Value, at: u32) -> Value {
        let position = [i64::from(at)];
        let attributes = [("static_position", Attribute::Ints(&position))];
        self.value("vector.insert", &[lane, vector], vector.ty, &attributes)
    }

    /// A vector of these lanes.
    pub fn gather_lanes(&self, lanes: &[Value]) -> Value {
        if let [only] = lanes {
            return *only;
        }
        let ty = lanes[0].ty.kind.lanes(lanes.len() as u32);
        self.value("vector.from_elements", lanes, ty, &[])
    }

    /// The lanes of both, one behind the other, in the order of `lanes`.
    pub fn shuffle(&self, left: Value, right: Value, lanes: &[u32]) -> Value {
        let mask: Vec<i64> = lanes.iter().map(|&it| i64::from(it)).collect();
        let attributes = [("mask", Attribute::Ints(&mask))];
        let ty = left.ty.kind.lanes(lanes.len() as u32);
        self.value("vector.shuffle", &[left, right], ty, &attributes)
    }

    /// Neighbouring lanes.
    pub fn slice(&self, vector: Value, from: u32, lanes: u32) -> Value {
        if lanes == 1 {
            return self.extract(vector, from);
        }
        let all: Vec<u32> = (from..from + lanes).collect();
        self.shuffle(vector, vector, &all)
    }

    /// Combines all lanes into one by a fixed tree: halves with halves.
    pub fn reduce_lanes(&self, vector: Value, combine: impl Fn(Value, Value) -> Value) -> Value {
        let mut rest = vector;
        while rest.ty.is_vector() {
            let half = rest.ty.lanes / 2;
            rest = combine(self.slice(rest, 0, half), self.slice(rest, half, half));
        }
        rest
    }

    /// Whether any lane of a mask holds.
    pub fn any(&self, mask: Value) -> Value {
        if !mask.ty.is_vector() {
            return mask;
        }
        let bits = match mask.ty.lanes {
            16 => crate::Kind::I16,
            8 => crate::Kind::I8,
            _ => return self.reduce_lanes(mask, |a, b| self.or(a, b)),
        };
        let number = self.value("llvm.bitcast", &[mask], bits.one(), &[]);
        self.compare(nnc_graph::Compare::Ne, number, self.constant(bits.one(), 0))
    }

    /// The same bits in lanes of another width.
    pub fn bitcast_lanes(&self, value: Value, ty: Type) -> Value {
        self.value("vector.bitcast", &[value], ty, &[])
    }

    /// The mask of the first `count` (i64) lanes.
    pub fn first_lanes(&self, count: Value, lanes: u32) -> Value {
        let kind = crate::Kind::I32;
        let count = self.truncate(count, kind);
        self.compare(nnc_graph::Compare::Lt, self.iota(kind.lanes(lanes)), count)
    }
}
