//! Reusable views: props in, callbacks out.

pub mod consent_banner;
pub mod demo_list;
pub mod demo_menu;
pub mod frame;
pub mod help;
pub mod hints;
pub mod icon;
pub mod my_data;
pub mod overlay;
pub mod palette;
pub mod player_bar;
pub mod privacy_panel;
pub mod sidebar;
pub mod top_bar;
pub mod tracking_chip;
pub mod turn_off;
pub mod viewer;
