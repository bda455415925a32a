//! What a trace takes and what it refuses, and how it says so.

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use crate::sim::{Arrivals, Column, Trace, TraceColumns, TraceError, TraceSeconds, Workload};
use crate::time::Instant;

fn columns() -> TraceColumns {
    TraceColumns {
        arrival_ns: vec![10, 10, 20],
        function: vec![0, 2, 0],
        duration_ns: vec![5, 100, 0],
        cold_start_ns: None,
    }
}

fn refused(change: impl FnOnce(&mut TraceColumns), horizon: Option<u64>) -> TraceError {
    let mut columns = columns();
    change(&mut columns);
    Trace::new(columns, horizon.map(Instant::from_nanos)).unwrap_err()
}

#[test]
fn a_trace_counts_its_functions_and_ends_when_its_last_request_does() {
    let trace = Trace::new(columns(), None).unwrap();
    assert_eq!((trace.len(), trace.functions()), (3, 3));
    assert_eq!(trace.horizon(), Instant::from_nanos(110));

    let cold = TraceColumns { cold_start_ns: Some(vec![0, 7, 0]), ..columns() };
    assert_eq!(Trace::new(cold, None).unwrap().horizon(), Instant::from_nanos(117));
}

#[test]
fn rows_come_out_in_order_through_every_kind_of_reference() {
    let trace = Trace::new(columns(), None).unwrap();
    let read = |mut workload: &mut dyn Workload| {
        core::iter::from_fn(|| Workload::next(&mut workload))
            .map(|a| (a.at.as_nanos(), a.function, a.duration.as_nanos()))
            .collect::<Vec<_>>()
    };
    let want = [(10, 0, 5), (10, 2, 100), (20, 0, 0)];
    assert_eq!(read(&mut Arrivals::new(&trace)), want);
    assert_eq!(read(&mut Arrivals::new(Arc::new(trace.clone()))), want);
    assert_eq!(read(&mut Arrivals::new(trace)), want);
}

#[test]
fn bad_columns_are_named_with_row_and_value() {
    let backwards = refused(|c| c.arrival_ns[1] = 9, None);
    assert_eq!((backwards.row(), backwards.column()), (Some(1), Some(Column::Arrival)));
    assert_eq!(
        backwards.to_string(),
        "row 1: timestamp_s goes back to 0.000000009 s after 0.00000001 s"
    );
    let short = refused(|c| c.duration_ns.truncate(2), None);
    assert_eq!(short, TraceError::Length { column: Column::Duration, rows: 2, expected: 3 });
    let short = refused(|c| c.cold_start_ns = Some(vec![1]), None);
    assert_eq!(short, TraceError::Length { column: Column::ColdStart, rows: 1, expected: 3 });
    let large = refused(|c| c.duration_ns[2] = 1_000_000_000_000_000_001, None);
    assert_eq!((large.row(), large.column()), (Some(2), Some(Column::Duration)));
    let late = refused(|_| (), Some(19));
    assert_eq!((late.row(), late.column()), (Some(2), Some(Column::Arrival)));
    let function = refused(|c| c.function[0] = u32::MAX, None);
    assert_eq!(function, TraceError::Function { row: 0, function: u32::MAX });
    assert_eq!(Trace::new(TraceColumns::default(), None), Err(TraceError::Empty));
}

#[test]
fn bad_seconds_are_named_with_row_and_value() {
    let refused = |arrival: f64, duration: f64, cold: f64, horizon: Option<f64>| {
        let columns = TraceSeconds {
            arrival_s: &[0.0, arrival],
            function: &[0, 0],
            duration_s: &[1.0, duration],
            cold_start_s: Some(&[0.5, cold]),
        };
        Trace::from_seconds(columns, horizon).unwrap_err().to_string()
    };
    assert_eq!(refused(f64::NAN, 1.0, 0.0, None), "row 1: timestamp_s is not a number");
    assert_eq!(refused(-1.0, 1.0, 0.0, None), "row 1: timestamp_s -1 is negative");
    assert_eq!(refused(1.0, -0.5, 0.0, None), "row 1: duration_s -0.5 is negative");
    assert_eq!(
        refused(1.0, 1.0, f64::INFINITY, None),
        "row 1: cold_start_s inf is too large: at most 1000000000"
    );
    assert_eq!(refused(1.0, 1.0, 0.0, Some(-3.0)), "horizon_s -3 is negative");
    assert_eq!(
        refused(5.0, 1.0, 0.0, Some(3.0)),
        "row 1: timestamp_s 5 s is after the horizon, 3 s"
    );
}
