//! Floating-point functions that are the same on every target: `libm`'s.
//!
//! The platform's own differ in their last bits and `core` has none; see
//! `core/tests/tidy.rs` for the rule that nothing else is called.

/// The natural logarithm.
#[cfg(feature = "sim")]
#[inline]
pub(crate) fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// e to the power of `x`.
#[cfg(feature = "sim")]
#[inline]
pub(crate) fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// `x` to the power of `y`.
#[inline]
pub(crate) fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}

/// The square root, correctly rounded (IEEE 754).
#[cfg(feature = "sim")]
#[inline]
pub(crate) fn sqrt(x: f64) -> f64 {
    libm::sqrt(x)
}

/// The cosine of `x` radians.
#[cfg(feature = "sim")]
#[inline]
pub(crate) fn cos(x: f64) -> f64 {
    libm::cos(x)
}

/// The least whole number that is not below `x`.
#[inline]
pub(crate) fn ceil(x: f64) -> f64 {
    libm::ceil(x)
}

/// The largest whole number that is not above `x`.
#[inline]
pub(crate) fn floor(x: f64) -> f64 {
    libm::floor(x)
}

#[cfg(all(test, not(loom), feature = "sim"))]
mod tests {
    use super::*;
    use core::f64::consts::{LN_2, PI, SQRT_2};

    #[test]
    fn the_bits_are_these_on_every_target() {
        assert_eq!(ln(2.0), LN_2);
        // One unit in the last place above e: what libm gives.
        assert_eq!(exp(1.0), 2.718_281_828_459_045_5);
        assert_eq!(pow(2.0, 0.5), SQRT_2);
        assert_eq!(sqrt(2.0), SQRT_2);
        assert_eq!(cos(PI), -1.0);
    }
}
