//! Reusable views: props in, callbacks out.

pub mod consent_banner;
pub mod frame;
pub mod icon;
pub mod my_data;
pub mod privacy_panel;
pub mod replay_bar;
pub mod sidebar;
pub mod top_bar;
pub mod tracking_chip;
pub mod viewer;
