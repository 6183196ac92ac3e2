//! The page inside the program is built again when `dist` is.

fn main() {
    println!("cargo:rerun-if-changed=../../dist");
}
