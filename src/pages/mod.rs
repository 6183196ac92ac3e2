//! One screen per file.

pub mod dashboard;
pub mod insights;
pub mod live;
pub mod sessions;
pub mod unknown;
