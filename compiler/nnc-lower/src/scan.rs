//! `scan`: a loop over time with carried values.

use nnc_graph::{Affine, Elem, Index, Op, ParamId, RunDim, Scalar, ScanOp, TensorType};
use nnc_hir::{self as hir, Scan};
use nnc_shape::Dim;

use crate::errors;
use crate::fold::new_dim;
use crate::frame::Frame;
use crate::lowerer::{Lowerer, Lowering};
use crate::value::{Tensor, Val};

impl<'a> Lowerer<'a> {
    pub(crate) fn scan(&mut self, frame: &mut Frame<'a>, scan: &'a Scan) -> Lowering<()> {
        let outer = std::mem::replace(&mut self.span, scan.span);
        let result = self.scan_at(frame, scan);
        self.span = outer;
        result
    }

    fn scan_at(&mut self, frame: &mut Frame<'a>, scan: &'a Scan) -> Lowering<()> {
        if frame.pointwise {
            return Err(Box::new(errors::not_at_a_point(self.span, "`scan`")));
        }
        let extent = frame.dim(&scan.extent);
        let mut starts = Vec::new();
        for carry in &scan.carries {
            let init = self.expr(frame, &carry.init)?;
            let init = self.tensor(init)?;
            let ty = &frame.function.locals[carry.before].ty;
            let ty = self.tensor_type(ty)?;
            let init = self.spread(frame, init, ty)?;
            starts.push(self.stored(&init)?);
        }
        // Whether to go on is one more carry, behind the others.
        let condition = scan.condition.as_ref().map(|_| starts.len() as u32);
        if let Some(goes_on) = &scan.condition {
            let mut first = frame.clone();
            for (carry, start) in scan.carries.iter().zip(&starts) {
                let tensor = self.tensor_of(*start);
                first.locals.insert(carry.before, Val::Tensor(tensor));
            }
            starts.push(self.goes_on(&mut first, goes_on)?);
        }

        // The graph of one step.
        let around = &self.building()?.graph;
        let mut graph = nnc_graph::Graph::new(format!("{}.scan", around.name));
        graph.dims = around.dims.clone();
        graph.facts = around.facts.clone();
        let variable = new_dim(&graph, frame.function.index_vars[scan.var].name.as_str());
        let max = around.facts.range(&extent).1.map(|most| most - 1);
        graph.dims.push(RunDim { name: variable, min: 0, max });
        graph.facts.declare(variable, 0, max);
        graph.facts.assume_at_least(&extent, &(Dim::var(variable) + 1));
        self.begin_graph(graph);
        let mut inner = frame.clone();
        inner.index.insert(scan.var, Affine::constant(Dim::var(variable)));
        for (carry, start) in scan.carries.iter().zip(&starts) {
            let ty = self.source_type(*start).clone();
            let input = self.add_input(ty)?;
            let tensor = self.tensor_of(input);
            inner.locals.insert(carry.before, Val::Tensor(tensor));
        }
        if condition.is_some() {
            self.add_input(TensorType::new(Elem::Bool, Vec::new()))?;
        }
        for stmt in &scan.body {
            self.stmt(&mut inner, stmt)?;
        }
        let mut outputs = Vec::new();
        for (carry, start) in scan.carries.iter().zip(&starts) {
            let elem = self.source_type(*start).elem;
            let next = self.local(&inner, carry.after)?;
            let next = self.tensor(next)?;
            let next = self.stored_as(&next, elem)?;
            outputs.push(self.resolve(next)?);
        }
        if let Some(goes_on) = &scan.condition {
            let mut next = inner.clone();
            for carry in &scan.carries {
                let value = self.local(&inner, carry.after)?;
                next.locals.insert(carry.before, value);
            }
            let holds = self.goes_on(&mut next, goes_on)?;
            outputs.push(self.resolve(holds)?);
        }
        for given in &scan.yields {
            let step = self.local(&inner, given.step)?;
            let step = self.tensor(step)?;
            let step = self.stored(&step)?;
            outputs.push(self.resolve(step)?);
        }
        let (traced, values): (Vec<String>, Vec<_>) = self.traced_in_body()?.into_iter().unzip();
        outputs.extend(values);
        let mut building = self.finish_graph()?;
        building.graph.outputs = outputs;
        let types: Vec<TensorType> = (building.graph.outputs.iter().enumerate())
            .map(|(i, value)| {
                let mut ty = building.graph.ty(*value).clone();
                if i >= starts.len() {
                    ty.shape.insert(0, extent.clone());
                }
                ty
            })
            .collect();

        // The loop itself.
        let top = self.stack.len().wrapping_sub(1);
        let mut params: Vec<ParamId> = Vec::new();
        for (home, name, id) in &building.borrowed {
            let ty = building.graph.params[*id].ty.clone();
            params.push(self.param_in(top, *home, name, &ty)?);
        }
        let mut operands = Vec::new();
        for source in starts.iter().chain(building.captured.iter().map(|(source, _)| source)) {
            operands.push(self.resolve(*source)?);
        }
        let body = self.module.graphs.push(building.graph);
        let carried = starts.len() as u32;
        let op =
            Op::Scan(ScanOp { body, variable, extent: extent.clone(), carried, condition, params });
        let results = self.add_results(op, operands, types)?;
        let (last, all) = results.split_at(starts.len());
        for (carry, source) in scan.carries.iter().zip(last) {
            let tensor = self.tensor_of(*source);
            frame.locals.insert(carry.last, Val::Tensor(tensor));
        }
        let (all, read) = all.split_at(scan.yields.len());
        self.traced_after_loop(traced, read, &extent)?;
        for (given, source) in scan.yields.iter().zip(all) {
            let tensor = self.moved(*source, given.axis);
            frame.locals.insert(given.all, Val::Tensor(tensor));
        }
        Ok(())
    }

    /// Whether a scan goes on, as a bool.
    fn goes_on(&mut self, frame: &mut Frame<'a>, condition: &'a hir::Expr) -> Lowering<u32> {
        let holds = self.expr(frame, condition)?;
        let holds = self.tensor(holds)?;
        self.stored(&holds)
    }

    /// A carry's start with all its axes: a scalar is the same at each place.
    fn spread(
        &mut self,
        frame: &Frame<'a>,
        init: Tensor,
        ty: &nnc_hir::TensorType,
    ) -> Lowering<Tensor> {
        let shape = frame.shape(ty);
        if init.vars.len() == shape.len() {
            return Ok(init);
        }
        let points = self.points_of(frame, ty);
        let value = self.element_at(frame, &points, &init, ty)?;
        Ok(self.at_points(points, init.elem, value))
    }

    /// A tensor whose first axis is read at place `axis`.
    fn moved(&mut self, source: u32, axis: usize) -> Tensor {
        let stored = self.source_type(source).clone();
        let mut shape = stored.shape;
        let steps = shape.remove(0);
        let axis = axis.min(shape.len());
        shape.insert(axis, steps);
        let vars: Vec<_> = shape.iter().map(|extent| self.fresh_axis(extent)).collect();
        let mut at: Vec<Index> = vars.iter().map(|var| Index::var(*var)).collect();
        let first = at.remove(axis);
        at.insert(0, first);
        Tensor { vars, shape, elem: stored.elem, value: Scalar::read(source, at) }
    }
}
