//! Tests of the invocation path.
