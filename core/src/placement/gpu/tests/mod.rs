//! Tests of GPU placement.
