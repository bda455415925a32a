//! Tests of the pool: its rules, a model, and its protocols under loom.
