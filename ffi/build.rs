//! Gives the shared library its SONAME, which cargo does not.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if os == "linux" {
        // The number changes with a break of the ABI, as WARMSTOW_ABI_VERSION's
        // upper half does.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libwarmstow.so.0");
    }
}
